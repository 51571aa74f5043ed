package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/crashpoint"
)

// A swap or a receive whose request is in doubt is reclaimed by one more request with
// the same coins and outputs of its own: whichever of the two comes to be carried out,
// the other never can be, and each of them has its outputs written down.

var errExchanged = errors.New("its coins were exchanged for others")

// reclaimExchange is Reclaim of a swap or of a receive.
func (r *run) reclaimExchange(ctx context.Context) (cashu.Amount, error) {
	if waiting, err := r.childIsThere(ctx); err != nil || waiting {
		return 0, r.failed(errors.Join(ErrPending, err))
	}
	if err := r.claim(ctx); err != nil {
		return 0, r.failed(err)
	}
	// It may come to its end, one way or the other.
	r.tries = 1
	goneOn := r.goOn(ctx)
	if _, err := r.w.store.Saga(ctx, r.s.ID); errors.Is(err, ErrNotFound) || errors.Is(goneOn, ErrTakenOver) {
		return 0, r.failed(goneOn)
	}
	c, err := r.w.client(r.s.MintURL)
	if err != nil {
		return 0, r.failed(err)
	}
	m, err := r.w.Mint(ctx, r.s.MintURL)
	if err != nil {
		return 0, r.failed(err)
	}
	d := r.s.Data
	ys := inputsOf(d)
	entries, err := c.CheckState(ctx, ys)
	if err != nil {
		return 0, r.failed(err)
	}
	for _, e := range entries {
		if e.State != cashu.ProofUnspent {
			return 0, r.failed(fmt.Errorf("%w: the mint has the coins", ErrPending))
		}
	}
	if d, ok := d.(*ReceiveData); ok {
		return r.reclaimReceive(ctx, m, d)
	}
	coins, err := r.w.store.CoinsByY(ctx, ys)
	if err != nil {
		return 0, r.failed(err)
	}
	wants, err := m.allOf(r.s.Unit, coins, r.w.now())
	if err != nil {
		return 0, r.failed(err)
	}
	back, err := r.w.swap(ctx, swapSpec{mint: m, unit: r.s.Unit, parent: r, inputs: coins, wants: wants})
	if err != nil {
		return 0, r.failed(err)
	}
	crashpoint.Here(crashPoint(KindSwap, "reclaimed"))
	if err := r.finish(ctx, errExchanged.Error(), func(Tx) error { return nil }); err != nil {
		return 0, r.failed(err)
	}
	return sumOf(back)
}

// reclaimReceive sends the coins of a token once more, for outputs of their own.
func (r *run) reclaimReceive(ctx context.Context, m Mint, d *ReceiveData) (cashu.Amount, error) {
	keyset, err := m.active(r.s.Unit, r.w.now())
	if err != nil {
		return 0, r.failed(err)
	}
	wants, err := split(keyset, d.Amount, RoleKeep, nil)
	if err != nil {
		return 0, r.failed(err)
	}
	inputs, keys := slices.Clone(d.Inputs), []bdhke.Scalar(nil)
	if signsAll(inputs) { // which they do for the outputs too
		for i := range inputs {
			inputs[i].Witness = ""
		}
		if keys, err = r.w.lockKeys(ctx, nil); err != nil {
			return 0, r.failed(err)
		}
	}
	id, err := newID()
	if err != nil {
		return 0, r.failed(err)
	}
	data := &ReceiveData{Token: d.Token, Amount: d.Amount, InputYs: d.InputYs, Memo: d.Memo, CommonData: CommonData{Parent: r.s.ID}}
	s, err := NewSaga(id, ReceiveProofsPending, d.Amount, r.s.MintURL, r.s.Unit, data, r.w.now())
	if err != nil {
		return 0, r.failed(err)
	}
	parent := r.s
	if err := parent.UpdateState(parent.State, r.w.now()); err != nil {
		return 0, r.failed(err)
	}
	child, err := r.w.start(ctx, s, "the same coins, for other outputs", func(tx Tx, _ *Saga) (err error) {
		if err := put(ctx, tx, parent); err != nil {
			return err
		}
		if data.Outputs, data.Counters, err = r.w.plan(ctx, tx, keyset.ID, wants); err != nil {
			return err
		}
		data.BlindedMessages = messages(data.Outputs)
		if keys == nil {
			data.Inputs = inputs
			return nil
		}
		data.Inputs, err = unlock(inputs, data.BlindedMessages, keys, nil)
		return err
	})
	if err != nil {
		return 0, r.failed(err)
	}
	defer child.rest()
	r.s = parent
	if err := child.performReceive(ctx); err != nil {
		return 0, r.failed(err)
	}
	return d.Amount, nil
}

// endReclaimed ends the receive that this one was for, in the commit that brings its
// coins. That its own request was the one that was carried out ends it by itself.
func (r *run) endReclaimed(ctx context.Context, tx Tx, parent uuid.UUID) error {
	s, err := tx.Saga(ctx, parent)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if ok, err := tx.DeleteSaga(ctx, s.ID, s.Version); err != nil || !ok {
		return errors.Join(err, ErrTakenOver)
	}
	old := &run{w: r.w, s: s}
	if err := old.closeReceive(ctx, tx, StatusCompleted); err != nil {
		return err
	}
	s.State = 0
	return old.journal(ctx, tx, s, errExchanged.Error())
}

// inputsOf names the coins of a swap or a receive.
func inputsOf(d OperationData) []bdhke.Point {
	switch d := d.(type) {
	case *SwapData:
		return d.InputYs
	case *ReceiveData:
		return d.InputYs
	}
	return nil
}

// exchangeRequested tells that a saga is a swap or a receive whose request may have
// left.
func exchangeRequested(s Saga) bool {
	switch d := s.Data.(type) {
	case *SwapData:
		return s.State == SwapSwapRequested && !d.Foreign && len(d.Inputs) > 0
	case *ReceiveData:
		return s.State == ReceiveSwapRequested && len(d.Inputs) > 0
	}
	return false
}

// reclaimed ends a swap whose coins a Reclaim has exchanged, which it has not come to
// write down. A swap that still does that is waited for.
func (r *run) reclaimed(ctx context.Context) (bool, error) {
	if waiting, err := r.childIsThere(ctx); err != nil || waiting {
		return true, err
	}
	ys := inputsOf(r.s.Data)
	if len(ys) == 0 {
		return false, nil
	}
	coins, err := r.w.store.CoinsByY(ctx, ys[:1])
	if err != nil || coins[0].UsedBy == r.s.ID {
		return false, err
	}
	return true, r.finish(ctx, errExchanged.Error(), func(Tx) error { return nil })
}
