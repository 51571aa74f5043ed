package main

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mintmark/cashu"
	"mintmark/wallet"
	"mintmark/wallet/mintclient"
)

// unitOf is --unit; empty if it was not given.
func (g *globals) unitOf() (cashu.Unit, error) {
	if g.unit == "" {
		return "", nil
	}
	u, err := cashu.ParseUnit(g.unit)
	if err != nil {
		return "", usageError{fmt.Errorf("--unit: %q is no unit", g.unit)}
	}
	return u, nil
}

// amount reads an argument together with --unit.
func (g *globals) amount(text string) (cashu.Amount, cashu.Unit, error) {
	unit, err := g.unitOf()
	if err != nil {
		return 0, "", err
	}
	a, unit, err := parseAmount(text, unit)
	if err != nil {
		return 0, "", usageError{err}
	}
	return a, unit, nil
}

// moneyUnit is --unit or satoshi.
func (g *globals) moneyUnit() (cashu.Unit, error) {
	u, err := g.unitOf()
	if u == "" && err == nil {
		u = cashu.UnitSat
	}
	return u, err
}

// findMint turns the URL or the name of a mint into its URL. A URL may be one that
// the wallet has never met.
func (s *session) findMint(ctx context.Context, text string) (string, error) {
	mints, err := s.store.Mints(ctx)
	if err != nil {
		return "", err
	}
	for _, m := range mints {
		if m.Name == text {
			return m.URL, nil
		}
	}
	if !strings.Contains(text, "://") {
		return "", usageError{fmt.Errorf("%q is neither the URL nor the name of a mint; \"wallet mints list\" shows them", text)}
	}
	base, err := mintclient.NormalURL(text)
	if err != nil {
		return "", usageError{err}
	}
	return base, nil
}

// theMint is --mint, or the only one that the wallet trusts.
func (s *session) theMint(ctx context.Context) (string, error) {
	if s.mint != "" {
		return s.findMint(ctx, s.mint)
	}
	mints, err := s.store.Mints(ctx)
	if err != nil {
		return "", err
	}
	var trusted []string
	for _, m := range mints {
		if m.Trusted {
			trusted = append(trusted, m.URL)
		}
	}
	switch len(trusted) {
	case 0:
		return "", usageError{errors.New("there is no mint yet: say --mint URL")}
	case 1:
		return trusted[0], nil
	}
	return "", usageError{fmt.Errorf("there are several mints: say --mint, one of %s", strings.Join(trusted, ", "))}
}

func anyMint(string) bool { return true }

// payingMint is --mint, or one that can afford what is to be sent, fees included; of
// several that are accepted, the one with the smallest balance.
func (s *session) payingMint(ctx context.Context, unit cashu.Unit, o wallet.SendOptions, accepted func(mintURL string) bool) (string, error) {
	if s.mint != "" {
		return s.findMint(ctx, s.mint)
	}
	found, err := s.wallet.SendingMint(ctx, unit, o, accepted)
	if !errors.Is(err, wallet.ErrFunds) {
		return found, err
	}
	most := cashu.Amount(0)
	if balances, err := s.wallet.SmallestFirst(ctx, unit); err == nil {
		for _, b := range balances {
			if accepted(b.MintURL) {
				most = b.Amount
			}
		}
	}
	what := "and what fees come on top"
	if o.Offline {
		what = "in coins that fit exactly"
	}
	return "", fmt.Errorf("%w: no mint has %s %s, the most at one is %s", wallet.ErrFunds, formatAmount(o.Amount, unit), what, formatAmount(most, unit))
}

// pick finds the one item whose id starts with the text.
func pick[T any](items []T, text, what string, id func(T) string) (found T, err error) {
	n := 0
	for _, item := range items {
		if id(item) == text {
			return item, nil
		}
		if strings.HasPrefix(id(item), text) {
			found = item
			n++
		}
	}
	switch {
	case text == "" || n == 0:
		return found, fmt.Errorf("there is no %s %q", what, text)
	case n > 1:
		return found, usageError{fmt.Errorf("%d of them start with %q: give more of the %s", n, text, what)}
	}
	return found, nil
}
