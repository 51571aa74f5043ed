package mint

import (
	"context"
	"errors"
	"fmt"
	"sync"

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
	// MaxAside bounds how many are kept. What a backend reports beyond that is in the log.
	MaxAside = 10_000
)

// Reasons of a payment itself, for ever.
var (
	errOtherUnit  = errors.New("payment in another unit than its quote")
	errNoAmount   = errors.New("payment of nothing")
	errPaymentID  = errors.New("payment with an id of another length than 1 to 255 bytes")
	errNotOfQuote = []error{errOtherUnit, errNoAmount, errPaymentID, cashu.ErrAmountOverflow, ErrOtherPayment}
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

func (m *Mint) setAside(ctx context.Context, b Backend, p lightning.Incoming, failure error) error {
	row := SetAside{
		Backend: b.Name, Method: p.Method, LookupID: short(p.LookupID), PaymentID: short(p.PaymentID), Unit: p.Unit, Amount: p.Amount,
		Why: short(failure.Error()), At: m.now(),
	}
	var fresh, full bool
	err := m.store.Update(ctx, Durable, func(tx Tx) error {
		before, err := tx.PaymentsAside(ctx, MaxAside)
		if full = len(before) >= MaxAside; err != nil || full {
			return err
		}
		fresh, err = tx.SetPaymentAside(ctx, row)
		return err
	})
	if err != nil {
		return fmt.Errorf("setting a payment aside: %w", err)
	}
	if fresh || full {
		m.log.Error("a payment that a backend reports cannot be taken in; it is set aside, and somebody has to look at it: mintd lightning aside",
			"backend", b.Name, "method", p.Method, "unit", string(p.Unit), "amount", uint64(p.Amount), "kept", !full, "error", failure)
	}
	return nil
}

// short is as much of a text from outside as is kept.
func short(s string) string { return s[:min(len(s), 4*maxPaymentID)] }

// retryAside tries again to take in what was set aside. A fault of the database that is
// over, or a quote that has come to light, needs nobody.
func (m *Mint) retryAside(ctx context.Context) (taken int, err error) {
	list, err := m.store.PaymentsAside(ctx, MaxAside)
	if err != nil {
		return 0, fmt.Errorf("listing payments that were set aside: %w", err)
	}
	for _, row := range list {
		for _, b := range m.cfg.Backends {
			if b.Name != row.Backend || b.Receiver == nil {
				continue
			}
			q, err := m.store.MintQuoteByLookup(ctx, row.Method, row.LookupID)
			if err != nil || !m.believes(b, q) {
				continue
			}
			p := lightning.Incoming{Method: row.Method, LookupID: row.LookupID, PaymentID: row.PaymentID, Amount: row.Amount, Unit: row.Unit}
			if m.takePayment(ctx, q, p) != nil { // or it was taken in meanwhile
				continue
			}
			err = m.store.Update(ctx, Deferred, func(tx Tx) error {
				_, err := tx.TakePaymentBack(ctx, row)
				return err
			})
			if err != nil {
				return taken, fmt.Errorf("noting that a payment was taken in: %w", err)
			}
			taken++
		}
		if ctx.Err() != nil {
			return taken, ctx.Err()
		}
	}
	return taken, nil
}
