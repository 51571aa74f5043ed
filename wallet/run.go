package wallet

import (
	"context"
	"errors"
	"fmt"
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
	// theirs: what is received is a payment whose payer waits for the answer. Refused,
	// it stays the payer's, and nothing of it is kept.
	theirs bool
	// cause is why the operation is given up.
	cause error
}

// liveTries is how often a caller's request is sent before recovery gets it.
const liveTries = 3

// beginning is a saga that is to be stored together with what fn reserves for it.
type beginning struct {
	saga   Saga
	reason string
	fn     func(tx Tx, s *Saga) error
}

// start stores a new saga together with what fn reserves for it.
func (w *Wallet) start(ctx context.Context, s Saga, reason string, fn func(tx Tx, s *Saga) error) (*run, error) {
	runs, err := w.startAll(ctx, s.MintURL, []beginning{{s, reason, fn}})
	if err != nil {
		return nil, err
	}
	return runs[0], nil
}

// startAll stores several at once: all of them, or none.
func (w *Wallet) startAll(ctx context.Context, mintURL string, list []beginning) ([]*run, error) {
	return withoutGap(ctx, w, mintURL, func() ([]*run, error) { return w.startOnce(ctx, mintURL, list) })
}

func (w *Wallet) startOnce(ctx context.Context, mintURL string, list []beginning) ([]*run, error) {
	runs := make([]*run, len(list))
	for i, b := range list {
		b.saga.Data.Common().Instance = w.store.Instance()
		runs[i] = &run{w: w, tries: liveTries}
	}
	err := w.store.Update(ctx, func(tx Tx) error {
		// It was read before, and may have moved since with all that is used here.
		if _, err := tx.Mint(ctx, mintURL); errors.Is(err, ErrNotFound) {
			return fmt.Errorf("the mint %s is not known any more: %w", mintURL, ErrNotFound)
		} else if err != nil {
			return err
		}
		for i, b := range list {
			s := b.saga // fn may run more than once
			if err := b.fn(tx, &s); err != nil {
				return err
			}
			if err := tx.AddSaga(ctx, s); err != nil {
				return err
			}
			runs[i].s = s
			if err := runs[i].journal(ctx, tx, s, b.reason); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	for _, r := range runs {
		w.busy.enter(r.s.ID)
	}
	return runs, nil
}

// rest tells that this process does not work on the saga any more; recovery may.
func (r *run) rest() { r.w.busy.leave(r.s.ID) }

// step goes to the next state, or stays in it, together with what fn changes.
func (r *run) step(ctx context.Context, to State, reason string, fn func(tx Tx) error) error {
	return r.advance(ctx, to, reason, func(tx Tx, next Saga) error {
		if err := put(ctx, tx, next); err != nil || fn == nil {
			return err
		}
		return fn(tx)
	})
}

// plannedStep is step for an fn that changes the saga's data, which is stored after
// it. What fn has changed is the caller's to put back after an error.
func (r *run) plannedStep(ctx context.Context, to State, reason string, fn func(tx Tx) error) error {
	return r.advance(ctx, to, reason, func(tx Tx, next Saga) error {
		if is, err := tx.Saga(ctx, r.s.ID); errors.Is(err, ErrNotFound) || err == nil && is.Version != r.s.Version {
			return ErrTakenOver // whose coins and quotes are not ours to touch
		} else if err != nil {
			return err
		}
		if err := fn(tx); err != nil {
			return err
		}
		return put(ctx, tx, next)
	})
}

// advance commits what write does with the saga at its next version, and the journal.
func (r *run) advance(ctx context.Context, to State, reason string, write func(tx Tx, next Saga) error) error {
	next := r.s
	if err := next.UpdateState(to, r.w.now()); err != nil {
		return err
	}
	next.Data.Common().Instance = r.w.store.Instance()
	err := r.w.store.Update(ctx, func(tx Tx) error {
		if err := write(tx, next); err != nil {
			return err
		}
		return r.journal(ctx, tx, next, reason)
	})
	if err != nil {
		return err
	}
	r.s = next
	return nil
}

// put stores a saga, unless somebody else has it.
func put(ctx context.Context, tx Tx, next Saga) error {
	ok, err := tx.UpdateSaga(ctx, next)
	if err == nil && !ok {
		err = ErrTakenOver
	}
	return err
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

// closeEntry frees the quotes of the operation and ends its entry of the history.
func (r *run) closeEntry(ctx context.Context, tx Tx, end func(t *Transaction)) error {
	if _, err := tx.ReleaseQuotes(ctx, r.s.ID); err != nil {
		return err
	}
	t, err := tx.Transaction(ctx, r.s.ID)
	if errors.Is(err, ErrNotFound) {
		return nil // a saga of another program
	}
	if err != nil {
		return err
	}
	end(&t)
	return tx.PutTransaction(ctx, t)
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
