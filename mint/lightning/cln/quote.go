package cln

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"math/bits"
	"strings"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// terms is what a payment needs to know of its quote.
type terms struct {
	// Msat to pay, of the payee's own request or chosen.
	Msat uint64 `json:"msat"`
	// Chosen: the request asks for no amount. Part: it asks for more.
	Chosen bool `json:"chosen,omitempty"`
	Part   bool `json:"part,omitempty"`
}

const maxRequest = 8192

// QuotePayment implements lightning.Payer.
func (b *Backend) QuotePayment(ctx context.Context, r lightning.PaymentRequest) (q lightning.PaymentQuote, err error) {
	const doing = "quote a payment"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return q, b.wrap(doing, err)
	}
	defer leave()
	q, err = b.quote(ctx, r)
	return q, b.wrap(doing, err)
}

func (b *Backend) quote(ctx context.Context, r lightning.PaymentRequest) (q lightning.PaymentQuote, err error) {
	s, err := b.payable(r.Method, r.Unit)
	if err != nil {
		return q, err
	}
	var asked uint64
	if r.Method == lightning.MethodBolt11 {
		_, invoice, err := b.readInvoice(r.Request)
		if err != nil {
			return q, err
		}
		asked, q.LookupID, q.Expiry = invoice.AmountMsat, fmt.Sprintf("%x", invoice.PaymentHash), invoice.ExpiresAt().UTC()
	} else if asked, q.Expiry, err = b.readOffer(ctx, r.Request); err != nil {
		return q, err
	}
	t, err := toPay(asked, r, s)
	if err != nil {
		return q, err
	}
	if t.Part {
		q.LookupID += "-" + rand.Text() // every part is paid for itself
	}
	q.Amount = fromMsat(t.Msat, b.cfg.Unit, true)
	if t.Msat > maxBitcoin || q.Amount < s.MinAmount || s.MaxAmount != 0 && q.Amount > s.MaxAmount {
		return lightning.PaymentQuote{}, fmt.Errorf("%w: amount is out of range", lightning.ErrRefused)
	}
	high, low := bits.Mul64(uint64(q.Amount), b.cfg.FeePPM)
	fee, _ := bits.Div64(high, low, 1_000_000) // FeePPM is at most a million
	q.FeeReserve = max(cashu.Amount(fee), b.cfg.FeeReserveMin)
	text, err := json.Marshal(t)
	q.Terms = string(text)
	return q, err
}

func (b *Backend) payable(method string, unit cashu.Unit) (lightning.PaySettings, error) {
	for _, s := range b.out {
		if s.Method == method && s.Unit == unit {
			return s, nil
		}
	}
	return lightning.PaySettings{}, fmt.Errorf("%w: method or unit is not supported", lightning.ErrRefused)
}

// readInvoice reads a stranger's invoice, and says when nobody should pay it.
func (b *Backend) readInvoice(request string) (string, bolt11.Invoice, error) {
	const scheme = "lightning:"
	if len(request) > len(scheme) && strings.EqualFold(request[:len(scheme)], scheme) {
		request = request[len(scheme):]
	}
	invoice, err := bolt11.Decode(request)
	switch {
	case err != nil:
		err = fmt.Errorf("%w: %w", lightning.ErrRefused, err)
	case invoice.Network != b.cfg.Network:
		err = fmt.Errorf("%w: an invoice of network %s", lightning.ErrRefused, invoice.Network)
	case !b.journal.Now().Before(invoice.ExpiresAt()):
		err = lightning.ErrRequestExpired
	}
	return request, invoice, err
}

// readOffer lets the node read a stranger's offer.
func (b *Backend) readOffer(ctx context.Context, request string) (msat uint64, until time.Time, err error) {
	refused := func(why string) (uint64, time.Time, error) {
		return 0, until, fmt.Errorf("%w: %s", lightning.ErrRefused, why)
	}
	if len(request) > maxRequest || !strings.HasPrefix(strings.ToLower(request), "lno1") {
		return refused("not an offer")
	}
	var d decoded
	if err := b.quick(ctx, "decode", map[string]any{"string": request}, &d); err != nil {
		if codeOf(err) != 0 {
			return refused("not an offer that the node can read")
		}
		return 0, until, err
	}
	switch {
	case !d.Valid || d.Type != "bolt12 offer":
		return refused("not an offer that the node can read")
	case d.Currency != "":
		return refused("an offer in another currency")
	}
	if d.Until != 0 && d.Until < 1<<40 {
		until = time.Unix(int64(d.Until), 0).UTC()
		if !b.journal.Now().Before(until) {
			return 0, until, lightning.ErrRequestExpired
		}
	}
	if d.Offered != nil {
		msat = uint64(*d.Offered)
	}
	return msat, until, nil
}

// toPay is how much is to be paid (NUT-15, NUT-23, NUT-25).
func toPay(asked uint64, r lightning.PaymentRequest, s lightning.PaySettings) (terms, error) {
	switch {
	case r.PartMsat != 0 && (!s.MultiPath || r.AmountMsat != 0):
		return terms{}, fmt.Errorf("%w: parts are not supported", lightning.ErrRefused)
	case r.PartMsat != 0 && asked == 0:
		return terms{}, fmt.Errorf("%w: a part of it", lightning.ErrAmountless)
	case r.PartMsat > asked && r.PartMsat != 0:
		return terms{}, fmt.Errorf("%w: the part is more than the whole", lightning.ErrOtherAmount)
	case r.PartMsat != 0:
		return terms{Msat: r.PartMsat, Part: r.PartMsat < asked}, nil
	case r.AmountMsat != 0 && asked != 0 && r.AmountMsat != asked:
		return terms{}, lightning.ErrOtherAmount
	case asked != 0:
		return terms{Msat: asked}, nil
	case r.AmountMsat == 0 || !s.Amountless:
		return terms{}, lightning.ErrAmountless
	case r.AmountMsat > maxBitcoin:
		return terms{}, fmt.Errorf("%w: amount is out of range", lightning.ErrRefused)
	}
	return terms{Msat: r.AmountMsat, Chosen: true}, nil
}

var errTerms = errors.New("not as it was quoted")
