package lnd

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"math/bits"
	"net/http"
	"strings"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// terms are what the backend wants to be told again when it pays.
type terms struct {
	Msat uint64 `json:"msat"`           // of the payment
	Part bool   `json:"part,omitempty"` // of the invoice
}

// readTerms reads the terms of an order to pay this invoice.
func readTerms(text string, v bolt11.Invoice) (t terms, ok bool) {
	decoder := json.NewDecoder(strings.NewReader(text))
	decoder.DisallowUnknownFields()
	if decoder.Decode(&t) != nil || t.Msat == 0 || t.Msat > maxMsat {
		return t, false
	}
	if t.Part {
		return t, t.Msat <= v.AmountMsat
	}
	return t, v.AmountMsat == 0 || t.Msat == v.AmountMsat
}

// bare is a request without the scheme that wallets may put before it.
func bare(request string) string {
	const scheme = "lightning:"
	if len(request) > len(scheme) && strings.EqualFold(request[:len(scheme)], scheme) {
		return request[len(scheme):]
	}
	return request
}

// QuotePayment implements lightning.Payer.
func (b *Backend) QuotePayment(ctx context.Context, r lightning.PaymentRequest) (lightning.PaymentQuote, error) {
	const doing = "quote a payment"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return lightning.PaymentQuote{}, wrap(doing, err)
	}
	defer leave()
	q, err := b.quote(ctx, r)
	return q, wrap(doing, err)
}

func (b *Backend) quote(ctx context.Context, r lightning.PaymentRequest) (q lightning.PaymentQuote, err error) {
	if r.Method != lightning.MethodBolt11 || r.Unit != b.cfg.Unit {
		return q, refuse("method or unit is not supported")
	}
	v, err := bolt11.Payable(r.Request, b.cfg.Network, b.cfg.Clock())
	if err != nil {
		return q, err
	}
	t := terms{Part: r.PartMsat != 0}
	if t.Msat, err = v.ToPay(r, b.PaySettings()[0]); err != nil {
		return q, err
	}
	q.Amount = b.roundUp(t.Msat)
	if t.Msat > maxMsat || q.Amount < b.cfg.MinAmount || b.cfg.MaxAmount != 0 && q.Amount > b.cfg.MaxAmount {
		return lightning.PaymentQuote{}, refuse("amount is out of range")
	}
	q.LookupID = hex.EncodeToString(v.PaymentHash[:])
	if t.Part {
		q.LookupID += "-" + rand.Text() // every part is paid for itself
	}
	text, err := json.Marshal(t)
	if err != nil {
		return q, err
	}
	q.Terms, q.Expiry = string(text), v.ExpiresAt()
	q.FeeReserve = b.reserve(ctx, q.Amount, v, t, r.Request)
	return q, nil
}

// reserve is what the payment may cost on top.
func (b *Backend) reserve(ctx context.Context, amount cashu.Amount, v bolt11.Invoice, t terms, request string) cashu.Amount {
	if b.cfg.Probe && v.AmountMsat != 0 && !t.Part {
		fee, err := b.probe(ctx, request)
		if err == nil && fee <= maxMsat {
			return max(b.roundUp(fee+fee/10), b.cfg.FeeReserveMin)
		}
		b.log.Info("a probe found no fee, the configured share counts", "error", err)
	}
	high, low := bits.Mul64(uint64(amount), b.cfg.FeePPM)
	share, rest := bits.Div64(high, low, 1_000_000) // a share of at most a million millionths
	if rest > 0 {
		share++
	}
	return max(cashu.Amount(share), b.cfg.FeeReserveMin)
}

// probe lets the node try the way to the payee, with a hash that nobody can take money
// for.
func (b *Backend) probe(ctx context.Context, request string) (msat uint64, err error) {
	const limit = 5 * time.Second
	ctx, cancel := context.WithTimeout(ctx, 2*limit)
	defer cancel()
	var v struct {
		Fee     number `json:"routing_fee_msat"`
		Failure string `json:"failure_reason"`
	}
	err = b.client.call(ctx, http.MethodPost, "/v2/router/route/estimatefee", map[string]any{
		"payment_request": strings.ToLower(bare(request)), "timeout": int(limit / time.Second),
	}, &v)
	if err == nil && v.Failure != "" && v.Failure != "FAILURE_REASON_NONE" {
		err = fmt.Errorf("the probe ended with %s", v.Failure)
	}
	return uint64(v.Fee), err
}
