package mint

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// A payment that cannot be taken in must not keep those behind it waiting: a backend
// delivers the next one only when this one was accepted. So it is set aside, in the
// database, for the operator: it is somebody's money.

const (
	// asideAfter is how often in a row a payment must have failed, for no reason that is
	// known to be its own, while the database took other writes.
	asideAfter = 5
	// MaxAside bounds how many of each backend are open. What it reports beyond that is in
	// the log, and is not accepted: it has to report it again.
	MaxAside = 10_000
)

// Reasons of a payment itself, for ever.
var (
	errOtherUnit  = errors.New("payment in another unit than its quote")
	errNoAmount   = errors.New("payment of nothing")
	errPaymentID  = errors.New("payment with an id of another length than 1 to 255 bytes")
	errNotOfQuote = []error{errOtherUnit, errNoAmount, errPaymentID, cashu.ErrAmountOverflow, ErrOtherPayment}
)

var (
	// errAsideFull: a backend keeps reporting what cannot be taken in.
	errAsideFull = errors.New("too many payments of this backend are set aside; settle them: mintd lightning aside")
	// errOvertaken: it may be right the next time.
	errOvertaken = errors.New("somebody has decided about the payment meanwhile")
)

const maxPaymentID = 255

// ownFault tells whether a payment could not be taken in for a reason of its own.
func ownFault(err error) bool {
	for _, own := range errNotOfQuote {
		if errors.Is(err, own) {
			return true
		}
	}
	return false
}

// troubles counts how often payments failed in a row. The zero value is ready.
type troubles struct {
	mu    sync.Mutex
	times map[paymentName]int
}

type paymentName struct{ backend, method, lookup, payment string }

// again counts one more failure. It remembers few payments: a backend stops at the first
// that fails.
func (t *troubles) again(name paymentName) int {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.times == nil || len(t.times) >= 1000 {
		t.times = map[paymentName]int{}
	}
	t.times[name]++
	return t.times[name]
}

func (t *troubles) over(name paymentName) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.times, name)
}

// orAside makes of a payment that could not be taken in one that was set aside, unless
// it may only have been the wrong moment: then it returns the error, and whoever reports
// the payment reports it again.
func (m *Mint) orAside(ctx context.Context, b Backend, p lightning.Incoming, failure error) error {
	name := paymentName{b.Name, p.Method, p.LookupID, p.PaymentID}
	if failure == nil {
		m.troubles.over(name)
		return nil
	}
	if ctx.Err() != nil || !ownFault(failure) && m.troubles.again(name) < asideAfter {
		return failure
	}
	// Also if the database is what fails: then it does not take this either.
	if err := m.setAside(ctx, b, p, failure); err != nil {
		return errors.Join(failure, err)
	}
	m.troubles.over(name)
	return nil
}

// asideOf is a payment as it is set aside, or looked for among those that were.
func asideOf(b Backend, p lightning.Incoming) SetAside {
	return SetAside{
		Backend: b.Name, Method: p.Method, LookupID: short(p.LookupID), PaymentID: short(p.PaymentID), Unit: p.Unit, Amount: p.Amount,
	}
}

// short is as much of a text from outside as is kept: whole characters of it.
func short(s string) string {
	return strings.ToValidUTF8(s[:min(len(s), 4*maxPaymentID)], "\uFFFD")
}

func (m *Mint) setAside(ctx context.Context, b Backend, p lightning.Incoming, failure error) error {
	row := asideOf(b, p)
	row.Why, row.Own, row.At = short(failure.Error()), ownFault(failure), m.now()
	var fresh, full bool
	err := m.store.Update(ctx, Durable, func(tx Tx) error {
		fresh, full = false, false
		if _, err := tx.PaymentAside(ctx, row); !errors.Is(err, ErrNotFound) {
			return err // it is kept already, open or settled
		}
		kept, err := tx.CountAside(ctx)
		if full = kept[b.Name] >= MaxAside; err != nil || full {
			return err
		}
		fresh, err = tx.SetPaymentAside(ctx, row)
		return err
	})
	switch {
	case err != nil:
		return fmt.Errorf("setting a payment aside: %w", err)
	case full:
		err = errAsideFull
	case !fresh:
		return nil
	}
	m.log.Error("a payment that a backend reports cannot be taken in; it is set aside, and somebody has to look at it: mintd lightning aside",
		"backend", row.Backend, "method", row.Method, "request", row.LookupID, "payment", row.PaymentID,
		"unit", string(row.Unit), "amount", uint64(row.Amount), "kept", fresh, "error", failure)
	return err
}

// takeIn adds a payment to its quote, unless it was settled, and ends in the same commit
// that it is set aside.
func takeIn(ctx context.Context, tx Tx, q MintQuote, p SetAside, at time.Time) (added bool, err error) {
	aside, err := tx.PaymentAside(ctx, p)
	switch {
	case errors.Is(err, ErrNotFound):
		return tx.AddPayment(ctx, q.ID, p.PaymentID, p.Amount, at)
	case err != nil || !aside.Settled.IsZero():
		return false, err
	}
	added, err = tx.AddPayment(ctx, q.ID, p.PaymentID, p.Amount, at)
	if err != nil || aside.Amount != p.Amount || aside.Unit != p.Unit { // the other one stays
		return added, err
	}
	if was, err := tx.TakePaymentBack(ctx, p); err != nil || !was {
		return false, errors.Join(errOvertaken, err)
	}
	return added, nil
}

// retryAside tries again to take in what was set aside. A fault of the database that is
// over, or a quote that has come to light, needs nobody. What is the payment's own fault
// stays so.
func (m *Mint) retryAside(ctx context.Context) (taken int, err error) {
	list, err := m.store.PaymentsAside(ctx, MaxAside)
	if err != nil {
		return 0, fmt.Errorf("listing payments that were set aside: %w", err)
	}
	for _, row := range list {
		if ctx.Err() != nil {
			return taken, ctx.Err()
		}
		if row.Own {
			continue
		}
		switch found, err := m.takeAside(ctx, row); {
		case found && err == nil:
			taken++
		case ownFault(err):
			row.Own, row.Why = true, short(err.Error())
			err := m.store.Update(ctx, Deferred, func(tx Tx) error {
				_, err := tx.MarkAside(ctx, row)
				return err
			})
			if err != nil {
				return taken, fmt.Errorf("noting why a payment is set aside: %w", err)
			}
		}
	}
	return taken, nil
}

// takeAside takes in a payment that was set aside, if there is a quote now that it is for.
func (m *Mint) takeAside(ctx context.Context, row SetAside) (found bool, err error) {
	i := slices.IndexFunc(m.cfg.Backends, func(b Backend) bool { return b.Name == row.Backend && b.Receiver != nil })
	if i < 0 {
		return false, nil
	}
	q, err := m.store.MintQuoteByLookup(ctx, row.Method, row.LookupID)
	if err != nil || !m.believes(m.cfg.Backends[i], q) {
		return false, err
	}
	return true, m.takePayment(ctx, m.cfg.Backends[i], q, lightning.Incoming{
		Method: row.Method, LookupID: row.LookupID, PaymentID: row.PaymentID, Amount: row.Amount, Unit: row.Unit,
	})
}
