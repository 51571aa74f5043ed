package wallet

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/crashpoint"
)

// A mint can keep an operation open for ever: by answers that never verify, by
// "pending" without end, by being gone. Its owner can give such an operation up.
// Nothing is released and nothing is deleted by that: the operation and the coins
// that it holds are put aside, where nothing counts them and recovery does not look,
// and can be taken up again just as they were.

// ErrAbandoned: the operation was given up by its owner.
var ErrAbandoned = errors.New("the operation was given up")

// AbandonOptions is how an operation is given up.
type AbandonOptions struct {
	// Agree is asked before anything is given up, with what is at stake; its error
	// ends the call. nil = nobody is asked.
	Agree func(Abandonment) error
	// Force also gives up what a living process works on.
	Force bool
}

// Abandonment is what giving an operation up means.
type Abandonment struct {
	// Ended: the operation has come to its end after all, and nothing was given up.
	Ended bool
	State State
	Unit  cashu.Unit
	// Coins that it holds are worth this; they are put aside.
	Coins cashu.Amount
	// Evidence is what is known, in a sentence without secrets; it goes into the
	// journal.
	Evidence string
}

// Abandon gives an operation up, and those that work for it or for one of those. First it tries once more
// to bring it to its end. Resume undoes it.
func (w *Wallet) Abandon(ctx context.Context, id uuid.UUID, o AbandonOptions) (Abandonment, error) {
	family, err := w.family(ctx, id, w.store.Sagas)
	if err != nil {
		return Abandonment{}, err
	}
	var done []Recovered
	for _, s := range family { // children first
		done = append(done, w.recoverOne(ctx, s, RecoverOptions{Force: o.Force}))
	}
	for _, r := range done {
		if r.Result == RecoveredLeft {
			return Abandonment{}, &OperationError{ID: r.ID, Err: errors.Join(ErrTakenOver, r.Err)}
		}
	}
	family, err = w.family(ctx, id, w.store.Sagas)
	if errors.Is(err, ErrNotFound) {
		return Abandonment{Ended: true}, nil
	}
	if err != nil {
		return Abandonment{}, err
	}
	a, err := w.abandonment(ctx, family, done)
	if err != nil {
		return Abandonment{}, err
	}
	if o.Agree != nil {
		if err := o.Agree(a); err != nil {
			return Abandonment{}, err
		}
	}
	err = w.store.Update(ctx, func(tx Tx) error {
		for _, s := range family {
			if err := w.putAside(ctx, tx, s, a.Evidence); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return Abandonment{}, &OperationError{ID: id, Err: err}
	}
	crashpoint.Here(crashPoint(a.State.Kind(), "abandoned"))
	return a, nil
}

// Resume takes an operation up again that was given up, with those that work for it.
// Recovery goes on with it as if nothing had been.
func (w *Wallet) Resume(ctx context.Context, id uuid.UUID) error {
	family, err := w.family(ctx, id, w.store.Abandoned)
	if err != nil {
		return err
	}
	err = w.store.Update(ctx, func(tx Tx) error {
		for _, s := range family {
			if err := w.takeUp(ctx, tx, s); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return &OperationError{ID: id, Err: err}
	}
	crashpoint.Here(crashPoint(family[0].Kind, "resumed"))
	return nil
}

// Abandoned lists what was given up, oldest first.
func (w *Wallet) Abandoned(ctx context.Context) ([]Saga, error) { return w.store.Abandoned(ctx) }

// family is an operation of a list and those that work for it, which come first. An
// operation that works for another is not given up on its own: the other waits for
// its end.
func (w *Wallet) family(ctx context.Context, id uuid.UUID, list func(context.Context) ([]Saga, error)) ([]Saga, error) {
	sagas, err := list(ctx)
	if _, damaged := errors.AsType[*UnreadableError](err); err != nil && !damaged {
		return nil, err
	}
	there := kinOf(sagas)
	one, ok := there[id]
	if !ok {
		return nil, fmt.Errorf("the operation %s: %w", id, ErrNotFound)
	}
	if parent, ok := there[one.Data.Common().Parent]; ok {
		return nil, &OperationError{ID: id, Err: fmt.Errorf("it works for a %s, the operation %s: name that one", parent.Kind, parent.ID)}
	}
	var family []Saga
	for _, generation := range there.generations(sagas) {
		for _, s := range generation {
			if there.worksFor(s, id) {
				family = append(family, s)
			}
		}
	}
	return append(family, one), nil
}

// heldStates are the states of coins that belong to an unfinished operation.
var heldStates = []CoinState{CoinReserved, CoinPending, CoinPendingSpent}

func (w *Wallet) abandonment(ctx context.Context, family []Saga, done []Recovered) (Abandonment, error) {
	root := family[len(family)-1]
	a := Abandonment{State: root.State, Unit: root.Unit}
	var evidence []string
	for _, r := range done {
		if r.Err != nil {
			evidence = append(evidence, r.Err.Error())
		}
	}
	for _, s := range family {
		coins, err := w.store.Coins(ctx, CoinFilter{UsedBy: s.ID, States: heldStates})
		if err != nil {
			return a, err
		}
		sum, err := sumOf(coins)
		if err != nil {
			return a, err
		}
		if a.Coins, err = a.Coins.Add(sum); err != nil {
			return a, err
		}
		evidence = append(evidence, w.witness(ctx, s)...)
	}
	a.Evidence = strings.Join(evidence, "; ")
	return a, nil
}

// witness asks the mint how the coins and the quote of an operation stand. It
// decides nothing, so what cannot be found out is left out.
func (w *Wallet) witness(ctx context.Context, s Saga) (found []string) {
	var ys []bdhke.Point
	direction := QuoteMint
	switch d := s.Data.(type) {
	case *SwapData:
		ys = d.InputYs
	case *ReceiveData:
		ys = d.InputYs
	case *MeltData:
		ys, direction = d.FinalProofYs, QuoteMelt
	case *SendData:
		for _, p := range d.Proofs {
			if y, err := p.Y(); err == nil {
				ys = append(ys, y)
			}
		}
	}
	if c, err := w.client(s.MintURL); err == nil && len(ys) > 0 {
		if entries, err := c.CheckState(ctx, ys); err == nil {
			states := make([]cashu.ProofState, len(entries))
			for i, e := range entries {
				states[i] = e.State
			}
			spent, pending, unspent := count(states)
			found = append(found, fmt.Sprintf("of its %d coins the mint calls %d spent, %d pending and %d unspent", len(ys), spent, pending, unspent))
		}
	}
	if s.QuoteID != "" {
		if q, err := w.store.Quote(ctx, direction, s.MintURL, s.QuoteID); err == nil {
			found = append(found, "its quote is "+q.State)
		}
	}
	return found
}

// putAside gives one operation up, if it is still as it was read.
func (w *Wallet) putAside(ctx context.Context, tx Tx, s Saga, evidence string) error {
	if err := w.mark(ctx, tx, &s, true); err != nil {
		return err
	}
	coins, err := tx.Coins(ctx, CoinFilter{UsedBy: s.ID, States: heldStates})
	if err != nil {
		return err
	}
	if err := tx.MoveCoins(ctx, ysOf(coins), s.ID, heldStates, CoinAbandoned); err != nil {
		return err
	}
	if err := restate(ctx, tx, s.ID, StatusAbandoned); err != nil {
		return err
	}
	return (&run{w: w, s: s}).journal(ctx, tx, s, "given up by its owner: "+evidence)
}

// takeUp is the reverse.
func (w *Wallet) takeUp(ctx context.Context, tx Tx, s Saga) error {
	s.Data.Common().Instance = w.store.Instance() // nobody else works on it
	if err := w.mark(ctx, tx, &s, false); err != nil {
		return err
	}
	coins, err := tx.Coins(ctx, CoinFilter{UsedBy: s.ID, States: []CoinState{CoinAbandoned}})
	if err != nil {
		return err
	}
	to := CoinPending
	switch {
	case s.State == SendTokenCreated:
		to = CoinPendingSpent
	case s.State == SendRollingBack, !s.State.Sent():
		to = CoinReserved
	}
	if err := tx.MoveCoins(ctx, ysOf(coins), s.ID, []CoinState{CoinAbandoned}, to); err != nil {
		return err
	}
	if err := restate(ctx, tx, s.ID, StatusPending); err != nil {
		return err
	}
	return (&run{w: w, s: s}).journal(ctx, tx, s, "taken up again by its owner")
}

// mark writes that an operation is given up, or is not any more.
func (w *Wallet) mark(ctx context.Context, tx Tx, s *Saga, abandoned bool) error {
	if err := s.UpdateState(s.State, w.now()); err != nil {
		return err
	}
	ok, err := tx.AbandonSaga(ctx, *s, abandoned)
	if err == nil && !ok {
		err = ErrTakenOver
	}
	return err
}

// restate changes how an operation stands in the history, if it is there.
func restate(ctx context.Context, tx Tx, id uuid.UUID, status string) error {
	t, err := tx.Transaction(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	t.Status = status
	return tx.PutTransaction(ctx, t)
}
