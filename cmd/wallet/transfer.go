package main

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/google/uuid"
	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/wallet"
)

func (p program) transferCommand(g *globals) *cobra.Command {
	var to string
	cmd := &cobra.Command{
		Use:   "transfer AMOUNT --to MINT",
		Short: "Move ecash from one mint to another",
		Long: `transfer has the first mint (--mint) pay an invoice of the second (--to). If it is
interrupted between the two, "wallet quotes claim" gets the ecash of the second. It
shows what may be paid in fees, and asks.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if to == "" {
				return usagef(cmd, "--to is missing: the mint to move ecash to")
			}
			return p.move(cmd, g, func(ctx context.Context, s *session) error { return s.transfer(ctx, given[0], to) })
		},
	}
	cmd.Flags().StringVar(&to, "to", "", "`URL` or name of the mint to move ecash to (required)")
	return cmd
}

type transferJSON struct {
	From   string       `json:"from"`
	To     string       `json:"to"`
	Unit   string       `json:"unit"`
	Amount cashu.Amount `json:"amount"`
	Fee    cashu.Amount `json:"fee"`
}

func (s *session) transfer(ctx context.Context, text, to string) error {
	amount, unit, err := s.amount(text)
	if err != nil {
		return err
	}
	target, err := s.findMint(ctx, to)
	if err != nil {
		return err
	}
	asked, err := s.asked(ctx, "transfer", amount, unit, target)
	if err != nil {
		return err
	}
	id, repeated, err := s.repeated(ctx, asked, wallet.KindMelt)
	if err != nil {
		return err
	}
	from, err := s.transferFrom(ctx, target, unit, amount, id, repeated)
	if err != nil {
		return err
	}
	if from == target {
		return usageError{errors.New("both mints are the same; --mint names the one to take from")}
	}
	paid, err := s.wallet.Transfer(ctx, from, target, unit, amount, wallet.MeltOptions{
		Key: s.op, Args: asked, Poll: time.Second,
		Agree: func(q wallet.Quote) (*cashu.Amount, error) {
			most, limit, err := s.price(ctx, q, payFlags{})
			if err != nil {
				return nil, err
			}
			return limit, s.agree(ctx, s.globals, "Move %s, and pay up to %s of fees, from %s to %s?", formatAmount(q.Amount, unit), formatAmount(most, unit), from, target)
		},
	})
	if errors.Is(err, wallet.ErrHalfway) {
		return hint(err, `"wallet quotes claim" gets the ecash of the second mint`)
	}
	if err != nil {
		return err
	}
	if err := s.wallet.TrustMint(ctx, target, true); err != nil {
		return err
	}
	v := transferJSON{from, target, unit.String(), paid.Amount, paid.Fee}
	return s.show(v, func(w io.Writer) {
		line(w, "Moved %s from %s to %s; fees were %s.", formatAmount(paid.Amount, unit), from, target, formatAmount(paid.Fee, unit))
	})
}

// transferFrom is the mint that pays, or the one that a repeated transfer was paid by.
func (s *session) transferFrom(ctx context.Context, to string, unit cashu.Unit, amount cashu.Amount, id uuid.UUID, repeated bool) (string, error) {
	if !repeated {
		return s.payingMint(ctx, unit, wallet.SendOptions{Amount: amount}, func(mintURL string) bool { return mintURL != to })
	}
	t, err := s.store.Transaction(ctx, id)
	if errors.Is(err, wallet.ErrNotFound) {
		return "", nil // it was given up before anything happened
	}
	return t.MintURL, err
}
