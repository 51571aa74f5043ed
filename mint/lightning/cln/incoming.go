package cln

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/journal"
)

const (
	// labelPrefix tells the invoices of a mint from others of the node.
	labelPrefix = "mintmark-"
	// cursorNote and the key of a node are up to which of its paid invoices the mint has
	// heard. Every node counts for itself.
	cursorNote = "cln.pay_index."
	// cancelledNote and a payment hash are there for an invoice that was taken back, of
	// which the node then knows nothing.
	cancelledNote = "cln.cancelled."
	// longPoll is how long the node is asked to wait for the next one.
	longPoll = 30 * time.Second
)

// CreateInvoice implements lightning.Receiver.
func (b *Backend) CreateInvoice(ctx context.Context, r lightning.InvoiceRequest) (v lightning.Invoice, err error) {
	const doing = "create a request"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return v, b.wrap(doing, err)
	}
	defer leave()
	amount, err := b.mayAsk(r)
	switch {
	case err != nil:
	case r.Method == lightning.MethodBolt12:
		v, err = b.createOffer(ctx, r, amount)
	default:
		v, err = b.createInvoice(ctx, r, amount)
	}
	return v, b.wrap(doing, err)
}

// mayAsk checks a request against the settings and returns the amount in msat.
func (b *Backend) mayAsk(r lightning.InvoiceRequest) (uint64, error) {
	refused := func(why string) (uint64, error) { return 0, fmt.Errorf("%w: %s", lightning.ErrRefused, why) }
	for _, s := range b.in {
		if s.Method != r.Method || s.Unit != r.Unit {
			continue
		}
		amount, err := toMsat(r.Amount, r.Unit)
		switch {
		case r.Amount == 0 && !s.Amountless:
			return refused("no amount")
		case err != nil || amount > maxBitcoin || r.Amount != 0 && r.Amount < s.MinAmount || s.MaxAmount != 0 && r.Amount > s.MaxAmount:
			return refused("amount is out of range")
		case len(r.Description) > bolt11.MaxDescription || !utf8.ValidString(r.Description):
			return refused("description is too long or not UTF-8")
		case !r.Expiry.IsZero() && r.Expiry.Sub(b.journal.Now()) < time.Second:
			return refused("it would be expired already")
		}
		return amount, nil
	}
	return refused("method or unit is not supported")
}

func (b *Backend) createInvoice(ctx context.Context, r lightning.InvoiceRequest, amount uint64) (v lightning.Invoice, err error) {
	params := map[string]any{"amount_msat": amount, "label": labelPrefix + rand.Text(), "description": r.Description}
	if !r.Expiry.IsZero() {
		params["expiry"] = int64(r.Expiry.Sub(b.journal.Now()) / time.Second)
	}
	var made struct {
		Bolt11 string `json:"bolt11"`
	}
	if err := b.quick(ctx, "invoice", params, &made); err != nil {
		return v, err
	}
	invoice, err := bolt11.Decode(made.Bolt11)
	switch {
	case err != nil:
		return v, fmt.Errorf("the node made no invoice: %w", err)
	case invoice.Network != b.cfg.Network:
		return v, fmt.Errorf("the node is one of network %s", invoice.Network)
	case invoice.AmountMsat != amount:
		return v, errors.New("the node made an invoice of another amount")
	}
	return lightning.Invoice{Request: made.Bolt11, LookupID: fmt.Sprintf("%x", invoice.PaymentHash), Expiry: invoice.ExpiresAt().UTC()}, nil
}

// createOffer makes an offer that is none of before. The node gives the same offer for
// the same words, so the end is moved until it is new.
func (b *Backend) createOffer(ctx context.Context, r lightning.InvoiceRequest, amount uint64) (v lightning.Invoice, err error) {
	end := r.Expiry
	if end.IsZero() {
		end = b.journal.Now().AddDate(10, 0, 0)
	}
	for range 20 {
		params := map[string]any{"amount": "any", "label": labelPrefix + rand.Text(), "description": r.Description, "absolute_expiry": end.Unix()}
		if amount != 0 {
			params["amount"] = exactly(amount)
		}
		var made struct {
			OfferID string `json:"offer_id"`
			Bolt12  string `json:"bolt12"`
			Created *bool  `json:"created"`
		}
		if err := b.quick(ctx, "offer", params, &made); err != nil {
			return v, err
		}
		if made.Created == nil || !isHash(made.OfferID) || made.Bolt12 == "" {
			return v, errors.New("the node made no offer")
		}
		if *made.Created {
			return lightning.Invoice{Request: made.Bolt12, LookupID: made.OfferID, Expiry: time.Unix(end.Unix(), 0).UTC()}, nil
		}
		end = end.Add(-time.Second)
	}
	return v, errors.New("the node makes no new offer")
}

