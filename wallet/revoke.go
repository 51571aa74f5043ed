package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/crashpoint"
)

// SendStatus is what became of a token.
type SendStatus struct {
	Claimed   cashu.Amount // taken by the receiver
	Unclaimed cashu.Amount // still in the token
}

// CheckSend asks the mint which coins of a token were claimed. When all were, the
// operation ends.
func (w *Wallet) CheckSend(ctx context.Context, id uuid.UUID) (SendStatus, error) {
	r, err := w.resume(ctx, id, SendTokenCreated)
	if err != nil {
		return SendStatus{}, err
	}
	defer r.rest()
	_, status, err := r.checkSend(ctx)
	return status, r.failed(err)
}

// resume takes over a saga that must be in the state.
func (w *Wallet) resume(ctx context.Context, id uuid.UUID, state State) (*run, error) {
	s, err := w.store.Saga(ctx, id)
	if err != nil {
		return nil, err
	}
	if s.State != state {
		return nil, &OperationError{ID: id, Err: fmt.Errorf("the operation is %s, %v", s.Kind, s.State)}
	}
	w.busy.enter(s.ID)
	return &run{w: w, s: s, tries: liveTries}, nil
}

// checkSend finds out which coins are unspent. If none is, it ends the send.
func (r *run) checkSend(ctx context.Context) (unspent []StoredCoin, status SendStatus, err error) {
	d, ok := r.s.Data.(*SendData)
	if !ok {
		return nil, status, errors.New("a send has other data")
	}
	c, err := r.w.client(r.s.MintURL)
	if err != nil {
		return nil, status, err
	}
	all, err := r.tokenCoins(ctx, d)
	if err != nil {
		return nil, status, err
	}
	coins, back := r.stillOut(all)
	entries, err := c.CheckState(ctx, ysOf(coins))
	if err != nil {
		return nil, status, err
	}
	var claimed []bdhke.Point
	for i, e := range entries {
		if e.State == cashu.ProofSpent {
			claimed = append(claimed, coins[i].Y)
			if status.Claimed, err = status.Claimed.Add(coins[i].Amount); err != nil {
				return nil, status, err
			}
			continue
		}
		unspent = append(unspent, coins[i])
		if status.Unclaimed, err = status.Unclaimed.Add(coins[i].Amount); err != nil {
			return nil, status, err
		}
	}
	switch {
	case len(unspent) == 0:
		err = r.finish(ctx, "the receiver has claimed the token", func(tx Tx) error { return r.claimed(ctx, tx, ysOf(coins), back > 0) })
	case len(claimed) != len(d.ClaimedYs):
		d.ClaimedYs = claimed
		err = r.step(ctx, r.s.State, fmt.Sprintf("%d of %d coins are claimed", len(claimed), len(coins)), func(tx Tx) error {
			return tx.MoveCoins(ctx, claimed, r.s.ID, []CoinState{CoinPendingSpent, CoinSpent}, CoinSpent)
		})
	}
	return unspent, status, err
}

func (r *run) tokenCoins(ctx context.Context, d *SendData) ([]StoredCoin, error) {
	ys := make([]bdhke.Point, len(d.Proofs))
	for i, p := range d.Proofs {
		var err error
		if ys[i], err = p.Y(); err != nil {
			return nil, err
		}
	}
	return r.w.store.CoinsByY(ctx, ys)
}

// stillOut are the coins of a token without those that were taken back, of which n is
// the number: what has exchanged them holds them.
func (r *run) stillOut(coins []StoredCoin) (out []StoredCoin, n int) {
	for _, c := range coins {
		if c.UsedBy == r.s.ID {
			out = append(out, c)
		}
	}
	return out, len(coins) - len(out)
}

// claimed ends a send whose coins the receiver has, but for those that were taken
// back.
func (r *run) claimed(ctx context.Context, tx Tx, ys []bdhke.Point, back bool) error {
	if err := tx.MoveCoins(ctx, ys, r.s.ID, []CoinState{CoinPendingSpent, CoinReserved, CoinSpent}, CoinSpent); err != nil {
		return err
	}
	status := StatusCompleted
	if back {
		status = StatusTakenBack
	}
	return tx.PutTransaction(ctx, r.sendEntry(status))
}

