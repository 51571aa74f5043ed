package wallet

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
)

// ErrFee: it would cost more than the caller wants to pay. Nothing was paid.
var ErrFee = errors.New("the fee is higher than allowed")

// gatherRounds is how often coins are exchanged before they are spent: once is enough
// if nobody else spends them.
const gatherRounds = 5

// spending is a use of coins that is decided, and decided again while others take them.
type spending[T any] struct {
	mint   Mint
	unit   cashu.Unit
	decide func(purse) (decision, error)
	// most is what all of it may cost, reserve included; nil = any.
	most    *cashu.Amount
	reserve cashu.Amount
	do      func(decision) (T, error)
}

// spend decides and does it. What has to be exchanged first, is; that counts for the
// limit, whoever spends the coins then.
func spend[T any](ctx context.Context, w *Wallet, s spending[T]) (T, error) {
	paid, rounds := s.reserve, gatherRounds+1
	return whileTaken(func() (none T, err error) {
		var made []StoredCoin // by the last exchange, for this
		for ; rounds > 0; rounds-- {
			p, err := w.purse(ctx, s.mint, s.unit)
			if err != nil {
				return none, err
			}
			if made != nil {
				p.coins = made
			}
			d, err := s.decide(p)
			if err != nil {
				return none, err
			}
			if err := within(s.most, paid, d.cost); err != nil {
				return none, err
			}
			if d.step == spendNow {
				return s.do(d)
			}
			made, err = w.prepare(ctx, p, d, &paid)
			if err != nil && !errors.Is(err, ErrCoinsTaken) {
				return none, err
			}
		}
		return none, fmt.Errorf("%w, and others spend those that they were exchanged for", ErrTooMany)
	})
}

// within refuses what costs more than the caller wants to pay.
func within(most *cashu.Amount, costs ...cashu.Amount) error {
	sum, err := cashu.Sum(costs...)
	if err == nil && most != nil && sum > *most {
		err = fmt.Errorf("%w: up to %d, and %d are allowed", ErrFee, sum, *most)
	}
	return err
}

// prepare exchanges coins before others are chosen, and adds what that costs to paid.
// It returns those that were made to fit, if that is what it was for.
func (w *Wallet) prepare(ctx context.Context, p purse, d decision, paid *cashu.Amount) ([]StoredCoin, error) {
	parts := [][]StoredCoin{d.coins}
	if d.step == gatherFirst {
		parts = p.mint.deal(d.coins)
	}
	for _, part := range parts {
		spec := swapSpec{mint: p.mint, unit: p.unit, inputs: part, wants: d.wants}
		fee, err := feeOf(p.mint, part)
		if err == nil && d.step == gatherFirst {
			spec.wants, err = p.mint.allOf(p.unit, part, w.now())
		}
		if err != nil {
			return nil, err
		}
		made, err := w.swap(ctx, spec)
		if err != nil {
			return nil, err
		}
		if *paid, err = paid.Add(fee); err != nil {
			return nil, err
		}
		if d.step == fitFirst {
			return made, nil
		}
	}
	return nil, nil
}
