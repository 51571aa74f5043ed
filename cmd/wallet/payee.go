package main

import (
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"

	"mintmark/cashu"
	"mintmark/internal/printable"
	"mintmark/wallet"
	"mintmark/wallet/lnurl"
	"mintmark/wallet/payee"
)

// resolve is what a mint is asked to pay, and how. Behind a Lightning address and an
// LNURL there is a service that makes an invoice over --amount.
func (s *session) resolve(ctx context.Context, to payee.Payee, f payFlags) (string, payFlags, error) {
	switch to.Kind {
	case payee.Service:
		invoice, err := s.serviceInvoice(ctx, to.Text, f)
		f.method, f.amount = string(payee.Invoice), ""
		return invoice, f, err
	case payee.Invoice, payee.Offer, payee.Address:
		f.method = string(to.Kind)
	}
	if f.comment != "" {
		return "", f, usageError{errors.New("--comment goes with a Lightning address or an LNURL")}
	}
	if to.Msat != 0 && f.amount == "" {
		if to.Msat%1000 != 0 {
			return "", f, usageError{errors.New("the bitcoin: URI is over a fraction of a satoshi: say --amount")}
		}
		f.amount = strconv.FormatUint(to.Msat/1000, 10)
	}
	return to.Text, f, nil
}

// serviceInvoice asks a service for an invoice, and holds it to the amount.
func (s *session) serviceInvoice(ctx context.Context, at string, f payFlags) (string, error) {
	way, err := s.transport()
	if err != nil {
		return "", err
	}
	client := lnurl.Client{Transport: way}
	terms, err := client.Ask(ctx, at)
	if err != nil {
		return "", said(err)
	}
	if f.amount == "" && terms.Min != terms.Max {
		return "", usageError{fmt.Errorf("the payee leaves the amount open, from %d to %d sat: say --amount", (terms.Min+999)/1000, terms.Max/1000)}
	}
	msat := terms.Min
	if f.amount != "" {
		amount, _, err := parseAmount(f.amount, cashu.UnitSat)
		if err != nil || uint64(amount) > math.MaxUint64/1000 {
			return "", usageError{errors.Join(err, errors.New("--amount is in satoshi"))}
		}
		msat = uint64(amount) * 1000
	}
	if err := terms.Check(msat, f.comment); err != nil {
		return "", usageError{err}
	}
	if text := printable.Text(terms.Description, 0); text != "" {
		s.say("The payee says what it is for: %s", text)
	}
	invoice, err := client.Invoice(ctx, terms, msat, f.comment)
	if err != nil {
		return "", said(err)
	}
	to, err := payee.Parse(invoice, "")
	if err != nil || to.Kind != payee.Invoice {
		return "", lnurl.ErrAnswer
	}
	if over, stated := wallet.InvoiceAmount(to.Text); !stated || over != msat {
		return "", errors.New("the payee's invoice is not over what was asked for; nothing was paid")
	}
	return to.Text, nil
}

// said makes a service's own words fit for a terminal.
func said(err error) error {
	if refused, ok := errors.AsType[*lnurl.RefusedError](err); ok {
		return &lnurl.RefusedError{Reason: printable.Text(refused.Reason, 0)}
	}
	return err
}
