package main

import (
	"context"
	"errors"
	"io"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/wallet"
)

func (p program) quotesCommand(g *globals) *cobra.Command {
	var all bool
	list := func(cmd *cobra.Command, _ []string) error {
		return p.look(cmd, g, func(ctx context.Context, s *session) error { return s.quotes(ctx, all) })
	}
	cmd := &cobra.Command{
		Use:   "quotes",
		Short: "Invoices that mints have made for this wallet, and payments that were asked for",
		Args:  noArgs,
		RunE:  list,
	}
	listing := &cobra.Command{Use: "list", Short: "List those that are open", Args: noArgs, RunE: list}
	for _, each := range []*cobra.Command{cmd, listing} {
		each.Flags().BoolVar(&all, "all", false, "also those that are finished or have expired")
	}
	claim := &cobra.Command{
		Use: "claim", Short: "Get the ecash of all invoices that were paid", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return p.move(cmd, g, func(ctx context.Context, s *session) error { return s.claim(ctx) })
		},
	}
	check := &cobra.Command{
		Use: "check QUOTE", Short: "Ask the mint about an invoice", Args: args(cobra.ExactArgs(1)),
		Long: `check asks the mint how an invoice stands, and believes it, even if it said something
else before. What turns out to be paid and not issued "wallet quotes claim" gets.`,
		RunE: func(cmd *cobra.Command, given []string) error {
			return p.ask(cmd, g, func(ctx context.Context, s *session) error { return s.checkQuote(ctx, given[0]) })
		},
	}
	cmd.AddCommand(listing, claim, check, p.dropQuoteCommand(g))
	return cmd
}

type quoteJSON struct {
	Quote      string       `json:"quote"`
	Direction  string       `json:"direction"` // mint: paid in; melt: paid out
	Mint       string       `json:"mint"`
	Method     string       `json:"method"`
	Unit       string       `json:"unit"`
	Amount     cashu.Amount `json:"amount"`
	FeeReserve cashu.Amount `json:"fee_reserve,omitempty"`
	State      string       `json:"state"`
	Paid       cashu.Amount `json:"paid,omitempty"`
	Issued     cashu.Amount `json:"issued,omitempty"`
	Request    string       `json:"request"`
	Expiry     int64        `json:"expiry,omitempty"`
	Created    int64        `json:"created"`
}

func jsonQuote(q wallet.Quote) quoteJSON {
	return quoteJSON{
		Quote: q.ID, Direction: string(q.Direction), Mint: q.MintURL, Method: q.Method, Unit: q.Unit.String(), Amount: q.Amount,
		FeeReserve: q.FeeReserve, State: q.State, Paid: q.Paid, Issued: q.Issued, Request: q.Request, Expiry: q.Expiry, Created: q.Created,
	}
}

// open tells whether anything can still become of a quote.
func (s *session) openQuote(q wallet.Quote) bool {
	switch q.State {
	case "UNPAID":
		return q.Expiry == 0 || s.clock().Unix() <= q.Expiry
	case "ISSUED", "FAILED", wallet.QuoteDropped:
		return false
	case "PAID":
		return q.Direction == wallet.QuoteMint
	}
	return true
}

func (s *session) quotes(ctx context.Context, all bool) error {
	list, err := s.store.Quotes(ctx)
	if err != nil {
		return err
	}
	list, err = narrow(ctx, s, list, func(q wallet.Quote) (string, cashu.Unit) { return q.MintURL, q.Unit })
	if err != nil {
		return err
	}
	v := []quoteJSON{}
	for _, q := range list {
		if all || s.openQuote(q) {
			v = append(v, jsonQuote(q))
		}
	}
	return s.show(v, func(w io.Writer) {
		if len(v) == 0 {
			line(w, "No invoice is open.")
			return
		}
		row(w, "QUOTE", "FOR", "AMOUNT", "STATE", "EXPIRES", "MINT")
		for _, q := range v {
			row(w, q.Quote, q.Direction, formatAmount(q.Amount, cashu.Unit(q.Unit)), q.State, moment(q.Expiry), q.Mint)
		}
	})
}

func (s *session) claim(ctx context.Context) error {
	done, err := s.wallet.Claim(ctx)
	failed := []error{err}
	v := []issuedJSON{}
	for _, c := range done {
		if c.Err != nil {
			if errors.Is(c.Err, wallet.ErrQuoteGone) {
				c.Err = hint(c.Err, `"wallet quotes drop %s" gives it up`, c.Quote.ID)
			}
			if !errors.Is(errors.Join(failed...), c.Err) { // quotes of one request share their end
				failed = append(failed, c.Err)
			}
			continue
		}
		v = append(v, issuedJSON{c.Quote.ID, c.Quote.MintURL, c.Quote.Unit.String(), c.Amount})
	}
	failed = append(failed, s.show(v, func(w io.Writer) {
		if len(v) == 0 {
			line(w, "Nothing was paid since.")
		}
		for _, each := range v {
			line(w, "Got %s at %s.", formatAmount(each.Issued, cashu.Unit(each.Unit)), each.Mint)
		}
	}))
	return errors.Join(failed...)
}

func (s *session) checkQuote(ctx context.Context, text string) error {
	list, err := s.store.Quotes(ctx)
	if err != nil {
		return err
	}
	q, err := pick(list, text, "quote", func(q wallet.Quote) string { return q.ID })
	if err != nil {
		return err
	}
	if q.Direction == wallet.QuoteMint {
		if q, err = s.wallet.CheckMintQuoteAnew(ctx, q.MintURL, q.ID); err != nil {
			return err
		}
	}
	return s.show(jsonQuote(q), func(w io.Writer) {
		row(w, "state", q.State)
		row(w, "amount", formatAmount(q.Amount, q.Unit))
		row(w, "expires", moment(q.Expiry))
		row(w, "pay to", q.Request)
	})
}
