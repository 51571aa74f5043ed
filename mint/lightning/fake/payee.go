package fake

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/bits"
	"strconv"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// payee is who is to be paid, whatever the method.
type payee struct {
	description string         // steers the payment
	lookup      string         // names the request, if it is one of this node
	invoice     bolt11.Invoice // only bolt11
	msat        uint64         // asked for; 0: the payer decides
}

// readPayee reads the request of a payment.
func readPayee(method, request string) (payee, error) {
	switch method {
	case lightning.MethodBolt11:
		v, err := decode(request)
		return payee{description: v.Description, invoice: v, msat: v.AmountMsat}, err
	case lightning.MethodBolt12:
		o, err := readOffer(request)
		if err != nil {
			return payee{}, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
		}
		return payee{description: o.description, lookup: o.id, msat: o.msat}, nil
	case lightning.MethodOnchain:
		if err := checkAddress(request); err != nil {
			return payee{}, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
		}
	}
	return payee{lookup: request}, nil
}

// quoteOther is QuotePayment for what is not bolt11. Nothing of it must not be paid
// twice, so the quote has no LookupID.
func (b *Backend) quoteOther(r lightning.PaymentRequest, s lightning.PaySettings) (q lightning.PaymentQuote, err error) {
	p, err := readPayee(r.Method, r.Request)
	if err != nil {
		return q, err
	}
	msat := p.msat
	switch {
	case r.PartMsat != 0:
		return q, fmt.Errorf("%w: parts are not supported", lightning.ErrRefused)
	case r.AmountMsat != 0 && p.msat != 0 && r.AmountMsat != p.msat:
		return q, lightning.ErrOtherAmount
	case r.Method != lightning.MethodBolt12:
		// The wallet says how much, in its unit, and nobody else does.
		if msat, err = b.cfg.msat(r.Amount, r.Unit); err != nil {
			return q, err
		}
		q.Amount = r.Amount
	case msat == 0 && s.Amountless:
		msat = r.AmountMsat
	}
	if msat == 0 {
		return q, lightning.ErrAmountless
	}
	if q.Amount == 0 {
		if q.Amount, err = b.cfg.fromMsat(msat, r.Unit); err != nil {
			return q, err
		}
	}
	q.Terms, q.FeeReserve = strconv.FormatUint(msat, 10), b.feeReserve(q.Amount)
	if r.Method == lightning.MethodOnchain {
		// Slow for what is reserved anyway, and faster for more.
		least := max(q.FeeReserve, 1)
		for i, blocks := range []uint32{6, 3, 1} {
			high, reserve := bits.Mul64(uint64(least), 1<<i)
			if high != 0 {
				return q, fmt.Errorf("%w: fees overflow", lightning.ErrRefused)
			}
			q.Options = append(q.Options, lightning.FeeOption{Index: uint32(i), Reserve: cashu.Amount(reserve), Blocks: blocks})
		}
		q.FeeReserve = least
	}
	return q, nil
}

// debtOf names what is owed to who asks without an invoice. It may be paid again.
func debtOf(request string) []byte {
	sum := sha256.Sum256([]byte(request))
	return sum[:]
}

// attemptOther fills in the row of an attempt that is not bolt11.
func (b *Backend) attemptOther(row *paymentRow, p lightning.Payment) {
	if p.Method != lightning.MethodOnchain {
		return
	}
	// Of what is reserved for the chain, a quarter is left over.
	row.fee = p.MaxFee - p.MaxFee/4
	row.ends = row.ends.Add(b.confirming(p.Method))
	row.proof = fmt.Sprintf("%x:0", sha256.Sum256([]byte(p.ID)))
}

// payOwn lets a request of this node receive what it is paid. Another's has nobody to
// receive it.
func (b *Backend) payOwn(ctx context.Context, tx sqldb.Tx, row *paymentRow, lookup string) error {
	if paid := outcome(lightning.PaymentPaid); row.returns != paid && row.checks != paid {
		if !mayPay(row.returns, row.checks) {
			row.counted = 0
		}
		return nil
	}
	own, err := findRequest(ctx, tx, lookup)
	if errors.Is(err, lightning.ErrUnknownRequest) || err == nil && own.method != row.method {
		return nil
	}
	if err != nil {
		return err
	}
	amount := row.amount
	if own.unit != row.unit {
		if amount, err = b.cfg.received(row.counted, own.unit); err != nil || amount == 0 {
			return err
		}
	}
	// It arrives when the payment ends, which for the chain is when it counts.
	err = b.deposit(ctx, tx, lookup, amount, row.ends.Add(-b.confirming(row.method)))
	if errors.Is(err, ErrExpired) {
		row.returns, row.checks, row.counted = outcome(lightning.PaymentFailed), outcome(lightning.PaymentFailed), 0
		return nil
	}
	return err
}

// broadcast tells whether the proof of a payment can be known before it has ended:
// when a transaction is on its way, everybody can see it.
func (r paymentRow) broadcast(now time.Time) bool {
	return r.method == lightning.MethodOnchain && !now.Before(r.begun) && mayPay(r.returns, r.checks)
}
