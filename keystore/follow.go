package keystore

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mintmark/internal/sqldb"
)

var (
	// ErrStale: other signatories share the database, and for too long it could
	// not be asked what they have retired or frozen. Nothing is signed or verified
	// until it can.
	ErrStale = errors.New("the database of the keystore has not been heard from for too long")
	// ErrWentBack: the database knows less than it did. It was replaced by an
	// older copy, or its place was taken by a standby that lagged behind.
	ErrWentBack = errors.New("the database of the keystore went back in time")
)

// others is what a keystore knows of the other signatories on its database.
type others struct {
	shared      bool
	poll, limit time.Duration
	last        atomic.Pointer[time.Time] // when the last look at the database that succeeded was begun

	looking sync.Mutex // one look at a time
	head    AuditHead  // of the audit log at the last look

	mu     sync.Mutex
	frozen chan struct{} // closed when a freeze or an unfreeze was seen

	stop func() // ends follow
}

func newOthers(cfg Config) *others {
	return &others{
		shared: Place{Path: cfg.Path}.Shared(), poll: cfg.Poll, limit: cfg.MaxStaleness, frozen: make(chan struct{}), stop: func() {},
	}
}

func (o *others) heard(begun time.Time) { o.last.Store(&begun) }

// Stale is ErrStale while nothing is signed or verified for that reason.
func (ks *Keystore) Stale() error { return ks.others.stale() }

// stale is an error if the last look is too long ago. A process that was stopped
// and goes on finds out here, before it signs with what it knew then.
func (o *others) stale() error {
	if o.shared && time.Since(*o.last.Load()) > o.limit {
		return ErrStale
	}
	return nil
}

// follow takes over what other signatories on the same database change, until
// Close. In a file nobody else changes anything.
func (ks *Keystore) follow() {
	if !ks.others.shared {
		return
	}
	ctx, cancel := context.WithCancel(context.Background())
	told := make(chan struct{}, 1)
	var running sync.WaitGroup
	running.Go(func() { ks.keepLooking(ctx, told) })
	running.Go(func() {
		// A notice is a hint: without it the next look is at most a poll away.
		err := ks.db.Listen(ctx, noticeChannel, func(sqldb.Notice) {
			select {
			case told <- struct{}{}:
			default:
			}
		})
		if ctx.Err() == nil {
			ks.log.Error("notices of other signatories are not heard", "error", err)
		}
	})
	ks.others.stop = func() {
		cancel()
		running.Wait()
	}
}

// noticeChannel is where signatories tell each other that keysets or freezes have
// changed.
const noticeChannel = "keystore"

// tell tells the others when the transaction commits.
func (ks *Keystore) tell(ctx context.Context, tx sqldb.Tx) error {
	if !ks.others.shared {
		return nil
	}
	return tx.Notify(ctx, noticeChannel, "")
}

// keepLooking looks every Config.Poll, and at once when it is told that there is
// something.
func (ks *Keystore) keepLooking(ctx context.Context, told <-chan struct{}) {
	failed := false
	for ctx.Err() == nil {
		err := ks.Refresh(ctx)
		switch {
		case err != nil && ctx.Err() == nil && !failed:
			ks.log.Error("what other signatories change is not seen; soon nothing will be signed", "error", err, "at_most", ks.others.limit)
		case err == nil && failed:
			ks.log.Info("what other signatories change is seen again")
		}
		failed = err != nil
		select {
		case <-ctx.Done():
		case <-told:
		case <-time.After(ks.others.poll):
		}
	}
}

// FreezesChanged returns a channel that is closed when another signatory on the
// same database has frozen or unfrozen something after this call.
func (ks *Keystore) FreezesChanged() <-chan struct{} {
	ks.others.mu.Lock()
	defer ks.others.mu.Unlock()
	return ks.others.frozen
}

// Refresh looks at the database now, if others share it, and takes over what they
// have changed. Callers that come together share a look. What is found is believed
// only if the audit log, sealed with the seed, says the same.
func (ks *Keystore) Refresh(ctx context.Context) error {
	if !ks.others.shared {
		return nil
	}
	asked := time.Now()
	ks.others.looking.Lock()
	defer ks.others.looking.Unlock()
	if ks.others.last.Load().After(asked) {
		return nil // somebody has looked for us
	}
	ctx, cancel := context.WithTimeout(ctx, ks.others.limit)
	defer cancel()
	begun := time.Now()
	if err := ks.look(ctx); err != nil {
		return fmt.Errorf("looking for changes of the keystore: %w", err)
	}
	ks.others.heard(begun)
	return nil
}

// look reads what is new. The caller holds looking.
func (ks *Keystore) look(ctx context.Context) error {
	known := ks.current.Load().Epoch
	var (
		head  header
		chain auditChain
		rows  []row
		kinds []AuditKind
	)
	err := ks.db.Read(ctx, func(tx sqldb.Tx) (err error) {
		chain, rows, kinds = auditChain{ks.others.head}, nil, nil
		if head, err = readHeader(ctx, tx); err != nil {
			return err
		}
		stored, err := readAuditHead(ctx, tx, ks.identity)
		switch {
		case err != nil:
			return err
		case head.identity != ks.identity:
			return fmt.Errorf("%w: it is that of another signatory", ErrMismatch)
		case head.epoch < known:
			return fmt.Errorf("%w: its epoch is %d, and was %d", ErrWentBack, head.epoch, known)
		case stored.Seq < chain.head.Seq:
			return fmt.Errorf("%w: its audit log ends with %d, and had %d", ErrWentBack, stored.Seq, chain.head.Seq)
		case stored == chain.head && head.epoch == known:
			return nil
		}
		if kinds, err = ks.readOn(ctx, tx, &chain); err != nil {
			return err
		}
		if err := ks.checkState(ctx, tx); err != nil {
			return err
		}
		rows, err = readRows(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	ks.noteSigned(rows)
	if head.epoch != known {
		next, err := ks.build(head.epoch, rows)
		if err != nil {
			return err
		}
		ks.publish(next)
		ks.log.Info("keysets were changed", "epoch", head.epoch)
	}
	ks.others.head = chain.head
	if slices.Contains(kinds, AuditFreeze) || slices.Contains(kinds, AuditUnfreeze) {
		ks.others.mu.Lock()
		close(ks.others.frozen)
		ks.others.frozen = make(chan struct{})
		ks.others.mu.Unlock()
	}
	return nil
}

// readOn follows the audit log from where the last look ended.
func (ks *Keystore) readOn(ctx context.Context, tx sqldb.Tx, chain *auditChain) (kinds []AuditKind, err error) {
	err = eachAuditRecord(ctx, tx, chain.head.Seq+1, func(r AuditRecord, seal []byte) error {
		kinds = append(kinds, r.Kind)
		return ks.nextSealed(chain, r, seal)
	})
	if err == nil {
		err = chain.end(ctx, tx, ks.identity)
	}
	return kinds, err
}

// write runs fn in a durable transaction, alone among all who write to the
// keystore, in whichever process they are.
func (ks *Keystore) write(ctx context.Context, fn func(sqldb.Tx) error) error {
	return ks.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		if _, err := lockHeader(ctx, tx); err != nil {
			return err
		}
		return fn(tx)
	})
}
