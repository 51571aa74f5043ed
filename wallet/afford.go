package wallet

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"mintmark/cashu"
)

// What a payment costs besides its amount, before anything is done. All of it is free
// of requests: fees are those that were last known. It is decided by the code that pays.

// MeltFee is what spending the coins for a quote costs, besides the quote's reserve:
// the mint's fees, also for exchanging coins before, and at a mint that gives no change
// what is left over. ErrFunds: it cannot be afforded.
func (w *Wallet) MeltFee(ctx context.Context, q Quote) (cashu.Amount, error) {
	p, err := w.knownPurse(ctx, q.MintURL, q.Unit)
	if err != nil {
		return 0, err
	}
	d, err := p.melt(q)
	return d.cost, err
}

// SendFee is what making a token costs. What its receiver pays, if that is included,
// is not counted. ErrFunds: it cannot be afforded.
func (w *Wallet) SendFee(ctx context.Context, mintURL string, unit cashu.Unit, o SendOptions) (cashu.Amount, error) {
	p, err := w.knownPurse(ctx, mintURL, unit)
	if err != nil {
		return 0, err
	}
	d, err := p.send(o)
	return d.cost, err
}

// SendingMint is the mint to make a token from: of those that accepted allows and that
// can afford it, fees included, the one with the smallest balance. ErrFunds: there is
// none.
func (w *Wallet) SendingMint(ctx context.Context, unit cashu.Unit, o SendOptions, accepted func(mintURL string) bool) (string, error) {
	balances, err := w.SmallestFirst(ctx, unit)
	if err != nil {
		return "", err
	}
	err = fmt.Errorf("%w: there is no %s", ErrFunds, unit)
	for _, b := range balances {
		if !accepted(b.MintURL) {
			continue
		}
		err = fmt.Errorf("%w: the most at one mint is %d %s", ErrFunds, b.Amount, unit)
		if b.Amount < o.Amount {
			continue
		}
		if _, err := w.SendFee(ctx, b.MintURL, unit, o); err == nil {
			return b.MintURL, nil
		} else if !errors.Is(err, ErrFunds) {
			w.log.Warn("a mint is passed over", "mint", b.MintURL, "error", err)
		}
		err = fmt.Errorf("%w: the most at one mint is %d %s, and fees come on top", ErrFunds, b.Amount, unit)
	}
	return "", err
}

// SmallestFirst lists what can be spent of a unit, mint by mint.
func (w *Wallet) SmallestFirst(ctx context.Context, unit cashu.Unit) ([]Balance, error) {
	balances, err := w.store.Balances(ctx)
	if err != nil {
		return nil, err
	}
	balances = slices.DeleteFunc(balances, func(b Balance) bool { return b.State != CoinUnspent || b.Unit != unit || b.Amount == 0 })
	slices.SortStableFunc(balances, func(a, b Balance) int { return cmp.Compare(a.Amount, b.Amount) })
	return balances, nil
}
