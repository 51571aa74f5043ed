package main

import (
	"context"
	"errors"

	"mintmark/cashu"
	"mintmark/wallet"
)

// price is what a payment costs at most besides its amount: what the quote sets aside
// for the network, and what the mint takes for the coins. limit is what the payment
// may cost: what --max-fee says, else what is agreed to.
func (s *session) price(ctx context.Context, q wallet.Quote, f payFlags) (most cashu.Amount, limit *cashu.Amount, err error) {
	fee, err := s.wallet.MeltFee(ctx, q)
	if err == nil {
		most, err = q.FeeReserve.Add(fee)
	}
	if err != nil {
		return 0, nil, err
	}
	limit, err = s.withinLimit(f.maxFee, most, q.Unit)
	if limit == nil && !s.yes {
		limit = &most
	}
	return most, limit, err
}

// withinLimit reads --max-fee, and refuses a fee beyond it.
func (s *session) withinLimit(text string, fee cashu.Amount, unit cashu.Unit) (*cashu.Amount, error) {
	if text == "" {
		return nil, nil
	}
	limit, err := maxFee(text, unit)
	if err != nil {
		return nil, err
	}
	if fee > limit {
		return nil, hint(errors.New("the fee may be "+formatAmount(fee, unit)+", more than --max-fee"), "nothing was paid")
	}
	return &limit, nil
}

// maxFee reads an amount that may be 0.
func maxFee(text string, unit cashu.Unit) (cashu.Amount, error) {
	if text == "0" {
		return 0, nil
	}
	a, _, err := parseAmount(text, unit)
	if err != nil {
		return 0, usageError{err}
	}
	return a, nil
}
