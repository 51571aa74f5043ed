package main

import (
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"mintmark/wallet"
)

func (p program) dropQuoteCommand(g *globals) *cobra.Command {
	return &cobra.Command{
		Use: "drop QUOTE", Short: "Give an invoice up that its mint does not know any more", Args: args(cobra.ExactArgs(1)),
		Long: `drop gives a quote up: "quotes claim" does not ask about it any more. If something
was paid on it, or may have been, it asks first. The quote is not deleted: "quotes
check" asks the mint about it again, and brings it back if the mint knows it.`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.ask(cmd, g, func(ctx context.Context, s *session) error { return s.dropQuote(ctx, given[0]) })
		},
	}
}

func (s *session) dropQuote(ctx context.Context, text string) error {
	list, err := s.store.Quotes(ctx)
	if err != nil {
		return err
	}
	q, err := pick(list, text, "quote", func(q wallet.Quote) string { return q.ID })
	if err != nil {
		return err
	}
	err = s.wallet.DropQuote(ctx, q.Direction, q.MintURL, q.ID, func(q wallet.Quote, asking error) error {
		if asking != nil {
			s.say("%v", asking)
		}
		if open := q.Open(); open > 0 {
			return s.agree(ctx, s.globals, "%s were paid on it, and the mint has given no ecash for them. Give that up?", formatAmount(open, q.Unit))
		}
		return s.agree(ctx, s.globals, "Somebody may have paid the %s. Give that up?", formatAmount(q.Amount, q.Unit))
	})
	if err != nil {
		return fmt.Errorf("dropping a quote: %w", err)
	}
	q.State = wallet.QuoteDropped
	return s.show(jsonQuote(q), func(w io.Writer) {
		line(w, `Given up. "wallet quotes check %s" asks about it again.`, q.ID)
	})
}
