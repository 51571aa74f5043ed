package signatory

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// PoolConfig says which signatories there are. They share one keystore, so any of
// them can answer any call, with the same bytes.
type PoolConfig struct {
	// Replicas, at least one. The Deadline of the first bounds every call of the
	// Pool, whoever is asked.
	Replicas []ClientConfig
	// Identity that every replica must show before it is asked to sign. Zero: the
	// one that is shown first.
	Identity bdhke.Point
	// HedgeAfter is how long one replica may take before another is asked as
	// well; the first answer counts. Signing is deterministic, so they differ in
	// nothing but time. 0 is 400 milliseconds.
	HedgeAfter time.Duration
	// Probe is how often each replica is asked whether it is there. 0 is 500
	// milliseconds.
	Probe time.Duration
	// HangAfter is how long a replica that takes calls may answer nothing at all,
	// not even that. Then its calls end, and it gets no others until it answers.
	// 0 is 2 seconds.
	HangAfter time.Duration
	// Logger hears when replicas come and go. nil = slog.Default().
	Logger *slog.Logger
}

// Pool is a Signatory made of several. It spreads calls over those that are well,
// asks another when one fails or is slow, never asks one that has not shown the
// right identity, and never shows an older snapshot than it has shown.
type Pool struct {
	replicas   []*replica
	deadline   time.Duration
	hedgeAfter time.Duration
	log        *slog.Logger
	turn       atomic.Uint64
	stop       context.CancelFunc
	watching   sync.WaitGroup

	mu       sync.Mutex
	identity bdhke.Point
	accepted bool   // somebody has believed a snapshot of this identity
	shown    uint64 // the highest epoch that was shown
}

var _ Signatory = (*Pool)(nil)

// DialPool makes the clients. It waits for nobody.
func DialPool(cfg PoolConfig) (*Pool, error) {
	for _, d := range []struct {
		value *time.Duration
		zero  time.Duration
	}{{&cfg.HedgeAfter, 400 * time.Millisecond}, {&cfg.Probe, 500 * time.Millisecond}, {&cfg.HangAfter, 2 * time.Second}} {
		if *d.value == 0 {
			*d.value = d.zero
		}
	}
	if cfg.HedgeAfter < 0 || cfg.Probe < 0 || cfg.HangAfter < 0 || len(cfg.Replicas) == 0 {
		return nil, errors.New("configuring the signatories: there must be one, and times cannot be negative")
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.Default()
	}
	p := &Pool{
		deadline: cfg.Replicas[0].withDefaults().Deadline, hedgeAfter: cfg.HedgeAfter, log: cfg.Logger,
		identity: cfg.Identity, accepted: !cfg.Identity.IsZero(),
	}
	ctx, stop := context.WithCancel(context.Background())
	p.stop = stop
	for i, c := range cfg.Replicas {
		client, err := Dial(c)
		if err != nil {
			return nil, errors.Join(fmt.Errorf("signatory %d, %s: %w", i+1, c.Address, err), p.Close())
		}
		p.replicas = append(p.replicas, newReplica(c.Address, client, cfg.Logger))
	}
	for _, r := range p.replicas {
		p.watching.Go(func() { r.watch(ctx, cfg.Probe, cfg.HangAfter, func(ctx context.Context) { p.look(ctx, r) }) })
	}
	return p, nil
}

// Close ends all calls and the connections.
func (p *Pool) Close() error {
	p.stop()
	p.watching.Wait()
	var errs []error
	for _, r := range p.replicas {
		errs = append(errs, r.client.Close())
		r.lose()
	}
	return errors.Join(errs...)
}

// BlindSign implements Signatory.
func (p *Pool) BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	return ask(ctx, p, "blind signing", func(ctx context.Context, r *replica) ([]cashu.BlindSignature, error) {
		if err := p.known(ctx, r); err != nil {
			return nil, err
		}
		return r.client.BlindSign(ctx, messages)
	})
}

// VerifyProofs implements Signatory.
func (p *Pool) VerifyProofs(ctx context.Context, proofs []cashu.Proof) error {
	_, err := ask(ctx, p, "verifying proofs", func(ctx context.Context, r *replica) (struct{}, error) {
		if err := p.known(ctx, r); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, r.client.VerifyProofs(ctx, proofs)
	})
	return err
}

// RotateKeyset implements Signatory. One replica is asked, and no other: a rotation
// whose answer is lost may have happened.
func (p *Pool) RotateKeyset(ctx context.Context, request RotateRequest) (cashu.Keyset, error) {
	r := p.pick(nil)
	if r == nil {
		return cashu.Keyset{}, nobody("rotating the keyset")
	}
	var k cashu.Keyset
	err := r.call(ctx, func(ctx context.Context) (err error) {
		if err = p.known(ctx, r); err == nil {
			k, err = r.client.RotateKeyset(ctx, request)
		}
		return err
	})
	return k, err
}

func nobody(doing string) error { return fmt.Errorf("%s: %w: none answers", doing, ErrUnavailable) }

// pick chooses the best of those not tried yet: well before ill, then the one with
// the fewest calls, then in turn.
func (p *Pool) pick(tried []*replica) (best *replica) {
	bestRank, bestPending := 0, 0
	first := int(p.turn.Add(1) % uint64(len(p.replicas)))
next:
	for i := range p.replicas {
		r := p.replicas[(first+i)%len(p.replicas)]
		for _, t := range tried {
			if t == r {
				continue next
			}
		}
		rank, pending, ok := r.rank()
		if ok && (best == nil || rank < bestRank || rank == bestRank && pending < bestPending) {
			best, bestRank, bestPending = r, rank, pending
		}
	}
	return best
}
