package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
)

// Reclaim makes a payment, a swap or a receive that is in doubt harmless: it exchanges the payment's
// coins for new ones, so that a late request has nothing to pay with. It costs the
// fee of a swap and only works while the mint says that the coins are unspent. It
// is for a person to decide: a payment that the mint has begun, and only not
// answered, is made all the same and these coins are then refused. ErrPending: the
// mint has the coins; nothing has changed.
func (w *Wallet) Reclaim(ctx context.Context, id uuid.UUID) (cashu.Amount, error) {
	s, err := w.store.Saga(ctx, id)
	if err != nil {
		return 0, err
	}
	if exchangeRequested(s) {
		w.busy.enter(id)
		r := &run{w: w, s: s, tries: liveTries}
		defer r.rest()
		return r.reclaimExchange(ctx)
	}
	d, ok := s.Data.(*MeltData)
	if !ok || !s.State.Sent() || len(d.Inputs) == 0 {
		return 0, &OperationError{ID: id, Err: fmt.Errorf("there is nothing to reclaim from %s, %v", s.Kind, s.State)}
	}
	w.busy.enter(id)
	r := &run{w: w, s: s, tries: liveTries}
	defer r.rest()
	if err := r.claim(ctx); err != nil {
		return 0, r.failed(err)
	}
	if waiting, err := r.childIsThere(ctx); err != nil || waiting {
		return 0, r.failed(errors.Join(ErrPending, err))
	}
	m, err := w.Mint(ctx, s.MintURL)
	if err != nil {
		return 0, r.failed(err)
	}
	// It may be over already, one way or the other.
	if _, rule, err := r.checkMelt(ctx, m, nil); rule != ruleWait || errors.Is(err, ErrTakenOver) {
		return 0, r.failed(err)
	}
	coins, err := w.store.CoinsByY(ctx, d.FinalProofYs)
	if err != nil {
		return 0, r.failed(err)
	}
	c, err := w.client(s.MintURL)
	if err != nil {
		return 0, r.failed(err)
	}
	entries, err := c.CheckState(ctx, d.FinalProofYs)
	if err != nil {
		return 0, r.failed(err)
	}
	for _, e := range entries {
		if e.State != cashu.ProofUnspent {
			return 0, r.failed(fmt.Errorf("%w: the mint has the coins", ErrPending))
		}
	}
	wants, err := m.allOf(s.Unit, coins, w.now())
	if err != nil {
		return 0, r.failed(err)
	}
	back, err := w.swap(ctx, swapSpec{mint: m, unit: s.Unit, parent: r, inputs: coins, wants: wants})
	if err != nil {
		return 0, r.failed(err)
	}
	crashpoint.Here(crashPoint(KindMelt, "reclaimed"))
	if err := r.undoMelt(ctx, d, nil, errors.New("its coins were exchanged for others")); err != nil {
		return 0, r.failed(err)
	}
	return sumOf(back)
}