// Revoke takes the coins of a token back that were not claimed, and returns what
// came back. ErrTaken: the receiver was quicker, with all of them.
func (w *Wallet) Revoke(ctx context.Context, id uuid.UUID) (cashu.Amount, error) {
	r, err := w.resume(ctx, id, SendTokenCreated)
	if err != nil {
		return 0, err
	}
	defer r.rest()
	d, _ := r.s.Data.(*SendData)
	unspent, _, err := r.checkSend(ctx)
	if err != nil {
		return 0, r.failed(err)
	}
	if len(unspent) == 0 {
		return 0, r.failed(ErrTaken)
	}
	if d != nil && d.Locked {
		if unspent, err = r.openOwn(ctx, unspent); err != nil {
			return 0, r.failed(err)
		}
	}
	m, err := w.Mint(ctx, r.s.MintURL)
	if err != nil {
		return 0, r.failed(err)
	}
	for _, part := range m.deal(unspent) { // before anything happens
		if _, err := m.allOf(r.s.Unit, part, w.now()); err != nil {
			return 0, r.failed(fmt.Errorf("taking it back: %w", err))
		}
	}
	err = r.step(ctx, SendRollingBack, "the token is taken back", func(tx Tx) error {
		return tx.MoveCoins(ctx, ysOf(unspent), r.s.ID, []CoinState{CoinPendingSpent}, CoinReserved)
	})
	if err != nil {
		return 0, r.failed(err)
	}
	crashpoint.Here(crashPoint(KindSend, "rolling_back"))
	back, err := w.swapAll(ctx, m, r.s.Unit, unspent, r)
	if errors.Is(err, ErrPending) {
		return back, r.failed(err)
	}
	if endErr := r.endRollback(ctx); endErr != nil {
		return back, r.failed(errors.Join(err, endErr))
	}
	crashpoint.Here(crashPoint(KindSend, "rolled_back"))
	return back, r.failed(err)
}

// goOnRollback takes the rest of a token back that was being taken back in several
// swaps, and ends that.
func (r *run) goOnRollback(ctx context.Context) error {
	d, ok := r.s.Data.(*SendData)
	if !ok {
		return errors.New("a send has other data")
	}
	coins, err := r.tokenCoins(ctx, d)
	if err != nil {
		return err
	}
	out, back := r.stillOut(coins)
	var left []StoredCoin
	for _, c := range out {
		if c.State == CoinReserved {
			left = append(left, c)
		}
	}
	if d.Locked && back > 0 && len(left) > 0 {
		switch opened, err := r.openOwn(ctx, left); {
		case err == nil:
			left = opened
		case errors.Is(err, ErrLocked):
			left = nil // it is out again
		default:
			return err
		}
	}
	if back > 0 && len(left) > 0 {
		m, err := r.w.Mint(ctx, r.s.MintURL)
		if err != nil {
			return err
		}
		if _, err := r.w.swapAll(ctx, m, r.s.Unit, left, r); errors.Is(err, ErrPending) || errors.Is(err, ErrTakenOver) {
			return err
		}
	}
	return r.endRollback(ctx)
}

// endRollback decides what became of a token that was being taken back, from the
// coins: the swap that did it has ended. Those that it has spent are ours again;
// those that it gave back are still in the token.
func (r *run) endRollback(ctx context.Context) error {
	d, ok := r.s.Data.(*SendData)
	if !ok {
		return errors.New("a send has other data")
	}
	coins, err := r.tokenCoins(ctx, d)
	if err != nil {
		return err
	}
	var kept []bdhke.Point
	swapped := false
	for _, c := range coins {
		switch {
		case c.UsedBy == r.s.ID && c.State == CoinReserved:
			kept = append(kept, c.Y)
		case c.UsedBy != r.s.ID:
			swapped = true // the swap holds what it has spent
		}
	}
	if len(kept) > 0 {
		return r.step(ctx, SendTokenCreated, "taking the token back did not work, it is out again", func(tx Tx) error {
			return tx.MoveCoins(ctx, kept, r.s.ID, []CoinState{CoinReserved}, CoinPendingSpent)
		})
	}
	var mine []bdhke.Point
	for _, c := range coins {
		if c.UsedBy == r.s.ID {
			mine = append(mine, c.Y)
		}
	}
	return r.finish(ctx, "the token was taken back", func(tx Tx) error {
		if err := tx.MoveCoins(ctx, mine, r.s.ID, []CoinState{CoinPendingSpent, CoinSpent}, CoinSpent); err != nil {
			return err
		}
		status := StatusCompleted
		if swapped {
			status = StatusTakenBack
		}
		return tx.PutTransaction(ctx, r.sendEntry(status))
	})
}
