package wallet

import (
	"context"
	"errors"
	"slices"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// Coins that a restore finds pending are in a request of another wallet of the same
// seed, or of this one before it was lost. They are kept by a swap that sends nothing:
// it asks until the mint has decided about them. What that request brings has counters
// of its own, and comes with the next restore.

// keepPending stores coins that are pending at the mint, unless they are there, with an
// operation that holds them.
func (w *Wallet) keepPending(ctx context.Context, tx Tx, coins []StoredCoin) error {
	var unknown []StoredCoin
	for _, c := range coins {
		if _, err := tx.CoinsByY(ctx, []bdhke.Point{c.Y}); errors.Is(err, ErrNotFound) {
			unknown = append(unknown, c)
		} else if err != nil {
			return err
		}
	}
	if len(unknown) == 0 {
		return nil
	}
	id, err := newID()
	if err != nil {
		return err
	}
	sum, err := sumOf(unknown)
	if err != nil {
		return err
	}
	for i := range unknown {
		unknown[i].State, unknown[i].UsedBy = CoinPending, id
	}
	data := &SwapData{
		InputAmount: sum, Foreign: true, Inputs: plain(unknown), InputYs: ysOf(unknown),
		CommonData: CommonData{Instance: w.store.Instance()},
	}
	s, err := NewSaga(id, SwapSwapRequested, sum, unknown[0].MintURL, unknown[0].Unit, data, w.now())
	if err != nil {
		return err
	}
	if err := tx.AddSaga(ctx, s); err != nil {
		return err
	}
	if err := tx.AddCoins(ctx, unknown); err != nil {
		return err
	}
	return (&run{w: w}).journal(ctx, tx, s, "found in a request of another wallet of this seed")
}

// goOnSwap goes on with a swap whose request may have left.
func (r *run) goOnSwap(ctx context.Context) error {
	if d, ok := r.s.Data.(*SwapData); ok && d.Foreign {
		return r.watchForeign(ctx, d)
	}
	if done, err := r.reclaimed(ctx); done || err != nil {
		return err
	}
	_, err := r.perform(ctx, r.swapExchange)
	return err
}

// watchForeign asks about coins that are in somebody else's request, and keeps those
// of which it is still not decided.
func (r *run) watchForeign(ctx context.Context, d *SwapData) error {
	c, err := r.w.client(r.s.MintURL)
	if err != nil {
		return err
	}
	entries, err := c.CheckState(ctx, d.InputYs)
	if err != nil {
		return err
	}
	decided := map[CoinState][]bdhke.Point{}
	left := *d
	left.Inputs, left.InputYs = nil, nil
	for i, e := range entries {
		switch e.State {
		case cashu.ProofSpent:
			decided[CoinSpent] = append(decided[CoinSpent], d.InputYs[i])
		case cashu.ProofUnspent:
			decided[CoinUnspent] = append(decided[CoinUnspent], d.InputYs[i])
		default:
			left.Inputs, left.InputYs = append(left.Inputs, d.Inputs[i]), append(left.InputYs, d.InputYs[i])
		}
	}
	if len(decided) == 0 {
		return nil
	}
	move := func(tx Tx) error {
		for _, to := range []CoinState{CoinSpent, CoinUnspent} {
			if err := tx.MoveCoins(ctx, decided[to], r.s.ID, []CoinState{CoinPending}, to); err != nil {
				return err
			}
		}
		return nil
	}
	if len(left.InputYs) == 0 {
		return r.finish(ctx, "the mint has decided about the coins", move)
	}
	before := *d
	d.Inputs, d.InputYs = slices.Clone(left.Inputs), slices.Clone(left.InputYs)
	if err := r.step(ctx, SwapSwapRequested, "the mint has decided about some of the coins", move); err != nil {
		*d = before
		return err
	}
	return nil
}
