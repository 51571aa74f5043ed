package wallet

import (
	"context"
	"errors"
	"time"

	"github.com/google/uuid"

	"mintmark/wallet/mintclient"
)

// run is a saga that this process works on, at the version that it has last
// written. Every step is one commit that fails when somebody else was there.
type run struct {
	w     *Wallet
	s     Saga
	tries int // how often a request without an answer is sent
	// anew: the request was planned a second time already.
	anew bool
}

// liveTries is how often a caller's request is sent before recovery gets it.
const liveTries = 3

// start stores a new saga together with what fn reserves for it.
func (w *Wallet) start(ctx context.Context, s Saga, reason string, fn func(tx Tx, s *Saga) error) (*run, error) {
	return withoutGap(ctx, w, s.MintURL, func() (*run, error) { return w.startOnce(ctx, s, reason, fn) })
}

func (w *Wallet) startOnce(ctx context.Context, s Saga, reason string, fn func(tx Tx, s *Saga) error) (*run, error) {
	s.Data.Common().Instance = w.store.Instance()
	r := &run{w: w, s: s, tries: liveTries}
	err := w.store.Update(ctx, func(tx Tx) error {
		s := s // fn may run more than once
		if err := fn(tx, &s); err != nil {
			return err
		}
		if err := tx.AddSaga(ctx, s); err != nil {
			return err
		}
		r.s = s
		return r.journal(ctx, tx, s, reason)
	})
	if err != nil {
		return nil, err
	}
	w.busy.enter(r.s.ID)
	return r, nil
}

// rest tells that this process does not work on the saga any more; recovery may.
func (r *run) rest() { r.w.busy.leave(r.s.ID) }

// step goes to the next state, or stays in it, together with what fn changes.
func (r *run) step(ctx context.Context, to State, reason string, fn func(tx Tx) error) error {
	next := r.s
	if err := next.UpdateState(to, r.w.now()); err != nil {
		return err
	}
	next.Data.Common().Instance = r.w.store.Instance()
	err := r.w.store.Update(ctx, func(tx Tx) error {
		ok, err := tx.UpdateSaga(ctx, next)
		if err != nil {
			return err
		}
		if !ok {
			return ErrTakenOver
		}
		if fn != nil {
			if err := fn(tx); err != nil {
				return err
			}
		}
		return r.journal(ctx, tx, next, reason)
	})
	if err != nil {
		return err
	}
	r.s = next
	return nil
}

// claim makes this process the one that works on a saga it has read, and fails
// with ErrTakenOver if another was quicker.
func (r *run) claim(ctx context.Context) error {
	return r.step(ctx, r.s.State, "taken over after an interruption", nil)
}

// finish ends the saga together with what fn makes final.
func (r *run) finish(ctx context.Context, reason string, fn func(tx Tx) error) error {
	return r.w.store.Update(ctx, func(tx Tx) error {
		ok, err := tx.DeleteSaga(ctx, r.s.ID, r.s.Version)
		if err != nil {
			return err
		}
		if !ok {
			return ErrTakenOver
		}
		if err := fn(tx); err != nil {
			return err
		}
		ended := r.s
		ended.State = 0
		return r.journal(ctx, tx, ended, reason)
	})
}

func (r *run) journal(ctx context.Context, tx Tx, s Saga, reason string) error {
	return tx.AddJournal(ctx, JournalEntry{
		Operation: s.ID, Version: s.Version, State: s.State, Instance: r.w.store.Instance(),
		At: r.w.now().Unix(), Reason: reason,
	})
}

// attempt notes, before its first byte leaves, that a request may reach the mint,
// and goes to the state that says so.
func (r *run) attempt(ctx context.Context, requested State, fn func(tx Tx) error) error {
	c := r.s.Data.Common()
	reason := "the request is sent"
	if len(c.Attempts) > 0 {
		reason = "the request is sent again"
	}
	before := c.Attempts
	c.Attempts = append(before[:len(before):len(before)], Attempt{At: r.w.now().Unix(), Outcome: OutcomeUnknown})
	if err := r.step(ctx, requested, reason, fn); err != nil {
		c.Attempts = before
		return err
	}
	return nil
}

// answered notes in memory how the last attempt ended; the next commit stores it.
func (r *run) answered(err error) {
	if mintclient.Final(err) {
		r.refused()
	}
}

// refused notes in memory that the last attempt was refused for good.
func (r *run) refused() {
	if c := r.s.Data.Common(); len(c.Attempts) > 0 {
		c.Attempts[len(c.Attempts)-1].Outcome = OutcomeRefused
	}
}

// begun notes in memory that the mint has the last attempt, so that it is not on
// its way any more; the next commit stores it.
func (r *run) begun() {
	if c := r.s.Data.Common(); len(c.Attempts) > 0 {
		c.Attempts[len(c.Attempts)-1].Outcome = OutcomeBegun
	}
}

// allArrived tells that every attempt was refused, or has reached the mint.
func (r *run) allArrived() bool {
	for _, a := range r.s.Data.Common().Attempts {
		if a.Outcome == OutcomeUnknown {
			return false
		}
	}
	return len(r.s.Data.Common().Attempts) > 0
}

// openAttempts counts the requests that may still be on their way.
func (r *run) openAttempts() (n int) {
	for _, a := range r.s.Data.Common().Attempts {
		if a.Outcome != OutcomeRefused {
			n++
		}
	}
	return n
}

// settled tells that no request without an answer can still be on its way.
func (r *run) settled() bool {
	for _, a := range r.s.Data.Common().Attempts {
		if a.Outcome != OutcomeRefused && r.w.now().Sub(time.Unix(a.At, 0)) < lateRequest {
			return false
		}
	}
	return true
}

// failed wraps an error with the operation that it is about.
func (r *run) failed(err error) error {
	if err == nil {
		return nil
	}
	if _, ok := errors.AsType[*OperationError](err); ok {
		return err
	}
	return &OperationError{ID: r.s.ID, Err: err}
}

func newID() (uuid.UUID, error) { return uuid.NewV7() }
