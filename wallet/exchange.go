package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/token"
	"mintmark/internal/crashpoint"
	"mintmark/wallet/mintclient"
)

// exchange is a request that gives coins for signatures: the heart of swaps and
// of receiving. It is exactly what was written down before it left.
type exchange struct {
	requested State
	inputs    []token.Coin
	outputs   []Planned
	// keep: even if the mint was never reached the operation goes on later.
	keep bool
	// sending marks the coins as shown to the mint, in the commit before the
	// first byte.
	sending func(ctx context.Context, tx Tx) error
	// adopt stores the coins that the mint has signed, and what else follows.
	adopt func(ctx context.Context, tx Tx, coins []StoredCoin) error
	// undo frees what is not spent.
	undo func(ctx context.Context, tx Tx, states []cashu.ProofState) error
	// lost notes that somebody else has the inputs.
	lost func(ctx context.Context, tx Tx) error
}

// perform sends the exchange until its end is known, or leaves it to recovery
// with ErrPending. The caller has written everything down and not sent anything,
// or has claimed what another process left behind.
// build is the exchange as it is written down at the time.
func (r *run) perform(ctx context.Context, build func() (exchange, error)) ([]StoredCoin, error) {
	c, err := r.w.client(r.s.MintURL)
	if err != nil {
		return nil, r.failed(err)
	}
	return r.keepTrying(ctx, func() ([]StoredCoin, ruling, error) {
		x, err := build()
		if err != nil {
			return nil, ruleWait, err
		}
		m, err := r.w.Mint(ctx, r.s.MintURL)
		if err != nil {
			return nil, ruleWait, err
		}
		return r.tryExchange(ctx, m, c, x)
	})
}

// keepTrying calls try until it has a ruling, a few times, with growing pauses.
// What is not known by then is left to recovery, with ErrPending.
func (r *run) keepTrying(ctx context.Context, try func() ([]StoredCoin, ruling, error)) ([]StoredCoin, error) {
	pause := r.w.cfg.Retry
	for n := 1; ; n++ {
		coins, rule, err := try()
		switch {
		case rule == ruleAdopt && err == nil:
			return coins, nil
		case rule == ruleAgain: // once at most
			continue
		case rule == ruleUndo || rule == ruleLost:
			return nil, r.failed(err)
		case errors.Is(err, ErrTakenOver), ctx.Err() != nil, n >= r.tries:
			return nil, r.failed(fmt.Errorf("%w: %w", ErrPending, err))
		}
		select {
		case <-ctx.Done():
			return nil, r.failed(fmt.Errorf("%w: %w", ErrPending, ctx.Err()))
		case <-time.After(pause):
			pause *= 2
		}
	}
}

// tryExchange sends the request once and looks for evidence if it is not
// answered.
func (r *run) tryExchange(ctx context.Context, m Mint, c *mintclient.Client, x exchange) ([]StoredCoin, ruling, error) {
	earlier := len(r.s.Data.Common().Attempts)
	marked := r.s.State == x.requested
	err := r.attempt(ctx, x.requested, func(tx Tx) error {
		if marked {
			return nil
		}
		return x.sending(ctx, tx)
	})
	if err != nil {
		return nil, ruleWait, err
	}
	crashpoint.Here(crashPoint(r.s.Kind, "sending"))
	sigs, err := c.Swap(ctx, cashu.SwapRequest{Inputs: shown(x.inputs), Outputs: messages(x.outputs)})
	crashpoint.Here(crashPoint(r.s.Kind, "answered"))
	if err == nil {
		coins, err := r.w.coins(m, r.s.Unit, x.outputs, sigs, r.s.ID, r.w.now())
		if err != nil {
			return nil, ruleWait, err
		}
		return coins, ruleAdopt, r.take(ctx, x, coins, "exchanged")
	}
	r.answered(err)
	facts := exchangeFacts{
		neverSent: earlier == 0 && !mintclient.Sent(err), refused: mintclient.Final(err), settled: r.settled(),
		restored: -1, outputs: len(x.outputs),
	}
	switch {
	case facts.neverSent && !x.keep:
		return nil, ruleUndo, r.giveUp(ctx, x, nil, err)
	case !mintclient.Sent(err):
		return nil, ruleWait, err
	}
	restored := r.evidence(ctx, m, c, x, errors.Is(err, cashu.ErrOutputsSigned), &facts)
	rule := judgeExchange(facts)
	if rule == ruleUndo || rule == ruleLost {
		again, planErr := r.planAnew(ctx, m, c, err, rule)
		if planErr != nil {
			return nil, ruleWait, planErr
		}
		if again {
			return nil, ruleAgain, nil
		}
	}
	switch rule {
	case ruleAdopt:
		return restored, rule, r.take(ctx, x, restored, "exchanged; the answer had been lost")
	case ruleUndo:
		return nil, rule, r.giveUp(ctx, x, facts.states, err)
	case ruleLost:
		lostErr := r.finish(ctx, "the coins are spent, and their worth did not come to this wallet", func(tx Tx) error { return x.lost(ctx, tx) })
		if lostErr != nil {
			return nil, ruleWait, lostErr
		}
		return nil, rule, ErrTaken
	}
	return nil, rule, err
}

