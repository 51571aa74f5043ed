package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"mintmark/cashu"
	"mintmark/cashu/paymentrequest"
	"mintmark/internal/printable"
	"mintmark/wallet"
	"mintmark/wallet/payee"
)

type payFlags struct {
	method, amount, maxFee, comment string
	again                           bool
	mints                           []string // several pay it together
}

func (p program) payCommand(g *globals) *cobra.Command {
	var f payFlags
	cmd := &cobra.Command{
		Use:   "pay INVOICE",
		Short: "Pay an invoice",
		Long: `pay has a mint pay a Lightning invoice, an offer or a bitcoin address, and gives it
ecash for that. For a Lightning address (name@host) and an LNURL it first asks there
for an invoice over --amount. A bitcoin: URI is paid over Lightning if it can be. A
Cashu payment request (creqA…, CREQB…) is paid like "wallet request pay".

It asks before it pays, and pays an invoice once: one that this wallet has paid, or is
paying from another mint, is refused. An offer or an address can be paid again, after
a question that --yes does not answer; --again does. A payment that is still under way
when --timeout ends, or at Ctrl-C, goes on (exit code 4): "wallet ops list" shows it.`,
		Args: args(cobra.ExactArgs(1)),
		RunE: func(cmd *cobra.Command, given []string) error {
			to, err := payee.Parse(given[0], f.method)
			if err != nil {
				return usage(cmd, err)
			}
			if len(f.mints) == 1 {
				g.mint, f.mints = f.mints[0], nil
			}
			if len(f.mints) > 1 && (f.amount != "" || to.Kind != payee.Invoice && to.Kind != payee.Service) {
				return usagef(cmd, "only an invoice that says its amount can be paid in parts by several mints")
			}
			if to.Kind == payee.Request {
				r, err := paymentrequest.Parse(to.Text)
				if err != nil {
					return usage(cmd, err)
				}
				return p.move(cmd, g, func(ctx context.Context, s *session) error {
					return s.payRequest(ctx, r, requestPayFlags{amount: f.amount, maxFee: f.maxFee})
				})
			}
			return p.move(cmd, g, func(ctx context.Context, s *session) error { return s.pay(ctx, to, f) })
		},
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&f.mints, "mint", nil, "`URL` or name of the mint that pays; more than once: of those that pay together")
	flags.StringVar(&f.method, "method", "", "`method` of payment (default bolt11, bolt12 for an offer, onchain for an address)")
	flags.StringVar(&f.comment, "comment", "", "`text` for who is behind a Lightning address, where that takes one")
	flags.StringVar(&f.amount, "amount", "", "`amount` in satoshi where the invoice leaves it open")
	flags.StringVar(&f.maxFee, "max-fee", "", "do not pay if fees, of the network and of the mint, can be more than this `amount`")
	flags.BoolVar(&f.again, "again", false, "pay an offer or an address that was paid before, without a question")
	return cmd
}

type paidJSON struct {
	Mint     string       `json:"mint"`
	Unit     string       `json:"unit"`
	Amount   cashu.Amount `json:"amount"`
	Fee      cashu.Amount `json:"fee"`
	Preimage string       `json:"preimage,omitempty"`
}

func (s *session) pay(ctx context.Context, to payee.Payee, f payFlags) error {
	asked, err := s.asked(ctx, "pay", to.Kind, to.Text, to.Msat, f.method, f.amount, f.comment, s.unit)
	if err != nil {
		return err
	}
	if id, found, err := s.repeated(ctx, asked, wallet.KindMelt); err != nil {
		return err
	} else if found {
		return s.tellRepeated(ctx, id)
	}
	invoice, f, err := s.resolve(ctx, to, f)
	if err != nil {
		return err
	}
	if err := s.agreeAgain(ctx, invoice, &f); err != nil {
		return err
	}
	if len(f.mints) > 0 {
		return s.payParts(ctx, invoice, f, asked, nil)
	}
	q, err := s.meltQuote(ctx, invoice, f)
	if errors.Is(err, wallet.ErrFunds) && s.canSplit(f) {
		return s.payParts(ctx, invoice, f, asked, err)
	}
	if err != nil {
		return err
	}
	most, limit, err := s.price(ctx, q, f)
	if err != nil {
		return err
	}
	if m, err := s.wallet.KnownMint(ctx, q.MintURL); err == nil && !m.Info.Supports(8) && q.FeeReserve > 0 {
		s.say("This mint gives no change: it keeps all of the %s for fees, whatever the payment costs.", formatAmount(q.FeeReserve, q.Unit))
	}
	if err := s.agree(ctx, s.globals, "Pay %s, and up to %s of fees, from %s?", formatAmount(q.Amount, q.Unit), formatAmount(most, q.Unit), q.MintURL); err != nil {
		return err
	}
	paid, err := s.wallet.Melt(ctx, q.MintURL, q.ID, wallet.MeltOptions{
		Key: s.op, Args: asked, Poll: time.Second, Again: f.again, MaxFee: limit,
	})
	if err != nil {
		return err
	}
	return s.tellPaid(q, paid)
}