// CheckIncoming implements lightning.Receiver.
func (b *Backend) CheckIncoming(ctx context.Context, method, lookupID string) ([]lightning.Incoming, error) {
	const doing = "check a request"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return nil, b.wrap(doing, err)
	}
	defer leave()
	list, err := b.check(ctx, method, lookupID)
	return list, b.wrap(doing, err)
}

func (b *Backend) check(ctx context.Context, method, lookupID string) (list []lightning.Incoming, err error) {
	if !isHash(lookupID) {
		return nil, lightning.ErrUnknownRequest
	}
	key := "payment_hash"
	if method == lightning.MethodBolt12 {
		key = "offer_id"
		var offers struct {
			Offers []struct{} `json:"offers"`
		}
		if err := b.quick(ctx, "listoffers", map[string]any{"offer_id": lookupID}, &offers); err != nil {
			return nil, err
		}
		if len(offers.Offers) == 0 {
			return nil, lightning.ErrUnknownRequest
		}
	}
	var found invoices
	if err := b.quick(ctx, "listinvoices", map[string]any{key: lookupID}, &found); err != nil {
		return nil, err
	}
	if method == lightning.MethodBolt11 && len(found.Invoices) == 0 {
		_, err := b.journal.Note(ctx, cancelledNote+lookupID)
		if errors.Is(err, journal.ErrNotFound) {
			err = lightning.ErrUnknownRequest
		}
		return nil, err
	}
	for _, v := range found.Invoices {
		p, ok := b.received(v)
		if ok && p.Method == method && p.LookupID == lookupID {
			list = append(list, p)
		}
	}
	return list, nil
}

// received is the payment of an invoice, if it has one that counts.
func (b *Backend) received(v invoice) (p lightning.Incoming, ok bool) {
	if v.Status != statusPaid || v.Received == nil || !isHash(v.Hash) || v.OfferID != "" && !isHash(v.OfferID) {
		return p, false
	}
	p = lightning.Incoming{
		Method: lightning.MethodBolt11, LookupID: v.Hash, PaymentID: v.Hash,
		Amount: fromMsat(uint64(*v.Received), b.cfg.Unit, false), Unit: b.cfg.Unit, At: time.Unix(int64(v.PaidAt), 0).UTC(),
	}
	if v.OfferID != "" {
		p.Method, p.LookupID = lightning.MethodBolt12, v.OfferID
	}
	return p, p.Amount > 0
}

// CancelInvoice implements lightning.Canceller. An offer can be paid by others, too.
func (b *Backend) CancelInvoice(ctx context.Context, method, lookupID string) error {
	const doing = "cancel an invoice"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return b.wrap(doing, err)
	}
	defer leave()
	if method != lightning.MethodBolt11 || !isHash(lookupID) {
		return nil
	}
	var found invoices
	if err := b.quick(ctx, "listinvoices", map[string]any{"payment_hash": lookupID}, &found); err != nil {
		return b.wrap(doing, err)
	}
	for _, v := range found.Invoices {
		if v.Status != statusUnpaid {
			continue
		}
		if err := b.journal.SetNote(ctx, cancelledNote+lookupID, v.Label); err != nil {
			return b.wrap(doing, err)
		}
		err := b.quick(ctx, "delinvoice", map[string]any{"label": v.Label, "status": statusUnpaid}, &struct{}{})
		if code := codeOf(err); code == codeNoInvoice || code == codeWrongStatus {
			err = nil // somebody else has, or it was paid at this moment
		}
		if err != nil {
			return b.wrap(doing, err)
		}
	}
	return nil
}
