package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/wallet"
)

type mintFlags struct {
	method, description string
	noWait, qr          bool
}

func (p program) mintCommand(g *globals) *cobra.Command {
	var f mintFlags
	cmd := &cobra.Command{
		Use:   "mint [AMOUNT]",
		Short: "Pay an invoice and get ecash for it",
		Long: `mint asks a mint for an invoice, shows it, waits until somebody has paid it, and
turns it into ecash. Ctrl-C ends the waiting and loses nothing: "wallet quotes
claim" gets what was paid since.

An offer (--method bolt12) and an address need no amount: the payer chooses, and may
pay more than once.

With --json there are two lines: the quote with its invoice, then what was issued.`,
		Example: "  wallet mint 1000 --mint https://mint.example\n  wallet mint '12.34 usd'",
		Args:    args(cobra.MaximumNArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			if len(given) == 0 && f.method == "bolt11" {
				return usagef(cmd, "an invoice needs an amount")
			}
			return p.move(cmd, g, func(ctx context.Context, s *session) error { return s.mintEcash(ctx, strings.Join(given, ""), f) })
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&f.method, "method", "bolt11", "`method` of payment")
	flags.StringVar(&f.description, "description", "", "`text` that the payer sees")
	flags.BoolVar(&f.noWait, "no-wait", false, "show the invoice and end; \"wallet quotes claim\" does the rest")
	flags.BoolVar(&f.qr, "qr", false, "show the invoice as a QR code, also where there is no terminal")
	return cmd
}

func (s *session) mintEcash(ctx context.Context, text string, f mintFlags) error {
	amount, unit, err := s.wishedAmount(text)
	if err != nil {
		return err
	}
	before, repeated, err := s.quotedBefore(ctx)
	if err != nil {
		return err
	}
	if id, found, err := s.repeated(ctx, "", wallet.KindMint); err != nil {
		return err
	} else if found && !repeated {
		return s.tellRepeated(ctx, id) // by a version that gave no name to quotes
	}
	mintURL := before.MintURL
	if !repeated || s.mint != "" {
		if mintURL, err = s.theMint(ctx); err != nil {
			return err
		}
	}
	q, err := s.wallet.CreateMintQuote(ctx, mintURL, wallet.MintQuoteOptions{Method: f.method, Unit: unit, Amount: amount, Description: f.description, Key: s.op})
	if err != nil {
		return err
	}
	if repeated {
		if q, err = s.asMintSees(ctx, q); err != nil {
			return err
		}
	}
	// Who pays a mint trusts it.
	if err := s.wallet.TrustMint(ctx, mintURL, true); err != nil {
		return err
	}
	if err := s.show(jsonQuote(q), func(w io.Writer) { line(w, "%s", q.Request) }); err != nil {
		return err
	}
	if repeated && q.State == "ISSUED" {
		return s.tellIssued(q, q.Issued)
	}
	s.showQR(strings.ToUpper(q.Request), f.qr)
	if f.noWait {
		return nil
	}
	what := "what you like"
	if amount != 0 {
		what = formatAmount(amount, unit)
	}
	s.say("Pay %s to what is above. Waiting; Ctrl-C loses nothing.", what)
	return s.awaitPayment(ctx, q)
}

// wishedAmount is amount, or 0 for none, which leaves it to the payer.
func (s *session) wishedAmount(text string) (cashu.Amount, cashu.Unit, error) {
	if text == "" {
		unit, err := s.moneyUnit()
		return 0, unit, err
	}
	return s.amount(text)
}

// quotedBefore finds the quote that an earlier command has asked for under --op.
func (s *session) quotedBefore(ctx context.Context) (wallet.Quote, bool, error) {
	if s.op == "" {
		return wallet.Quote{}, false, nil
	}
	q, err := s.store.QuoteByKey(ctx, s.op)
	if errors.Is(err, wallet.ErrNotFound) {
		return q, false, nil
	}
	return q, err == nil, err
}

// asMintSees is a quote as it is now; as it was, if the mint cannot say.
func (s *session) asMintSees(ctx context.Context, q wallet.Quote) (wallet.Quote, error) {
	now, err := s.wallet.CheckMintQuote(ctx, q.MintURL, q.ID)
	if errors.Is(err, wallet.ErrQuoteGone) {
		return q, hint(err, `"wallet quotes drop %s" gives it up`, q.ID)
	}
	if err != nil {
		return q, nil
	}
	return now, nil
}

// awaitPayment waits until the quote is paid, and issues it.
func (s *session) awaitPayment(ctx context.Context, q wallet.Quote) error {
	_, err := s.wallet.AwaitMintQuote(ctx, q.MintURL, q.ID, s.await())
	switch {
	case ctx.Err() != nil:
		return hint(fmt.Errorf("%w: quote %s", errNotPaid, q.ID), `"wallet quotes claim" gets the ecash once it is paid`)
	case errors.Is(err, cashu.ErrQuoteExpired):
		return fmt.Errorf("the invoice has expired: %w", err)
	case err != nil:
		return err
	}
	got, err := s.wallet.Issue(ctx, q.MintURL, q.ID, wallet.MintOptions{Key: s.op})
	if errors.Is(err, cashu.ErrQuoteIssued) {
		got, err = q.Amount, nil // somebody else of this wallet was quicker
	}
	if err != nil {
		return err
	}
	return s.tellIssued(q, got)
}

// await shows that something is waited for, where somebody looks.
func (s *session) await() wallet.AwaitOptions {
	return wallet.AwaitOptions{Asked: func() {
		if s.screen {
			fmt.Fprint(s.stderr, ".")
		}
	}}
}

type issuedJSON struct {
	Quote  string       `json:"quote"`
	Mint   string       `json:"mint"`
	Unit   string       `json:"unit"`
	Issued cashu.Amount `json:"issued"`
}

func (s *session) tellIssued(q wallet.Quote, got cashu.Amount) error {
	return s.show(issuedJSON{q.ID, q.MintURL, q.Unit.String(), got}, func(w io.Writer) {
		line(w, "Got %s at %s.", formatAmount(got, q.Unit), q.MintURL)
	})
}
