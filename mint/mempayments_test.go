package mint_test

import (
	"cmp"
	"context"
	"maps"
	"math"
	"slices"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
)

// The payments of quotes in a memStore, those that were set aside, and what operators
// decided.

type memPayment struct {
	quote  string
	amount cashu.Amount
}

func (s *memStore) KnownPayments(ctx context.Context, quote string, ids []string) (map[string]cashu.Amount, error) {
	return s.tx().KnownPayments(ctx, quote, ids)
}
func (s *memStore) Unissued(ctx context.Context, unit cashu.Unit) (cashu.Amount, error) {
	return s.tx().Unissued(ctx, unit)
}
func (s *memStore) PaymentsAside(ctx context.Context, limit int) ([]mint.SetAside, error) {
	return s.tx().PaymentsAside(ctx, limit)
}
func (s *memStore) PaymentAside(ctx context.Context, p mint.SetAside) (mint.SetAside, error) {
	return s.tx().PaymentAside(ctx, p)
}
func (s *memStore) CountAside(ctx context.Context) (map[string]int, error) {
	return s.tx().CountAside(ctx)
}
func (s *memStore) Decisions(ctx context.Context, limit int) ([]mint.OperatorDecision, error) {
	return s.tx().Decisions(ctx, limit)
}

func (t *memTx) AddPayment(_ context.Context, quoteID, paymentID string, amount cashu.Amount, at time.Time) (bool, error) {
	q, ok := t.quotes[quoteID]
	if !ok {
		return false, mint.ErrNotFound
	}
	key := q.Backend + "\x00" + paymentID
	if before, known := t.payments[key]; known {
		if before != (memPayment{quoteID, amount}) {
			return false, mint.ErrOtherPayment
		}
		return false, nil
	}
	sum, err := q.AmountPaid.Add(amount)
	if err != nil {
		return false, err
	}
	t.payments[key] = memPayment{quoteID, amount}
	q.AmountPaid = sum
	if q.Paid.IsZero() {
		q.Paid = at
	}
	q.Updated = later(q.Updated, at)
	t.quotes[quoteID] = q
	return true, nil
}

func (t *memTx) KnownPayments(_ context.Context, quoteID string, ids []string) (map[string]cashu.Amount, error) {
	known := map[string]cashu.Amount{}
	for _, id := range ids {
		if p, ok := t.payments[t.quotes[quoteID].Backend+"\x00"+id]; ok && p.quote == quoteID {
			known[id] = p.amount
		}
	}
	return known, nil
}

func (t *memTx) Unissued(_ context.Context, unit cashu.Unit) (sum cashu.Amount, err error) {
	for _, q := range t.quotes {
		if q.Unit != unit {
			continue
		}
		if sum, err = sum.Add(q.AmountPaid - q.AmountIssued); err != nil {
			return math.MaxUint64, nil
		}
	}
	return sum, nil
}

func asideKey(p mint.SetAside) [4]string {
	return [4]string{p.Backend, p.Method, p.LookupID, p.PaymentID}
}

func (t *memTx) PaymentsAside(_ context.Context, limit int) (open []mint.SetAside, _ error) {
	kept := map[string]int{}
	for _, p := range slices.SortedFunc(maps.Values(t.aside), func(a, b mint.SetAside) int {
		return cmp.Or(cmp.Compare(a.Backend, b.Backend), cmp.Compare(a.LookupID, b.LookupID), cmp.Compare(a.PaymentID, b.PaymentID))
	}) {
		if p.Settled.IsZero() && kept[p.Backend] < limit {
			kept[p.Backend]++
			open = append(open, p)
		}
	}
	return open, nil
}

func (t *memTx) PaymentAside(_ context.Context, p mint.SetAside) (mint.SetAside, error) {
	if row, known := t.aside[asideKey(p)]; known {
		return row, nil
	}
	return mint.SetAside{}, mint.ErrNotFound
}

func (t *memTx) CountAside(context.Context) (map[string]int, error) {
	count := map[string]int{}
	for _, p := range t.aside {
		if p.Settled.IsZero() {
			count[p.Backend]++
		}
	}
	return count, nil
}

func (t *memTx) SetPaymentAside(_ context.Context, p mint.SetAside) (bool, error) {
	if _, known := t.aside[asideKey(p)]; known {
		return false, nil
	}
	t.aside[asideKey(p)] = p
	return true, nil
}

func (t *memTx) MarkAside(_ context.Context, p mint.SetAside) (bool, error) {
	row, known := t.aside[asideKey(p)]
	if !known || !row.Settled.IsZero() {
		return false, nil
	}
	row.Why, row.Own, row.Settled = p.Why, p.Own, p.Settled
	t.aside[asideKey(p)] = row
	return true, nil
}

func (t *memTx) TakePaymentBack(_ context.Context, p mint.SetAside) (bool, error) {
	row, known := t.aside[asideKey(p)]
	if !known || !row.Settled.IsZero() {
		return false, nil
	}
	delete(t.aside, asideKey(p))
	return true, nil
}

func (t *memTx) Decisions(_ context.Context, limit int) ([]mint.OperatorDecision, error) {
	list := slices.Clone(t.decisions)
	slices.Reverse(list)
	return list[:min(limit, len(list))], nil
}

func (t *memTx) AddDecision(_ context.Context, d mint.OperatorDecision) error {
	t.decisions = append(t.decisions, d)
	return nil
}
