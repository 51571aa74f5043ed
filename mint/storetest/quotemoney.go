package storetest

import (
	"errors"
	"math"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
)

// pay adds a payment and tells whether it was new.
func (k *kit) pay(quote, payment string, amount uint64, at time.Time) (added bool) {
	k.Helper()
	k.update(func(tx mint.Tx) (err error) {
		added, err = tx.AddPayment(k.ctx, quote, payment, cashu.Amount(amount), at)
		return err
	})
	return added
}

// quoteMoneyCases: what was paid is issued once.
func quoteMoneyCases() []testCase {
	reserveIssue := func(k *kit, id string, ref mint.OperationRef, amount uint64) func(mint.Tx) error {
		return func(tx mint.Tx) error { return tx.ReserveIssue(k.ctx, id, ref, cashu.Amount(amount)) }
	}
	finishIssue := func(k *kit, id string, ref mint.OperationRef, amount uint64, at time.Time) func(mint.Tx) error {
		return func(tx mint.Tx) error { return tx.FinishIssue(k.ctx, id, ref, cashu.Amount(amount), at) }
	}
	return []testCase{
		{"a payment is added once", func(k *kit) {
			k.quoted("a", 0)
			at := start.Add(time.Minute)
			if !k.pay("a", "p1", 60, at) || k.pay("a", "p1", 60, at.Add(time.Minute)) {
				k.Error("the payment was not added once")
			}
			if q := k.readQuote("a"); q.AmountPaid != 60 || !q.Paid.Equal(at) || !q.Updated.Equal(at) || q.AmountIssued != 0 {
				k.Errorf("got %+v", q)
			}
		}},
		{"several payments add up, and the first gives the time", func(k *kit) {
			k.quoted("a", 0)
			at := start.Add(time.Minute)
			k.pay("a", "p1", 60, at)
			if !k.pay("a", "p2", 40, at.Add(time.Hour)) {
				k.Error("the second payment was not added")
			}
			if q := k.readQuote("a"); q.AmountPaid != 100 || !q.Paid.Equal(at) || !q.Updated.Equal(at.Add(time.Hour)) {
				k.Errorf("got %+v", q)
			}
		}},
		{"a payment of an unknown quote is not found", func(k *kit) {
			k.refuse(mint.ErrNotFound, func(tx mint.Tx) error {
				_, err := tx.AddPayment(k.ctx, "nobody", "p1", 1, start)
				return err
			})
			k.quoted("a", 0)
			if !k.pay("a", "p1", 1, start) {
				k.Error("the refused payment was remembered")
			}
		}},
		{"a payment that was rolled back can be added again", func(k *kit) {
			k.quoted("a", 0)
			k.refuse(errRollback, func(tx mint.Tx) error {
				if _, err := tx.AddPayment(k.ctx, "a", "p1", 60, start); err != nil {
					return err
				}
				return errRollback
			})
			if k.readQuote("a").AmountPaid != 0 || !k.pay("a", "p1", 60, start) {
				k.Error("the rolled back payment was remembered")
			}
		}},
		{"payments up to 2^64-1 add up and beyond are refused", func(k *kit) {
			k.quoted("a", 0)
			k.pay("a", "p1", 1<<63, start)
			k.pay("a", "p2", 1<<63-1, start)
			if q := k.readQuote("a"); q.AmountPaid != math.MaxUint64 {
				k.Errorf("got %+v", q)
			}
			k.refuse(cashu.ErrAmountOverflow, func(tx mint.Tx) error {
				_, err := tx.AddPayment(k.ctx, "a", "p3", 1, start)
				return err
			})
			if q := k.readQuote("a"); q.AmountPaid != math.MaxUint64 {
				k.Errorf("got %+v", q)
			}
		}},
		{"every visible change is at least a second later than the one before", func(k *kit) {
			k.quoted("a", 0)
			k.pay("a", "p1", 1, start)
			if q := k.readQuote("a"); !q.Updated.Equal(start.Add(time.Second)) {
				k.Errorf("after a payment: %v", q.Updated)
			}
			k.pay("a", "p2", 1, start.Add(-time.Hour)) // a clock was set back
			if q := k.readQuote("a"); !q.Updated.Equal(start.Add(2 * time.Second)) {
				k.Errorf("after another: %v", q.Updated)
			}
			s := k.reserve(nil, nil)
			k.update(reserveIssue(k, "a", s.Ref, 2))
			if q := k.readQuote("a"); !q.Updated.Equal(start.Add(2 * time.Second)) {
				k.Errorf("a reservation can be seen: %v", q.Updated)
			}
			k.update(finishIssue(k, "a", s.Ref, 2, start))
			if q := k.readQuote("a"); !q.Updated.Equal(start.Add(3*time.Second)) || !q.Issued.Equal(start) {
				k.Errorf("after the issue: %+v", q)
			}
		}},
		{"an issue is reserved, then finished", func(k *kit) {
			k.quoted("a", 100)
			s := k.reserve(nil, nil)
			k.update(reserveIssue(k, "a", s.Ref, 100))
			if q := k.readQuote("a"); q.Pending != s.Ref || q.AmountIssued != 0 {
				k.Errorf("reserved: %+v", q)
			}
			at := start.Add(time.Hour)
			k.update(finishIssue(k, "a", s.Ref, 100, at))
			if q := k.readQuote("a"); q.Pending != 0 || q.AmountIssued != 100 || !q.Issued.Equal(at) || !q.Updated.Equal(at) {
				k.Errorf("finished: %+v", q)
			}
		}},
		{"an unpaid quote cannot be issued", func(k *kit) {
			k.quoted("a", 0)
			k.refuse(mint.ErrForbiddenState, reserveIssue(k, "a", k.reserve(nil, nil).Ref, 1))
		}},
		{"more than was paid cannot be issued", func(k *kit) {
			k.quoted("a", 99)
			k.refuse(mint.ErrForbiddenState, reserveIssue(k, "a", k.reserve(nil, nil).Ref, 100))
			if q := k.readQuote("a"); q.Pending != 0 {
				k.Errorf("got %+v", q)
			}
		}},
		{"an issued quote cannot be issued again", func(k *kit) {
			k.quoted("a", 100)
			s := k.reserve(nil, nil)
			k.update(reserveIssue(k, "a", s.Ref, 100))
			k.update(finishIssue(k, "a", s.Ref, 100, start))
			k.refuse(mint.ErrForbiddenState, reserveIssue(k, "a", s.Ref, 1))
			k.refuse(mint.ErrForbiddenState, reserveIssue(k, "a", s.Ref+1, 100))
		}},
		{"amounts near 2^64 are compared as what they are", func(k *kit) {
			k.quoted("a", math.MaxUint64)
			s := k.reserve(nil, nil)
			k.update(reserveIssue(k, "a", s.Ref, 1<<63+5))
			k.update(finishIssue(k, "a", s.Ref, 1<<63+5, start))
			k.refuse(mint.ErrForbiddenState, reserveIssue(k, "a", s.Ref, 1<<63))
			k.update(reserveIssue(k, "a", s.Ref, 1<<63-6))
			k.update(finishIssue(k, "a", s.Ref, 1<<63-6, start))
			if q := k.readQuote("a"); q.AmountIssued != math.MaxUint64 {
				k.Errorf("got %+v", q)
			}
			k.quoted("b", 1<<63)
			k.update(reserveIssue(k, "b", s.Ref, 100))
			k.quoted("c", 100)
			k.refuse(mint.ErrForbiddenState, reserveIssue(k, "c", s.Ref, 1<<63+1))
		}},
		{"a quote that is being issued cannot be issued by another", func(k *kit) {
			k.quoted("a", 100)
			s := k.reserve(nil, nil)
			k.update(reserveIssue(k, "a", s.Ref, 50))
			k.refuse(mint.ErrForbiddenState, reserveIssue(k, "a", s.Ref+1, 50))
			k.refuse(mint.ErrForbiddenState, reserveIssue(k, "a", s.Ref, 50))
		}},
		{"only the operation that reserved can finish", func(k *kit) {
			k.quoted("a", 100)
			s := k.reserve(nil, nil)
			k.refuse(mint.ErrForbiddenState, finishIssue(k, "a", s.Ref, 100, start))
			k.update(reserveIssue(k, "a", s.Ref, 100))
			k.refuse(mint.ErrForbiddenState, finishIssue(k, "a", s.Ref+1, 100, start))
			k.refuse(mint.ErrForbiddenState, finishIssue(k, "a", 0, 100, start))
			k.refuse(mint.ErrForbiddenState, finishIssue(k, "a", s.Ref, 101, start))
			k.update(finishIssue(k, "a", s.Ref, 100, start))
			k.refuse(mint.ErrForbiddenState, finishIssue(k, "a", s.Ref, 100, start))
		}},
		{"a released quote can be issued by another", func(k *kit) {
			k.quoted("a", 100)
			s := k.reserve(nil, nil)
			k.update(reserveIssue(k, "a", s.Ref, 100))
			before := k.readQuote("a").Updated
			k.update(func(tx mint.Tx) error { return tx.ReleaseIssue(k.ctx, "a", s.Ref) })
			if q := k.readQuote("a"); q.Pending != 0 || q.AmountIssued != 0 || !q.Updated.Equal(before) {
				k.Errorf("got %+v", q)
			}
			k.update(reserveIssue(k, "a", s.Ref+1, 100))
		}},
		{"releasing what is not reserved changes nothing", func(k *kit) {
			k.quoted("a", 100)
			s := k.reserve(nil, nil)
			release := func(id string, ref mint.OperationRef) func(mint.Tx) error {
				return func(tx mint.Tx) error { return tx.ReleaseIssue(k.ctx, id, ref) }
			}
			k.update(release("a", s.Ref))
			k.update(release("nobody", s.Ref))
			k.update(reserveIssue(k, "a", s.Ref, 100))
			k.update(release("a", s.Ref+1))
			if q := k.readQuote("a"); q.Pending != s.Ref {
				k.Errorf("got %+v", q)
			}
		}},
		{"unknown quotes can be neither reserved nor finished", func(k *kit) {
			for _, fn := range []func(mint.Tx) error{reserveIssue(k, "x", 1, 1), finishIssue(k, "x", 1, 1, start)} {
				if err := k.store.Update(k.ctx, mint.Durable, fn); !errors.Is(err, mint.ErrForbiddenState) {
					k.Errorf("got %v", err)
				}
			}
		}},
		{"a quote that was paid again can be issued again", func(k *kit) {
			k.quoted("a", 100)
			s := k.reserve(nil, nil)
			k.update(reserveIssue(k, "a", s.Ref, 100))
			k.update(finishIssue(k, "a", s.Ref, 100, start))
			k.pay("a", "again", 20, start)
			k.refuse(mint.ErrForbiddenState, reserveIssue(k, "a", s.Ref, 21))
			k.update(reserveIssue(k, "a", s.Ref, 20))
			k.update(finishIssue(k, "a", s.Ref, 20, start))
			if q := k.readQuote("a"); q.AmountPaid != 120 || q.AmountIssued != 120 {
				k.Errorf("got %+v", q)
			}
		}},
		{"a payment can arrive while the quote is being issued", func(k *kit) {
			k.quoted("a", 100)
			s := k.reserve(nil, nil)
			k.update(reserveIssue(k, "a", s.Ref, 100))
			k.pay("a", "late", 7, start)
			k.update(finishIssue(k, "a", s.Ref, 100, start))
			if q := k.readQuote("a"); q.AmountPaid != 107 || q.AmountIssued != 100 || q.Pending != 0 {
				k.Errorf("got %+v", q)
			}
		}},
	}
}
