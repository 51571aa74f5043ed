package signatory

import (
	"context"
	"fmt"
	"sync"
	"time"
)

// Keysets implements Signatory.
func (p *Pool) Keysets(ctx context.Context) (Snapshot, error) {
	return ask(ctx, p, "reading keysets", func(ctx context.Context, r *replica) (Snapshot, error) {
		s, err := r.client.Keysets(ctx)
		if err == nil {
			err = p.judge(r, s)
		}
		if err == nil && !p.show(s) {
			err = fmt.Errorf("%w: %s lags behind, its epoch is %d", ErrUnavailable, r.name, s.Epoch)
		}
		return s, err
	})
}

// look finds out who a replica is, so that it can be asked when its turn comes.
// Without an identity to compare with there is nothing to find out.
func (p *Pool) look(ctx context.Context, r *replica) {
	p.mu.Lock()
	unsure := p.identity.IsZero()
	p.mu.Unlock()
	if !unsure {
		_ = p.known(ctx, r)
	}
}

// known sees to it that a replica has shown who it is.
func (p *Pool) known(ctx context.Context, r *replica) error {
	if r.isVetted() {
		return nil
	}
	s, err := r.client.Keysets(ctx)
	if err != nil {
		return err
	}
	return p.judge(r, s)
}

// judge is an error if a snapshot comes from another signatory than ours.
func (p *Pool) judge(r *replica, s Snapshot) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.identity.IsZero() {
		p.identity = s.Identity
	}
	if !s.Identity.Equal(p.identity) {
		if r.vet(false, true) {
			r.log.Error("this is another signatory: it will not be asked", "identity", s.Identity.String(), "want", p.identity.String())
		}
		return fmt.Errorf("%w: %s is another signatory, with the identity %v", ErrUnavailable, r.name, s.Identity)
	}
	r.vet(true, false)
	return nil
}

// show notes a snapshot that is about to be shown; false if a newer one was.
func (p *Pool) show(s Snapshot) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if s.Epoch != 0 && s.Epoch < p.shown {
		return false
	}
	p.shown = max(p.shown, s.Epoch)
	return true
}

func (p *Pool) epoch() uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.shown
}

// believed notes whether a snapshot was accepted. As long as none was, another
// replica may be the right one.
func (p *Pool) believed(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		p.accepted = true
	} else if !p.accepted {
		p.identity = PoolConfig{}.Identity
	}
}

// SubscribeKeysets implements Signatory. All replicas are subscribed to; fn gets
// what is newer than what it has. It ends when no subscription is left.
func (p *Pool) SubscribeKeysets(ctx context.Context, fn func(Snapshot) error) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	s := &poolStream{pool: p, fn: fn, end: cancel, down: map[*replica]bool{}}
	var streams sync.WaitGroup
	for _, r := range p.replicas {
		cfg := FollowConfig{Signatory: r, Down: func(err error, _ time.Duration) { s.ended(r, err) }}
		if len(p.replicas) > 1 { // of a single one the caller tells
			cfg.Logger = r.log
		}
		streams.Go(func() { _ = Follow(ctx, cfg, func(snapshot Snapshot) error { return s.came(r, snapshot) }) })
	}
	streams.Wait()
	return fmt.Errorf("subscribing to keysets: %w", context.Cause(ctx))
}

// SubscribeKeysets is that of the client, and ends when the replica turns out to
// hang: its stream is as silent as that of one where nothing changes.
func (r *replica) SubscribeKeysets(ctx context.Context, fn func(Snapshot) error) error {
	r.mu.Lock()
	lost := r.lost
	r.mu.Unlock()
	own, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(lost, cancel)()
	err := r.client.SubscribeKeysets(own, fn)
	if lost.Err() != nil && ctx.Err() == nil {
		err = fmt.Errorf("%w: %s has stopped answering", ErrUnavailable, r.name)
	}
	return err
}

// poolStream is one subscription to a Pool.
type poolStream struct {
	pool *Pool
	fn   func(Snapshot) error
	end  context.CancelCauseFunc

	mu   sync.Mutex // one snapshot at a time
	any  bool       // fn has got one, of this epoch
	last uint64
	down map[*replica]bool
}

func (s *poolStream) came(r *replica, snapshot Snapshot) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := s.pool.judge(r, snapshot); err != nil {
		return err
	}
	delete(s.down, r)
	if snapshot.Epoch != 0 && snapshot.Epoch < s.pool.epoch() {
		r.log.Info("this signatory lags behind", "epoch", snapshot.Epoch, "newest", s.pool.epoch())
		return nil
	}
	if s.any && snapshot.Epoch != 0 && snapshot.Epoch == s.last {
		return nil
	}
	err := s.fn(snapshot)
	s.pool.believed(err)
	if err != nil {
		r.vet(false, false)
		return err
	}
	s.any, s.last = true, snapshot.Epoch
	s.pool.show(snapshot)
	return nil
}

// ended notes that the stream of a replica has ended.
func (s *poolStream) ended(r *replica, err error) {
	r.lostStream()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.down[r] = true
	if len(s.down) == len(s.pool.replicas) {
		s.end(err)
	}
}
