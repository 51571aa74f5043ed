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
// of requests: fees are those that were last known.

// ErrFee: it would cost more than the caller wants to pay. Nothing was paid.
var ErrFee = errors.New("the fee is higher than allowed")

// MeltFee is what spending the coins for a quote costs, besides the quote's reserve:
// the mint's fees, and at a mint that gives no change what is left over. ErrFunds: it
// cannot be afforded.
func (w *Wallet) MeltFee(ctx context.Context, q Quote) (cashu.Amount, error) {
	m, coins, err := w.purse(ctx, q.MintURL, q.Unit)
	if err != nil {
		return 0, err
	}
	return w.meltFee(m, q, coins)
}

func (w *Wallet) purse(ctx context.Context, mintURL string, unit cashu.Unit) (Mint, []StoredCoin, error) {
	m, err := w.KnownMint(ctx, mintURL)
	if err != nil {
		return m, nil, err
	}
	coins, err := w.store.Coins(ctx, CoinFilter{MintURL: m.URL, Unit: unit, States: []CoinState{CoinUnspent}})
	return m, coins, err
}

func (w *Wallet) meltFee(m Mint, q Quote, coins []StoredCoin) (cashu.Amount, error) {
	need, err := q.Amount.Add(q.FeeReserve)
	if err != nil {
		return 0, err
	}
	chosen, fee, err := choose(m, coins, need)
	if err != nil || m.Info.Supports(8) {
		return fee, err
	}
	if _, ok := exact(m, coins, need, true); ok {
		return fee, nil // see withoutChange
	}
	sum, err := sumOf(chosen)
	if err != nil {
		return 0, err
	}
	keyset, err := m.active(q.Unit, w.now())
	if err != nil {
		return 0, err
	}
	_, total, err := exactWants(m, keyset, need)
	if err != nil {
		return 0, err
	}
	if _, swapFee, err := choose(m, coins, total); err == nil && swapFee+total < sum {
		return swapFee + total - need, nil
	}
	return sum - need, nil
}

// within refuses a melt that costs more than the caller wants to pay.
func (w *Wallet) within(m Mint, q Quote, coins []StoredCoin, limit *cashu.Amount) error {
	if limit == nil {
		return nil
	}
	fee, err := w.meltFee(m, q, coins)
	if err == nil {
		fee, err = fee.Add(q.FeeReserve)
	}
	if err == nil && fee > *limit {
		err = fmt.Errorf("%w: up to %d, and %d are allowed", ErrFee, fee, *limit)
	}
	return err
}

// SendFee is what making a token costs. What its receiver pays, if that is included,
// is not counted. ErrFunds: it cannot be afforded.
func (w *Wallet) SendFee(ctx context.Context, mintURL string, unit cashu.Unit, o SendOptions) (cashu.Amount, error) {
	m, coins, err := w.purse(ctx, mintURL, unit)
	if err != nil {
		return 0, err
	}
	return w.sendFee(m, unit, o, coins)
}

func (w *Wallet) sendFee(m Mint, unit cashu.Unit, o SendOptions, coins []StoredCoin) (cashu.Amount, error) {
	if o.Lock == nil {
		if _, ok := exact(m, coins, o.Amount, o.IncludeFee); ok {
			return 0, nil
		}
	}
	if o.Offline {
		return 0, fmt.Errorf("%w that fits exactly", ErrFunds)
	}
	keyset, err := m.active(unit, w.now())
	if err != nil {
		return 0, err
	}
	_, total, err := sendWants(m, keyset, o)
	if err != nil {
		return 0, err
	}
	_, fee, err := choose(m, coins, total)
	return fee, err
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
