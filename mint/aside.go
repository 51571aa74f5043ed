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
	// errNotRecorded: a backend has reported a payment, the mint does not have it, and the log
	// says which one it is.
	errNotRecorded = errors.New("a payment could not be recorded")
	// errOvertaken: it may be right the next time.
	errOvertaken = errors.New("somebody has decided about the payment meanwhile")
)

// ErrInQuote: there is nothing to settle, and nothing to give back.
var ErrInQuote = errors.New("it is in its quote: whoever has the quote can mint it, so do not give it back")

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
	if ctx.Err() == nil && (ownFault(failure) || m.troubles.again(name) >= asideAfter) {
		// Also if the database is what fails: then it does not take this either.
		err := m.setAside(ctx, b, p, failure)
		if err == nil {
			m.troubles.over(name)
			return nil
		}
		failure = errors.Join(failure, err)
	}
	if !errors.Is(failure, errAsideFull) { // which has said so
		m.sayNotRecorded(b, p, failure)
	}
	return fmt.Errorf("%w: %w", errNotRecorded, failure)
}

// sayNotRecorded tells which payment has to be reported again, every time: nobody else may
// know of it.
func (m *Mint) sayNotRecorded(b Backend, p lightning.Incoming, failure error) {
	m.log.Error("a payment that a backend reports could not be recorded; it has to be reported again",
		"backend", b.Name, "method", p.Method, "request", short(p.LookupID), "payment", short(p.PaymentID),
		"unit", string(p.Unit), "amount", uint64(p.Amount), "error", failure)
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
	// If the quote is what cannot be read, this can: whoever settles it looks again.
	_, unreadable := InQuote(ctx, m.store, row)
	var fresh, full bool
	var other *SetAside
	err := m.store.Update(ctx, Durable, func(tx Tx) error {
		fresh, full, other = false, false, nil
		if unreadable == nil {
			if in, err := InQuote(ctx, tx, row); err != nil || in {
				return err // it was taken in after all
			}
		}
		if before, err := tx.PaymentAside(ctx, row); !errors.Is(err, ErrNotFound) {
			if err == nil {
				other = otherThan(row, before)
			}
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
		m.sayOther(row, other)
		return nil
	}
	m.log.Error("a payment that a backend reports cannot be taken in; it is set aside, and somebody has to look at it: mintd lightning aside",
		"backend", row.Backend, "method", row.Method, "request", row.LookupID, "payment", row.PaymentID,
		"unit", string(row.Unit), "amount", uint64(row.Amount), "kept", fresh, "error", failure)
	return err
}

// otherThan is what was kept of a payment, if it is not what is reported of it now.
func otherThan(p, kept SetAside) *SetAside {
	if kept.Amount == p.Amount && kept.Unit == p.Unit {
		return nil
	}
	return &kept
}

// sayOther tells the operator that a backend says two things of one payment, of which the
// list shows one.
func (m *Mint) sayOther(p SetAside, kept *SetAside) {
	if kept == nil {
		return
	}
	m.log.Error("a backend reports a payment with another amount or unit than the one that was set aside; somebody has to look at both: mintd lightning aside",
		"backend", p.Backend, "method", p.Method, "request", p.LookupID, "payment", p.PaymentID,
		"unit", string(p.Unit), "amount", uint64(p.Amount),
		"unit_aside", string(kept.Unit), "amount_aside", uint64(kept.Amount), "settled", !kept.Settled.IsZero())
}

// InQuote tells whether a payment is in its quote, so that it is nobody's to give back. In a
// transaction it keeps it from being taken in until the end: it locks the quote.
func InQuote(ctx context.Context, r MintQuoteReads, p SetAside) (bool, error) {
	q, err := r.MintQuoteByLookup(ctx, p.Method, p.LookupID)
	switch {
	case errors.Is(err, ErrNotFound):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("finding the quote of a payment: %w", err)
	case q.Unit != p.Unit || q.Backend != "" && q.Backend != p.Backend:
		return false, nil
	}
	known, err := r.KnownPayments(ctx, q.ID, []string{p.PaymentID})
	if err != nil {
		return false, fmt.Errorf("looking for the payment of a quote: %w", err)
	}
	amount, is := known[p.PaymentID]
	return is && amount == p.Amount, nil
}

// takeIn adds a payment to its quote, unless it was settled, and ends in the same commit
// that it is set aside. other is what was set aside under its name and is not the same.
func takeIn(ctx context.Context, tx Tx, q MintQuote, p SetAside, at time.Time) (added bool, other *SetAside, err error) {
	// The lock of the quote is what keeps it from being set aside meanwhile: a row that is
	// not there cannot be locked.
	if _, err := tx.MintQuote(ctx, q.Method, q.ID); err != nil {
		return false, nil, err
	}
	aside, err := tx.PaymentAside(ctx, p)
	switch {
	case errors.Is(err, ErrNotFound):
		added, err = tx.AddPayment(ctx, q.ID, p.PaymentID, p.Amount, at)
		return added, nil, err
	case err != nil:
		return false, nil, err
	}
	other = otherThan(p, aside)
	if !aside.Settled.IsZero() {
		return false, other, nil
	}
	added, err = tx.AddPayment(ctx, q.ID, p.PaymentID, p.Amount, at)
	if err != nil || other != nil { // the other one stays
		return added, other, err
	}
	if was, err := tx.TakePaymentBack(ctx, p); err != nil || !was {
		return false, nil, errors.Join(errOvertaken, err)
	}
	return added, nil, nil
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
