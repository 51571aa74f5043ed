package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"mintmark/internal/printable"
	"mintmark/wallet"
	"mintmark/wallet/payee"
)

// canSplit tells whether a payment may be made in parts by several mints: an invoice
// that says its amount, where nobody has said which one mint pays.
func (s *session) canSplit(f payFlags) bool {
	return s.mint == "" && f.method == string(payee.Invoice) && f.amount == ""
}

type partsJSON struct {
	Payment  string       `json:"payment"`
	Unit     string       `json:"unit"`
	Amount   uint64       `json:"amount"`
	Fee      uint64       `json:"fee"`
	Preimage string       `json:"preimage,omitempty"`
	Parts    []partOfJSON `json:"parts"`
}

type partOfJSON struct {
	Operation string `json:"operation"`
	Mint      string `json:"mint"`
	Amount    uint64 `json:"amount"`
	Fee       uint64 `json:"fee"`
	Paid      bool   `json:"paid"`
}

// payParts has several mints pay an invoice together, each a part of it (NUT-15).
// asked is what --op stands for. alone is why no mint can pay it by itself; nil if
// nobody has tried.
func (s *session) payParts(ctx context.Context, invoice string, f payFlags, asked string, alone error) error {
	o := wallet.PartsOptions{Request: invoice}
	var err error
	if o.Unit, err = s.moneyUnit(); err != nil {
		return err
	}
	for _, text := range f.mints {
		mintURL, err := s.findMint(ctx, text)
		if err != nil {
			return err
		}
		o.Mints = append(o.Mints, mintURL)
	}
	plan, err := s.wallet.PlanParts(ctx, o)
	if err != nil {
		return errors.Join(alone, err)
	}
	fees, err := plan.Fee()
	if err != nil {
		return err
	}
	limit, err := s.withinLimit(f.maxFee, fees, plan.Unit)
	if err != nil {
		return err
	}
	if limit == nil && !s.yes {
		limit = &fees
	}
	for _, p := range plan.Parts {
		fee, err := p.Fee()
		if err != nil {
			return err
		}
		s.say("%s pays %s, and up to %s of fees.", p.Quote.MintURL, formatAmount(p.Quote.Amount, plan.Unit), formatAmount(fee, plan.Unit))
	}
	if err := s.agree(ctx, s.globals, "Pay %s in %d parts, and up to %s of fees?", formatAmount(plan.Amount, plan.Unit), len(plan.Parts), formatAmount(fees, plan.Unit)); err != nil {
		return err
	}
	paid, err := s.wallet.PayParts(ctx, plan, wallet.MeltOptions{Key: s.op, Args: asked, Poll: time.Second, MaxFee: limit})
	if err != nil {
		return err
	}
	v := partsJSON{Payment: paid.Group.String(), Unit: plan.Unit.String(), Amount: uint64(paid.Amount), Fee: uint64(paid.Fee), Preimage: paid.Proof}
	for _, p := range paid.Parts {
		v.Parts = append(v.Parts, partOfJSON{p.Operation.String(), p.Quote.MintURL, uint64(p.Paid.Amount), uint64(p.Paid.Fee), p.Err == nil})
	}
	return s.show(v, func(w io.Writer) {
		line(w, "Paid %s in %d parts; fees were %s.", formatAmount(paid.Amount, plan.Unit), len(paid.Parts), formatAmount(paid.Fee, plan.Unit))
		if paid.Proof != "" {
			line(w, "Proof of payment: %s", printable.Text(paid.Proof, 0))
		}
	})
}

// tellParts shows a payment of several mints, and below it what each of them paid.
func tellParts(w io.Writer, parts []wallet.Transaction) error {
	whole, err := wallet.Whole(parts)
	if err != nil {
		return err
	}
	row(w, moment(whole.At), string(whole.Kind), signed(whole), formatAmount(whole.Fee, whole.Unit), statusText(whole), fmt.Sprintf("%d mints", len(parts)), whole.Group.String())
	for _, t := range parts {
		row(w, "", "  part", signed(t), formatAmount(t.Fee, t.Unit), statusText(t), t.MintURL, t.Operation.String())
	}
	return nil
}