func (s *session) tellPaid(q wallet.Quote, paid wallet.MeltResult) error {
	v := paidJSON{q.MintURL, q.Unit.String(), paid.Amount, paid.Fee, paid.Proof}
	return s.show(v, func(w io.Writer) {
		line(w, "Paid %s; fees were %s.", formatAmount(paid.Amount, q.Unit), formatAmount(paid.Fee, q.Unit))
		if paid.Proof != "" {
			line(w, "Proof of payment: %s", printable.Text(paid.Proof, 0))
		}
	})
}

// meltQuote asks --mint, or each mint that has ecash of the unit until one has
// enough for the invoice.
func (s *session) meltQuote(ctx context.Context, invoice string, f payFlags) (wallet.Quote, error) {
	unit, err := s.moneyUnit()
	if err != nil {
		return wallet.Quote{}, err
	}
	o := wallet.MeltQuoteOptions{Method: f.method, Unit: unit, Request: invoice}
	if f.amount != "" {
		// What an open invoice is paid with is said in satoshi, whatever the unit.
		if o.Amount, _, err = parseAmount(f.amount, cashu.UnitSat); err != nil {
			return wallet.Quote{}, usageError{err}
		}
		if o.Method == string(payee.Invoice) || o.Method == string(payee.Offer) {
			if o.Amount, err = o.Amount.Mul(1000); err != nil {
				return wallet.Quote{}, err
			}
		}
	}
	if s.mint != "" {
		mintURL, err := s.findMint(ctx, s.mint)
		if err != nil {
			return wallet.Quote{}, err
		}
		return s.wallet.CreateMeltQuote(ctx, mintURL, o)
	}
	return s.firstThatCanPay(ctx, o)
}

// firstThatCanPay asks the mint with the smallest balance first that may do.
func (s *session) firstThatCanPay(ctx context.Context, o wallet.MeltQuoteOptions) (wallet.Quote, error) {
	balances, err := s.wallet.SmallestFirst(ctx, o.Unit)
	if err != nil {
		return wallet.Quote{}, err
	}
	least := cashu.Amount(0)
	if msat, stated := wallet.InvoiceAmount(o.Request); stated && o.Method == string(payee.Invoice) && o.Unit == cashu.UnitSat {
		least = cashu.Amount(msat / 1000)
	}
	var failed error
	for _, b := range balances {
		if b.Amount < least {
			failed = errors.Join(failed, fmt.Errorf("%w: %s has %s", wallet.ErrFunds, b.MintURL, formatAmount(b.Amount, b.Unit)))
			continue
		}
		q, err := s.wallet.CreateMeltQuote(ctx, b.MintURL, o)
		if errors.Is(err, cashu.ErrQuotePending) || errors.Is(err, cashu.ErrInvoicePaid) {
			return q, err // somebody may be paying it there, and would pay it twice elsewhere
		}
		if err == nil {
			if _, err = s.wallet.MeltFee(ctx, q); err == nil {
				return q, nil
			}
		}
		if errors.Is(err, wallet.ErrFunds) {
			err = fmt.Errorf("%w: %s has %s, and %s with up to %s for the network, and the mint's own fee, are needed",
				wallet.ErrFunds, b.MintURL, formatAmount(b.Amount, b.Unit), formatAmount(q.Amount, q.Unit), formatAmount(q.FeeReserve, q.Unit))
		}
		failed = errors.Join(failed, err)
	}
	if failed == nil {
		failed = wallet.ErrFunds
	}
	return wallet.Quote{}, failed
}
