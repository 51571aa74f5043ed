package mint

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"mintmark/internal/crashpoint"
)

// undo removes what the operation reserved and returns the cause. If that fails
// too, the sweeper will do it: the saga row still stands.
func (m *Mint) undo(ctx context.Context, s *Saga, cause error) error {
	crashpoint.Here(crashUndoing)
	// The operation's own time may be used up; undoing gets a little more.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), m.cfg.OperationTimeout/2)
	defer cancel()
	err := m.store.Update(ctx, Deferred, func(tx Tx) error { return undoReserved(ctx, tx, s, m.now()) })
	if err != nil {
		m.log.Warn("could not undo an operation, recovery will", "operation", s.ID.String(),
			"kind", s.Kind.String(), "error", err)
		m.remind()
		return cause
	}
	crashpoint.Here(crashUndone)
	return cause
}

// undoReserved removes proofs, outputs, the quote's mark and the saga, all or
// nothing, if the saga is still on the expected version.
func undoReserved(ctx context.Context, tx Tx, s *Saga, at time.Time) error {
	if err := tx.AbandonSaga(ctx, s); err != nil {
		return err
	}
	if n, err := tx.RemoveProofs(ctx, s.Ref); err != nil {
		return err
	} else if n != s.Inputs {
		return fmt.Errorf("removed %d of %d inputs: %w", n, s.Inputs, ErrForbiddenState)
	}
	if n, err := tx.RemoveOutputs(ctx, s.Ref); err != nil {
		return err
	} else if n != s.Outputs {
		return fmt.Errorf("removed %d of %d outputs: %w", n, s.Outputs, ErrForbiddenState)
	}
	if s.Kind == OperationMelt {
		return tx.ReleaseMelt(ctx, s.QuoteID, s.Ref, at)
	}
	return ReleaseQuotes(ctx, tx, s.Operation)
}

// sweepRetry is how long after a failure the sweeper looks again: soon, because
// somebody's coins are pending. It doubles with every further failure, up to the
// sweep interval.
const sweepRetry = time.Second

func (m *Mint) sweepOnTimer(ctx context.Context) {
	retry := min(sweepRetry, m.cfg.SweepInterval)
	for {
		wait := m.cfg.SweepInterval
		if err := m.Sweep(ctx); err != nil && ctx.Err() == nil {
			m.log.Error("looking for unfinished sagas", "error", err)
			wait, retry = retry, min(2*retry, m.cfg.SweepInterval)
		} else {
			retry = min(sweepRetry, m.cfg.SweepInterval)
		}
		leftover := m.leftover
		for again := time.After(wait); again != nil; {
			select {
			case <-ctx.Done():
				return
			case <-leftover:
				// Not at once: what kept it from being undone may last a moment.
				leftover, again = nil, time.After(min(wait, retry))
			case <-again:
				again = nil
			}
		}
	}
}

// Sweep recovers every saga that nobody works on: its lease has run out, or its
// owner is provably gone. One saga that cannot be recovered does not stop the
// others. Run calls it; so may an operator's command.
func (m *Mint) Sweep(ctx context.Context) error {
	sagas, err := m.store.Sagas(ctx)
	if err != nil {
		return fmt.Errorf("listing unfinished sagas: %w", err)
	}
	var swept sweep
	var melts sync.WaitGroup
	free := make(chan struct{}, maxMeltsAtOnce)
	for i := range sagas {
		s := &sagas[i]
		if s.Kind != OperationMelt {
			swept.add(s, func() (verdict, error) { return m.recoverSaga(ctx, s) })
			continue
		}
		// A backend that is slow to answer keeps nobody but its own melts waiting.
		melts.Go(func() {
			free <- struct{}{}
			defer func() { <-free }()
			swept.add(s, func() (verdict, error) { return m.recoverSaga(ctx, s) })
		})
	}
	melts.Wait()
	m.stuck.Store(swept.stuck)
	return errors.Join(swept.problems...)
}

// maxMeltsAtOnce is how many payments a sweep asks about at the same time.
const maxMeltsAtOnce = 16

// sweep collects what became of many sagas.
type sweep struct {
	mu       sync.Mutex
	problems []error
	stuck    int64
}

func (w *sweep) add(s *Saga, recoverIt func() (verdict, error)) {
	kind, id := s.Kind, s.ID
	v, err := recoverIt()
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case errors.Is(err, ErrSagaTaken), errors.Is(err, ErrNotFound):
		// Somebody else was faster. Leave it alone.
	case err != nil:
		w.problems = append(w.problems, fmt.Errorf("recovering %v %v: %w", kind, id, err))
	case v == verdictImpossible:
		w.stuck++
	}
}

// recoverSaga claims one saga, looks at the facts and acts on them.
func (m *Mint) recoverSaga(ctx context.Context, s *Saga) (verdict, error) {
	abandoned, err := m.abandoned(ctx, s)
	if err != nil || !abandoned {
		return 0, err
	}
	// Claim first, in a commit of its own: whoever worked on it until now can
	// no longer finish, because the version is another one.
	s.Owner, s.LeaseUntil, s.Updated = m.cfg.Owner, m.now().Add(m.leaseOf(s.Kind)), m.now()
	claimed := *s
	err = m.store.Update(ctx, Deferred, func(tx Tx) error {
		claimed = *s // a store may run this twice
		return tx.UpdateSaga(ctx, &claimed)
	})
	if err != nil {
		return 0, err
	}
	*s = claimed
	m.hold(s.Ref)
	defer m.letGo(s.Ref)
	crashpoint.Here(crashClaimed)
	if s.Kind == OperationMelt {
		return m.recoverMelt(ctx, s)
	}
	var v verdict
	err = m.store.Update(ctx, Deferred, func(tx Tx) error {
		facts, err := tx.Facts(ctx, s.Ref)
		if err != nil {
			return err
		}
		switch v = judge(s.Operation, facts); v {
		case verdictUndo:
			return undoReserved(ctx, tx, s, m.now())
		case verdictDrop:
			return tx.FinishSaga(ctx, s)
		default:
			m.log.Error("a saga is in a state that cannot be; it is left alone until an operator looks at it",
				"operation", s.ID.String(), "kind", s.Kind.String(), "inputs", s.Inputs, "outputs", s.Outputs,
				"proofs_pending", facts.ProofsPending, "outputs_unsigned", facts.OutputsUnsigned)
			return nil
		}
	})
	if err != nil {
		return 0, err
	}
	crashpoint.Here(crashRecovered)
	if v != verdictImpossible {
		m.events.Doubt() // of all that it had reserved
		m.log.Info("recovered an unfinished saga", "operation", s.ID.String(), "kind", s.Kind.String(), "verdict", v.String())
	}
	return v, nil
}

// abandoned tells whether nobody works on the saga any more.
func (m *Mint) abandoned(ctx context.Context, s *Saga) (bool, error) {
	if s.Owner == m.cfg.Owner {
		return !m.holds(s.Ref), nil
	}
	if !m.now().Before(s.LeaseUntil) {
		return true, nil
	}
	return m.store.OwnerGone(ctx, s.Owner)
}
