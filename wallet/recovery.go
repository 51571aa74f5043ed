package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/google/uuid"
)

// Recovered is what recovery did about one operation.
type Recovered struct {
	ID     uuid.UUID
	Kind   Kind
	State  State // that it was found in
	Result RecoveryResult
	Err    error // why it goes on, or how it failed
}

// RecoveryResult says how an operation stands after recovery.
type RecoveryResult string

const (
	RecoveredDone    RecoveryResult = "done"    // finished, forward or back
	RecoveredWaiting RecoveryResult = "waiting" // nothing is proven yet, or a token is still out
	RecoveredLeft    RecoveryResult = "left"    // another process has it
)

// RecoverOptions is what to recover. The zero value is everything that no living
// process works on.
type RecoverOptions struct {
	ID    uuid.UUID // only this one
	Force bool      // also what a living process works on; it will notice
	// Interrupted leaves out tokens that wait for their receiver: nothing is
	// wrong with them, and asking about each costs a request.
	Interrupted bool
}

// parallel is how many operations are recovered at a time.
const parallel = 8

// Recover goes on with operations that were interrupted, each on its own: those
// that work for others first. It can be run any number of times, by any number of
// processes at once; whoever claims an operation first handles it.
func (w *Wallet) Recover(ctx context.Context, o RecoverOptions) ([]Recovered, error) {
	sagas, err := w.store.Sagas(ctx)
	unreadable, damaged := errors.AsType[*UnreadableError](err)
	if err != nil && !damaged {
		return nil, err
	}
	there := kinOf(sagas)
	var done []Recovered
	for _, generation := range there.generations(sagas) {
		generation = slices.DeleteFunc(generation, func(s Saga) bool {
			return o.Interrupted && s.State == SendTokenCreated || o.ID != uuid.Nil && s.ID != o.ID && !there.worksFor(s, o.ID)
		})
		done = append(done, w.recoverAll(ctx, generation, o)...)
	}
	if damaged {
		return done, unreadable // whose coins are not orphans
	}
	if o.ID == uuid.Nil {
		if n, err := w.SweepOrphans(ctx); err != nil || n > 0 {
			w.log.Warn("coins belonged to no operation", "freed", n, "error", err)
		}
	}
	return done, ctx.Err()
}

func (w *Wallet) recoverAll(ctx context.Context, sagas []Saga, o RecoverOptions) []Recovered {
	results := make([]Recovered, len(sagas))
	slots := make(chan struct{}, parallel)
	var wg sync.WaitGroup
	for i, s := range sagas {
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			results[i] = w.recoverOne(ctx, s, o)
		})
	}
	wg.Wait()
	return results
}

func (w *Wallet) recoverOne(ctx context.Context, s Saga, o RecoverOptions) Recovered {
	done := Recovered{ID: s.ID, Kind: s.Kind, State: s.State, Result: RecoveredDone}
	if other := s.Data.Common().Instance; !o.Force && other != w.store.Instance() {
		alive, err := w.store.Alive(ctx, other)
		if err != nil || alive && s.State != SendTokenCreated {
			done.Result, done.Err = RecoveredLeft, err
			return done
		}
	} else if !o.Force && w.busy.has(s.ID) {
		done.Result = RecoveredLeft
		return done
	}
	r := &run{w: w, s: s, tries: 1}
	w.busy.enter(s.ID)
	defer r.rest()
	var err error
	if s.State != SendTokenCreated { // which is not an interruption
		if err = r.claim(ctx); err == nil {
			err = r.goOn(ctx)
		}
	} else {
		_, _, err = r.checkSend(ctx)
	}
	switch {
	case errors.Is(err, ErrTakenOver):
		done.Result = RecoveredLeft
	case err != nil:
		done.Err = err
	}
	if done.Result == RecoveredDone {
		if _, readErr := w.store.Saga(ctx, s.ID); readErr == nil {
			done.Result = RecoveredWaiting
		}
	}
	return done
}

// goOn does what the state asks for. An error that leaves the saga in place means
// that it waits.
func (r *run) goOn(ctx context.Context) error {
	switch r.s.State {
	case SwapProofsReserved:
		x, err := r.swapExchange()
		if err != nil {
			return err
		}
		return r.finish(ctx, "nothing had been sent", func(tx Tx) error { return x.undo(ctx, tx, nil) })
	case SwapSwapRequested:
		return r.goOnSwap(ctx)
	case ReceiveProofsPending, ReceiveSwapRequested:
		if waiting, err := r.childIsThere(ctx); err != nil || waiting {
			return err
		}
		return r.performReceive(ctx)
	case IssueSecretsPrepared:
		d, ok := r.s.Data.(*MintData)
		if !ok {
			return errors.New("a mint has other data")
		}
		return r.endIssue(ctx, d, "nothing had been sent", nil)
	case IssueMintRequested:
		return r.recoverIssue(ctx)
	case MeltProofsReserved:
		d, ok := r.s.Data.(*MeltData)
		if !ok {
			return errors.New("a melt has other data")
		}
		return r.undoMelt(ctx, d, nil, errors.New("nothing had been sent"))
	case MeltMeltRequested, MeltPaymentPending:
		if waiting, err := r.childIsThere(ctx); err != nil || waiting {
			return err
		}
		m, err := r.w.Mint(ctx, r.s.MintURL)
		if err != nil {
			return err
		}
		_, rule, err := r.checkMelt(ctx, m, nil)
		if rule != ruleWait && !errors.Is(err, ErrTakenOver) {
			return nil // how the payment ended is in the history
		}
		return err
	case SendProofsReserved:
		return r.recoverSend(ctx)
	case SendRollingBack:
		if waiting, err := r.childIsThere(ctx); err != nil || waiting {
			return err
		}
		return r.goOnRollback(ctx)
	}
	return fmt.Errorf("no way to go on from %v", r.s.State)
}

// childIsThere tells whether a swap still works for this saga.
func (r *run) childIsThere(ctx context.Context) (bool, error) {
	sagas, err := r.w.store.Sagas(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range sagas {
		if s.Data.Common().Parent == r.s.ID {
			return true, nil
		}
	}
	return false, nil
}

// recoverSend ends a send that was interrupted before there was a token: coins
// that nobody has seen are free again; coins that are locked to somebody else are
// of no use to this wallet and go into the token.
func (r *run) recoverSend(ctx context.Context) error {
	if waiting, err := r.childIsThere(ctx); err != nil || waiting {
		return err
	}
	d, ok := r.s.Data.(*SendData)
	if !ok {
		return errors.New("a send has other data")
	}
	if d.Locked {
		held, err := r.w.store.Coins(ctx, CoinFilter{UsedBy: r.s.ID, States: []CoinState{CoinReserved}})
		if err != nil {
			return err
		}
		var locked []StoredCoin
		for _, c := range held {
			if c.Counter == nil && c.CreatedBy != uuid.Nil && c.Locked() {
				locked = append(locked, c)
			}
		}
		if len(locked) > 0 {
			_, err := r.createToken(ctx, locked)
			return err
		}
	}
	return r.abandonSend(ctx, "there was no token yet")
}

// Operations lists what is unfinished, without asking anybody.
func (w *Wallet) Operations(ctx context.Context) ([]Saga, error) { return w.store.Sagas(ctx) }
