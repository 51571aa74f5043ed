package fake

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"strings"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// PaySettings implements lightning.Payer.
func (b *Backend) PaySettings() []lightning.PaySettings { return b.payable }

// QuotePayment implements lightning.Payer. Invoices of any known chain and any
// age are good: wallets are tried out with old ones.
func (b *Backend) QuotePayment(ctx context.Context, r lightning.PaymentRequest) (lightning.PaymentQuote, error) {
	const doing = "quote a payment"
	settings, err := b.payableFor(r.Method, r.Unit)
	if err != nil {
		return lightning.PaymentQuote{}, wrap(doing, err)
	}
	if r.Method != lightning.MethodBolt11 {
		q, err := b.quoteOther(r, settings)
		if err == nil && (q.Amount < settings.MinAmount || settings.MaxAmount != 0 && q.Amount > settings.MaxAmount) {
			err = fmt.Errorf("%w: amount is out of range", lightning.ErrRefused)
		}
		return q, wrap(doing, err)
	}
	invoice, err := decode(r.Request)
	if err != nil {
		return lightning.PaymentQuote{}, wrap(doing, err)
	}
	msat, err := invoice.ToPay(r, settings)
	if err != nil {
		return lightning.PaymentQuote{}, wrap(doing, err)
	}
	q := lightning.PaymentQuote{LookupID: hex.EncodeToString(invoice.PaymentHash[:]), Terms: strconv.FormatUint(msat, 10)}
	if q.Amount, err = b.cfg.fromMsat(msat, r.Unit); err != nil {
		return lightning.PaymentQuote{}, wrap(doing, err)
	}
	if q.Amount < settings.MinAmount || settings.MaxAmount != 0 && q.Amount > settings.MaxAmount {
		return lightning.PaymentQuote{}, wrap(doing, fmt.Errorf("%w: amount is out of range", lightning.ErrRefused))
	}
	q.FeeReserve = b.feeReserve(q.Amount)
	if r.PartMsat != 0 {
		if err := b.refuseOwn(ctx, invoice); err != nil {
			return lightning.PaymentQuote{}, wrap(doing, err)
		}
		q.LookupID += "-" + rand.Text() // every part is paid for itself
	}
	return q, nil
}

func (b *Backend) payableFor(method string, unit cashu.Unit) (lightning.PaySettings, error) {
	for _, s := range b.payable {
		if s.Method == method && s.Unit == unit {
			return s, nil
		}
	}
	return lightning.PaySettings{}, fmt.Errorf("%w: method or unit is not supported", lightning.ErrRefused)
}

func decode(request string) (bolt11.Invoice, error) {
	if len(request) > len("lightning:") && strings.EqualFold(request[:len("lightning:")], "lightning:") {
		request = request[len("lightning:"):]
	}
	invoice, err := bolt11.Decode(request)
	if err != nil {
		return bolt11.Invoice{}, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
	}
	return invoice, nil
}

// feeReserve never overflows, because FeePPM is at most a million.
func (b *Backend) feeReserve(a cashu.Amount) cashu.Amount {
	high, low := bits.Mul64(uint64(a), b.cfg.FeePPM)
	fee, _ := bits.Div64(high, low, 1_000_000)
	return max(cashu.Amount(fee), b.cfg.FeeReserveMin)
}

// refuseOwn refuses to pay a part of an invoice of this node: it would wait for
// itself.
func (b *Backend) refuseOwn(ctx context.Context, invoice bolt11.Invoice) error {
	err := b.db.Read(ctx, func(tx sqldb.Tx) error {
		_, err := findInvoice(ctx, tx, invoice.PaymentHash[:])
		return err
	})
	switch {
	case errors.Is(err, lightning.ErrUnknownRequest):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("%w: a part of an invoice of this node", lightning.ErrRefused)
}
