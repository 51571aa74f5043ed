package main

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/wallet"
)

// offlineSend finds coins for a send that no mint is asked about: those that fit, or,
// within --tolerance and after a question, the least that is more.
func (s *session) offlineSend(ctx context.Context, unit cashu.Unit, amount cashu.Amount, tolerance string) (mintURL string, sends cashu.Amount, err error) {
	more := cashu.Amount(0)
	if tolerance != "" {
		if more, err = maxFee(tolerance, unit); err != nil {
			return "", 0, err
		}
	}
	mints, err := s.wallet.SmallestFirst(ctx, unit)
	if err != nil {
		return "", 0, err
	}
	named := ""
	if s.mint != "" {
		if named, err = s.findMint(ctx, s.mint); err != nil {
			return "", 0, err
		}
	}
	less := cashu.Amount(0)
	for _, b := range mints {
		if named != "" && b.MintURL != named {
			continue
		}
		below, above, err := s.wallet.Closest(ctx, b.MintURL, unit, amount)
		if err != nil {
			return "", 0, err
		}
		less = max(less, below)
		if above != 0 && (sends == 0 || above < sends) {
			mintURL, sends = b.MintURL, above
		}
	}
	switch {
	case sends == amount:
		return mintURL, amount, nil
	case sends == 0 && less == 0:
		return "", 0, fmt.Errorf("%w: there is no %s", wallet.ErrFunds, unit)
	case sends == 0:
		return "", 0, hint(fmt.Errorf("%w: no mint has %s", wallet.ErrFunds, formatAmount(amount, unit)), "the most that coins at hand add up to is %s", formatAmount(less, unit))
	case sends-amount > more:
		err := fmt.Errorf("%w that fits exactly", wallet.ErrFunds)
		if less == 0 {
			return "", 0, hint(err, "the coins at hand add up to %s, and to nothing less; --tolerance allows more", formatAmount(sends, unit))
		}
		return "", 0, hint(err, "the coins at hand add up to %s or to %s; --tolerance allows more", formatAmount(less, unit), formatAmount(sends, unit))
	}
	return mintURL, sends, s.agree(ctx, s.globals, "No coins at hand are worth %s. Send %s, %s more?",
		formatAmount(amount, unit), formatAmount(sends, unit), formatAmount(sends-amount, unit))
}

// sentThen is the amount of a send that is repeated: it may have been more than was
// asked for.
func (s *session) sentThen(ctx context.Context, id uuid.UUID, asked cashu.Amount) cashu.Amount {
	if saga, err := s.store.Saga(ctx, id); err == nil {
		return saga.Amount
	}
	if t, err := s.store.Transaction(ctx, id); err == nil {
		return t.Amount
	}
	return asked
}
