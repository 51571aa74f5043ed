package main

import (
	"cmp"
	"context"
	"io"
	"slices"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/internal/printable"
	"mintmark/wallet"
)

func (p program) balanceCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use:   "balance",
		Short: "Show how much there is",
		Long: `balance shows, for each mint and unit, what can be spent, what operations hold that
are under way, and what is in tokens that nobody has received yet. What belongs to operations that were
given up is not counted.`,
		Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.balance(ctx) })
		},
	}
}

type balanceJSON struct {
	Mint      string       `json:"mint,omitempty"`
	Name      string       `json:"name,omitempty"`
	Unit      string       `json:"unit"`
	Available cashu.Amount `json:"available"`
	Pending   cashu.Amount `json:"pending"` // held by operations under way
	Sent      cashu.Amount `json:"sent"`    // in tokens that nobody has received
	Coins     int          `json:"coins"`   // available ones
	Abandoned cashu.Amount `json:"abandoned,omitempty"`
}

type balancesJSON struct {
	Mints  []balanceJSON `json:"mints"`
	Totals []balanceJSON `json:"totals"`
}

func (b *balanceJSON) add(other wallet.Balance) error {
	sum := map[wallet.CoinState]*cashu.Amount{
		wallet.CoinUnspent: &b.Available, wallet.CoinReserved: &b.Pending, wallet.CoinPending: &b.Pending, wallet.CoinPendingSpent: &b.Sent,
		wallet.CoinAbandoned: &b.Abandoned,
	}[other.State]
	if sum == nil {
		return nil // spent
	}
	if other.State == wallet.CoinUnspent {
		b.Coins += other.Coins
	}
	var err error
	*sum, err = sum.Add(other.Amount)
	return err
}

func (s *session) balance(ctx context.Context) error {
	v, err := s.balances(ctx)
	if err != nil {
		return err
	}
	return s.show(v, func(w io.Writer) {
		if len(v.Mints) == 0 {
			line(w, "There is no ecash.")
			return
		}
		row(w, "MINT", "AVAILABLE", "PENDING", "SENT")
		for _, b := range v.Mints {
			row(w, cmp.Or(printable.Text(b.Name, 0), b.Mint), b.text(b.Available), b.text(b.Pending), b.text(b.Sent))
		}
		if len(v.Mints) > len(v.Totals) {
			for _, b := range v.Totals {
				row(w, "total", b.text(b.Available), b.text(b.Pending), b.text(b.Sent))
			}
		}
		for _, b := range v.Totals {
			if b.Abandoned > 0 {
				line(w, `Not counted: %s of operations that were given up ("wallet ops list --abandoned").`, b.text(b.Abandoned))
			}
		}
	})
}

func (b balanceJSON) text(a cashu.Amount) string {
	if a == 0 && a != b.Available {
		return "-"
	}
	return formatAmount(a, cashu.Unit(b.Unit))
}

func (s *session) balances(ctx context.Context) (balancesJSON, error) {
	v := balancesJSON{Mints: []balanceJSON{}, Totals: []balanceJSON{}}
	list, err := s.store.Balances(ctx)
	if err != nil {
		return v, err
	}
	unit, err := s.unitOf()
	if err != nil {
		return v, err
	}
	only := ""
	if s.mint != "" {
		if only, err = s.findMint(ctx, s.mint); err != nil {
			return v, err
		}
	}
	names, err := s.names(ctx)
	if err != nil {
		return v, err
	}
	for _, b := range list {
		if b.State == wallet.CoinSpent || only != "" && b.MintURL != only || unit != "" && b.Unit != unit {
			continue
		}
		here := entry(&v.Mints, func(o balanceJSON) bool { return o.Mint == b.MintURL && o.Unit == b.Unit.String() },
			balanceJSON{Mint: b.MintURL, Name: names[b.MintURL], Unit: b.Unit.String()})
		if err := here.add(b); err != nil {
			return v, err
		}
		all := entry(&v.Totals, func(o balanceJSON) bool { return o.Unit == b.Unit.String() }, balanceJSON{Unit: b.Unit.String()})
		if err := all.add(b); err != nil {
			return v, err
		}
	}
	return v, nil
}

// entry finds an item, or appends a new one.
func entry[T any](list *[]T, is func(T) bool, fresh T) *T {
	i := slices.IndexFunc(*list, is)
	if i < 0 {
		*list = append(*list, fresh)
		i = len(*list) - 1
	}
	return &(*list)[i]
}

// names are the owner's own names of mints.
func (s *session) names(ctx context.Context) (map[string]string, error) {
	mints, err := s.store.Mints(ctx)
	if err != nil {
		return nil, err
	}
	names := map[string]string{}
	for _, m := range mints {
		names[m.URL] = m.Name
	}
	return names, nil
}