// evidence asks the mint about inputs and outputs. The order matters: outputs that
// were signed while the inputs are unspent were signed for somebody else, and what
// was signed for spent inputs is there by the time that they are spent.
func (r *run) evidence(ctx context.Context, m Mint, c *mintclient.Client, x exchange, collision bool, f *exchangeFacts) []StoredCoin {
	if collision {
		sigs, err := r.w.restored(ctx, c, x.outputs)
		f.collided = err == nil && signed(sigs) > 0
	}
	ys := make([]bdhke.Point, 0, len(x.inputs))
	for _, in := range x.inputs {
		y, err := in.Y()
		if err != nil {
			return nil
		}
		ys = append(ys, y)
	}
	entries, err := c.CheckState(ctx, ys)
	if err != nil {
		return nil
	}
	for _, e := range entries {
		f.states = append(f.states, e.State)
	}
	if spent, _, _ := count(f.states); spent < len(f.states) {
		return nil // then nothing can have been signed for them
	}
	var coins []StoredCoin
	coins, f.restored = r.restoredCoins(ctx, m, c, x.outputs)
	return coins
}

// restoredCoins asks for the signatures of outputs again and makes coins of them if
// all are signed as they were planned. n is how many are; -1 is not known.
func (r *run) restoredCoins(ctx context.Context, m Mint, c *mintclient.Client, outputs []Planned) (coins []StoredCoin, n int) {
	sigs, err := r.w.restored(ctx, c, outputs)
	if err != nil {
		return nil, -1
	}
	for i, s := range sigs {
		if !s.C.IsZero() && s.ID == outputs[i].KeysetID && s.Amount == outputs[i].Amount {
			n++
		}
	}
	if n != len(outputs) {
		return nil, n
	}
	if coins, err = r.w.coins(m, r.s.Unit, outputs, sigs, r.s.ID, r.w.now()); err != nil {
		return nil, -1
	}
	return coins, n
}

// signed counts the signatures that are there.
func signed(sigs []cashu.BlindSignature) (n int) {
	for _, s := range sigs {
		if !s.C.IsZero() {
			n++
		}
	}
	return n
}

// restored asks for the signatures of outputs again (NUT-09): one for each, zero
// where there is none.
func (w *Wallet) restored(ctx context.Context, c *mintclient.Client, planned []Planned) ([]cashu.BlindSignature, error) {
	outputs, sigs, err := c.Restore(ctx, messages(planned))
	if err != nil {
		return nil, err
	}
	found := make(map[bdhke.Point]cashu.BlindSignature, len(outputs))
	for i, o := range outputs {
		found[o.B] = sigs[i]
	}
	list := make([]cashu.BlindSignature, len(planned))
	for i, p := range planned {
		list[i] = found[p.B]
	}
	return list, nil
}

func (r *run) take(ctx context.Context, x exchange, coins []StoredCoin, reason string) error {
	err := r.finish(ctx, reason, func(tx Tx) error { return x.adopt(ctx, tx, coins) })
	crashpoint.Here(crashPoint(r.s.Kind, "taken"))
	return err
}

func (r *run) giveUp(ctx context.Context, x exchange, states []cashu.ProofState, cause error) error {
	r.cause = cause
	err := r.finish(ctx, "given up: "+reasonOf(cause), func(tx Tx) error { return x.undo(ctx, tx, states) })
	crashpoint.Here(crashPoint(r.s.Kind, "undone"))
	return errors.Join(cause, err)
}

// reasonOf is an error for the journal: errors of this package and of mintclient
// hold no secrets.
func reasonOf(err error) string {
	if err == nil {
		return "no reason"
	}
	return err.Error()
}
