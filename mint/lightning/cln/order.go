package cln

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
)

// attempt is what is written down before the node is told. It moves nothing.
func (b *Backend) attempt(ctx context.Context, p lightning.Payment) (a journal.Attempt, err error) {
	refused := func(err error) (journal.Attempt, error) {
		return a, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
	}
	var t terms
	if json.Unmarshal([]byte(p.Terms), &t) != nil || t.Msat == 0 || p.ID == "" || len(p.ID) > 200 || p.Amount == 0 ||
		p.Amount != fromMsat(t.Msat, b.cfg.Unit, true) {
		return refused(errTerms)
	}
	if _, err := b.payable(p.Method, p.Unit); err != nil {
		return a, err
	}
	fee, err := toMsat(p.MaxFee, p.Unit)
	if err != nil {
		return refused(err)
	}
	o := order{MaxFee: fee}
	a = journal.Attempt{ID: p.ID, Method: p.Method, Unit: p.Unit, Amount: p.Amount, MaxFee: p.MaxFee, Part: t.Part}
	if p.Method == lightning.MethodBolt12 {
		if o.Invoice, a.Debt, err = b.fetch(ctx, p.Request, t); err != nil {
			return a, err
		}
	} else {
		request, invoice, err := b.readInvoice(p.Request)
		if errors.Is(err, lightning.ErrRequestExpired) || err == nil && p.Recovered {
			if err := b.idle(ctx, fmt.Sprintf("%x", invoice.PaymentHash)); err != nil {
				return a, err
			}
		}
		switch {
		case err != nil:
			return refused(err)
		case invoice.AmountMsat == 0 != t.Chosen || t.Part != (t.Msat < invoice.AmountMsat):
			return refused(errTerms)
		}
		o.Invoice, a.Debt = request, fmt.Sprintf("%x", invoice.PaymentHash)
		if t.Chosen {
			o.Msat = t.Msat
		}
		if t.Part {
			o.Part = t.Msat
		}
	}
	a.Identifier = a.Debt
	said, err := json.Marshal(o)
	a.Said = string(said)
	return a, err
}

// idle fails unless the node says that nothing of a debt is paid or under way. An order
// that comes again, or when it is too late for one, may have been given before, and the
// journal lost since, or replaced by an older copy.
func (b *Backend) idle(ctx context.Context, debt string) error {
	var found struct {
		Pays []payment `json:"pays"`
	}
	if err := b.quick(ctx, "listpays", map[string]any{"payment_hash": debt}, &found); err != nil {
		return err
	}
	if found.Pays == nil {
		return errNoList
	}
	for _, p := range found.Pays {
		if p.Status != statusFailed {
			return errors.New("the node pays, or has paid, what the journal does not know: it is for the operator to decide")
		}
	}
	return nil
}

// fetch gets an invoice for an offer. Nothing is paid yet; an invoice that is fetched
// and not paid expires.
func (b *Backend) fetch(ctx context.Context, offer string, t terms) (invoice, hash string, err error) {
	params := map[string]any{"offer": offer}
	if t.Chosen {
		params["amount_msat"] = t.Msat
	}
	var fetched struct {
		Invoice string `json:"invoice"`
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.PayTime)
	defer cancel()
	if err := b.call(ctx, "fetchinvoice", params, &fetched); err != nil {
		return "", "", fmt.Errorf("fetching an invoice: %w", err)
	}
	var d decoded
	if err := b.quick(ctx, "decode", map[string]any{"string": fetched.Invoice}, &d); err != nil {
		return "", "", err
	}
	switch {
	case !d.Valid || d.Type != "bolt12 invoice" || !isHash(d.Hash):
		return "", "", errors.New("what was fetched is no invoice")
	case d.Asked == nil || uint64(*d.Asked) != t.Msat:
		return "", "", fmt.Errorf("%w: the payee asks for another amount than he offered", lightning.ErrRefused)
	}
	return fetched.Invoice, d.Hash, nil
}

// Order implements journal.Node.
func (b *Backend) Order(ctx context.Context, a journal.Attempt) {
	var o order
	if err := json.Unmarshal([]byte(a.Said), &o); err != nil {
		b.log.Error("an order to pay cannot be read from the journal", "attempt", a.ID, "error", err)
		return
	}
	params := map[string]any{"bolt11": o.Invoice, "label": a.ID, "maxfee": o.MaxFee, "retry_for": int(b.cfg.PayTime / time.Second)}
	if o.Msat != 0 {
		params["amount_msat"] = o.Msat
	}
	if o.Part != 0 {
		params["partial_msat"] = o.Part
	}
	var paid payment
	err := b.call(ctx, "pay", params, &paid)
	noteCtx, stop := context.WithTimeout(context.WithoutCancel(ctx), b.cfg.Deadline)
	defer stop()
	switch {
	case err == nil && paid.Status == statusComplete:
		paid.Preimage = paid.Proof
		_, err = b.endPaid(noteCtx, a, paid)
	case err == nil:
		err = b.journal.Answer(noteCtx, a.ID, journal.Begun, a.Identifier)
	case isEnd(codeOf(err)):
		b.log.Info("the node cannot pay", "attempt", a.ID, "error", err)
		err = b.journal.Answer(noteCtx, a.ID, journal.Refused, a.Identifier)
	default:
		b.log.Warn("an order to pay was not answered, it may have been carried out", "attempt", a.ID, "error", err)
		err = nil
	}
	if err != nil {
		b.log.Error("the answer to an order to pay is lost", "attempt", a.ID, "error", err)
	}
}

// isEnd tells whether an error of pay says that this order pays nothing, for ever. All
// others may stand for a payment that goes on.
func isEnd(code int) bool {
	switch code {
	case codeDestination, codeNoRoute, codeTooDear, codeExpired:
		return true
	}
	return false
}
