package fake

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// errSteered is the error that a test asked for.
var errSteered = errors.New("this payment is steered to fail like this")

// unknownPreimage proves nothing. It stands for the preimage of an invoice of
// another node, because wallets expect 64 hex digits.
var unknownPreimage = strings.Repeat("0", 64)

// SendPayment implements lightning.Payer. The attempt is in the database, with its fate,
// before anybody waits for it.
func (b *Backend) SendPayment(ctx context.Context, p lightning.Payment) (lightning.Outgoing, error) {
	const doing = "pay"
	row, err := b.attempt(ctx, p)
	if err != nil {
		return lightning.Outgoing{}, wrap(doing, err)
	}
	// What the payee holds is looked at again and again. Any other wait is over when its
	// time is, whatever the clock says then.
	for held := true; held && row.left(b.now()) > 0; {
		wait := row.glance(row.left(b.now()))
		held = wait == holdPause
		timer := time.NewTimer(wait)
		select {
		case <-timer.C:
		case <-ctx.Done():
			timer.Stop()
			return row.pending(b.now()), nil
		case <-b.life.Done():
			timer.Stop()
			return lightning.Outgoing{}, wrap(doing, lightning.ErrClosed)
		}
		if row, err = b.payment(ctx, p.ID); err != nil {
			return lightning.Outgoing{}, wrap(doing, err)
		}
	}
	out, err := row.tell(row.returns)
	return out, wrap(doing, err)
}

// left is how long the payment still takes. A clock that was set back behind its
// beginning keeps nobody waiting: a real node would not notice.
func (r paymentRow) left(now time.Time) time.Duration {
	if now.Before(r.begun) {
		return 0
	}
	return r.ends.Sub(now)
}

// CheckPayment implements lightning.Payer.
func (b *Backend) CheckPayment(ctx context.Context, method, id string) (lightning.Outgoing, error) {
	const doing = "check a payment"
	row, err := b.payment(ctx, id)
	switch {
	case errors.Is(err, sqldb.ErrNoRows) || err == nil && row.method != method:
		return lightning.Outgoing{}, nil // what is not in the database was never begun
	case err != nil:
		return lightning.Outgoing{}, wrap(doing, err)
	case row.left(b.now()) > 0:
		return row.pending(b.now()), nil
	}
	out, err := row.tell(row.checks)
	return out, wrap(doing, err)
}

func (b *Backend) payment(ctx context.Context, id string) (row paymentRow, err error) {
	err = b.db.Read(ctx, func(tx sqldb.Tx) (err error) {
		row, err = findPayment(ctx, tx, id)
		return err
	})
	return row, err
}

// attempt finds the attempt or begins it.
func (b *Backend) attempt(ctx context.Context, p lightning.Payment) (row paymentRow, err error) {
	fresh, payee, err := b.newAttempt(p)
	if err != nil {
		return row, err
	}
	err = b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		row, err = findPayment(ctx, tx, p.ID)
		if !errors.Is(err, sqldb.ErrNoRows) {
			return err
		}
		row = fresh
		if row.method != lightning.MethodBolt11 {
			err = b.payOwn(ctx, tx, &row, payee.lookup)
		} else {
			err = b.collect(ctx, tx, &row, payee.invoice)
		}
		if err != nil {
			return err
		}
		return addPayment(ctx, tx, row)
	})
	if err == nil {
		b.ring() // an invoice of our own may be paid now
	}
	return row, err
}

// newAttempt is the row of an attempt that nothing stands in the way of.
func (b *Backend) newAttempt(p lightning.Payment) (row paymentRow, v payee, err error) {
	if _, err := b.payableFor(p.Method, p.Unit); err != nil {
		return row, v, err
	}
	if v, err = readPayee(p.Method, p.Request); err != nil {
		return row, v, err
	}
	msat, err := strconv.ParseUint(p.Terms, 10, 64)
	if err != nil || msat == 0 || p.ID == "" || p.Amount == 0 {
		return row, v, fmt.Errorf("%w: not as it was quoted", lightning.ErrRefused)
	}
	now := b.now()
	row = paymentRow{
		id: p.ID, method: p.Method, counted: msat, unit: p.Unit, amount: p.Amount,
		fee: min(cashu.Amount(max(b.cfg.PaymentFee, 0)), p.MaxFee), begun: now, ends: now.Add(duration(v.description, b.cfg.OutgoingDelay)),
		proof: unknownPreimage,
	}
	row.returns, row.checks = steering(v.description)
	if p.Method == lightning.MethodBolt11 {
		row.debt = v.invoice.PaymentHash[:]
	} else {
		row.debt = debtOf(p.Request)
		b.attemptOther(&row, p)
	}
	return row, v, nil
}

// collect is the payee: it takes no more than it asked for, whoever pays.
func (b *Backend) collect(ctx context.Context, tx sqldb.Tx, row *paymentRow, v bolt11.Invoice) error {
	paid, err := paidOf(ctx, tx, row.debt)
	if err != nil {
		return err
	}
	full := paid > 0 && (v.AmountMsat == 0 || paid+row.counted > v.AmountMsat)
	own, err := findInvoice(ctx, tx, row.debt)
	switch {
	case errors.Is(err, lightning.ErrUnknownRequest):
	case err != nil:
		return err
	case own.paidBy(row.begun) || !row.ends.Before(own.expires):
		full = true
	default:
		row.proof = hex.EncodeToString(own.preimage)
		if paid := outcome(lightning.PaymentPaid); !full && (row.returns == paid || row.checks == paid) {
			own.paid = row.ends
			if err := setPaid(ctx, tx, own); err != nil {
				return err
			}
		}
	}
	switch {
	case full:
		row.again = paid > 0
		row.returns, row.checks = outcome(lightning.PaymentFailed), outcome(lightning.PaymentFailed)
		row.counted = 0
		if row.glance(row.ends.Sub(row.begun)) == holdPause {
			row.ends = row.begun // nobody holds what is not coming
		}
	case !mayPay(row.returns, row.checks):
		row.counted = 0
	}
	return nil
}

// pending is an attempt that has not ended.
func (r paymentRow) pending(now time.Time) lightning.Outgoing {
	out := lightning.Outgoing{State: lightning.PaymentPending}
	if r.broadcast(now) {
		out.Proof = r.proof
	}
	return out
}

// tell puts an outcome into words.
func (r paymentRow) tell(o outcome) (lightning.Outgoing, error) {
	if o == failing {
		return lightning.Outgoing{}, errSteered
	}
	out := lightning.Outgoing{State: lightning.PaymentState(o)}
	if out.State == lightning.PaymentPaid {
		out.Spent, out.Proof = r.amount+r.fee, r.proof
	}
	return out, nil
}
