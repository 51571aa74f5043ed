package storetest

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"mintmark/cashu"
	"mintmark/mint"
)

// addPayment is AddPayment as a transaction.
func (k *kit) addPayment(quote, payment string, amount uint64) func(mint.Tx) error {
	return func(tx mint.Tx) error {
		_, err := tx.AddPayment(k.ctx, quote, payment, cashu.Amount(amount), start)
		return err
	}
}

// quotedBy adds a quote of a backend.
func (k *kit) quotedBy(backend, id string, unit cashu.Unit) {
	k.Helper()
	q := k.quote(id)
	q.Backend, q.Unit = backend, unit
	k.update(func(tx mint.Tx) error { return tx.AddMintQuote(k.ctx, q) })
}

// paymentCases: an id names a payment within a backend, and is never silently taken for
// that of another payment.
func paymentCases() []testCase {
	known := func(k *kit, quote string, ids ...string) []string {
		k.Helper()
		got, err := k.store.KnownPayments(k.ctx, quote, ids)
		if err != nil {
			k.Fatal(err)
		}
		return slices.Sorted(maps.Keys(got))
	}
	unissued := func(k *kit, unit cashu.Unit) cashu.Amount {
		k.Helper()
		sum, err := k.store.Unissued(k.ctx, unit)
		if err != nil {
			k.Fatal(err)
		}
		return sum
	}
	return []testCase{
		{"a payment of one quote is none of another of the same backend", func(k *kit) {
			k.quotedBy("node", "a", "sat")
			k.quotedBy("node", "b", "sat")
			k.pay("a", "p1", 60, start)
			k.refuse(mint.ErrOtherPayment, k.addPayment("b", "p1", 60))
			if k.readQuote("a").AmountPaid != 60 || k.readQuote("b").AmountPaid != 0 {
				k.Error("one payment was added to two quotes")
			}
		}},
		{"a payment with another amount is another one", func(k *kit) {
			k.quoted("a", 0)
			k.pay("a", "p1", 60, start)
			k.refuse(mint.ErrOtherPayment, k.addPayment("a", "p1", 61))
			if q := k.readQuote("a"); q.AmountPaid != 60 {
				k.Errorf("got %+v", q)
			}
		}},
		{"two backends may give payments the same id", func(k *kit) {
			k.quotedBy("node", "a", "sat")
			k.quotedBy("processor", "b", "sat")
			k.quotedBy("processor", "c", "sat")
			if !k.pay("a", "1", 60, start) || !k.pay("b", "1", 7, start) {
				k.Error("a payment was taken for that of another backend")
			}
			if k.pay("a", "1", 60, start) || k.pay("b", "1", 7, start) {
				k.Error("a payment was added twice")
			}
			if k.readQuote("a").AmountPaid != 60 || k.readQuote("b").AmountPaid != 7 {
				k.Errorf("got %+v, %+v", k.readQuote("a"), k.readQuote("b"))
			}
			k.refuse(mint.ErrOtherPayment, k.addPayment("b", "1", 8))
			if got := known(k, "b", "1", "2"); !slices.Equal(got, []string{"1"}) {
				k.Errorf("known are %q", got)
			}
		}},
		{"a payment of a quote without the name of its backend may be of every backend", func(k *kit) {
			k.quotedBy("", "old", "sat")
			k.quotedBy("", "older", "sat")
			k.quotedBy("node", "new", "sat")
			k.pay("old", "1", 60, start)
			k.pay("new", "2", 7, start)
			for quote, payment := range map[string]string{"new": "1", "older": "1", "old": "2"} {
				k.refuse(mint.ErrOtherPayment, k.addPayment(quote, payment, 60))
			}
			if k.pay("old", "1", 60, start) || k.pay("new", "2", 7, start) {
				k.Error("a payment was added twice")
			}
			if k.readQuote("old").AmountPaid != 60 || k.readQuote("older").AmountPaid != 0 || k.readQuote("new").AmountPaid != 7 {
				k.Error("one payment was added to two quotes")
			}
		}},
		{"it is known with which amounts a quote was paid", func(k *kit) {
			k.quoted("a", 0)
			k.pay("a", "p1", math.MaxUint64-5, start)
			k.pay("a", "p2", 5, start)
			got, err := k.store.KnownPayments(k.ctx, "a", []string{"p1", "p2"})
			if want := map[string]cashu.Amount{"p1": math.MaxUint64 - 5, "p2": 5}; err != nil || !maps.Equal(got, want) {
				k.Errorf("got %v, %v", got, err)
			}
		}},
		{"it is known which payments a quote has", func(k *kit) {
			k.quoted("a", 0)
			k.quoted("b", 0)
			k.pay("a", "p1", 60, start)
			k.pay("a", "p2", 60, start)
			k.pay("b", "p3", 60, start)
			for _, c := range []struct {
				quote string
				asked []string
				want  []string
			}{
				{"a", []string{"p0", "p2", "p1", "p3", "p2"}, []string{"p1", "p2"}},
				{"b", []string{"p1", "p3"}, []string{"p3"}},
				{"b", nil, nil},
				{"nobody", []string{"p1"}, nil},
			} {
				if got := known(k, c.quote, c.asked...); !slices.Equal(got, c.want) {
					k.Errorf("of %q, %q: %q", c.quote, c.asked, got)
				}
			}
			var many []string
			for i := range 2000 {
				many = append(many, fmt.Sprint("none ", i))
			}
			if got := known(k, "a", append(many, "p1")...); !slices.Equal(got, []string{"p1"}) {
				k.Errorf("of many: %q", got)
			}
		}},
		{"what is paid and not issued adds up by unit", func(k *kit) {
			for _, q := range []string{"a", "b", "c"} {
				k.quotedBy("node", q, "sat")
			}
			k.quotedBy("node", "d", "usd")
			if got := unissued(k, "sat"); got != 0 {
				k.Errorf("of nothing: %d", got)
			}
			k.pay("a", "p1", 60, start)
			k.pay("b", "p2", 5, start)
			k.pay("d", "p3", 1000, start)
			if sat, usd, eur := unissued(k, "sat"), unissued(k, "usd"), unissued(k, "eur"); sat != 65 || usd != 1000 || eur != 0 {
				k.Errorf("paid: %d, %d and %d", sat, usd, eur)
			}
			s := k.reserve(nil, nil)
			k.update(func(tx mint.Tx) error { return tx.ReserveIssue(k.ctx, "a", s.Ref, 20) })
			if got := unissued(k, "sat"); got != 65 {
				k.Errorf("reserved: %d", got)
			}
			k.update(func(tx mint.Tx) error { return tx.FinishIssue(k.ctx, "a", s.Ref, 20, start) })
			if got := unissued(k, "sat"); got != 45 {
				k.Errorf("issued: %d", got)
			}
			k.pay("d", "p5", 1<<63, start)
			k.update(func(tx mint.Tx) error { return tx.ReserveIssue(k.ctx, "d", s.Ref, 1<<32-1) })
			k.update(func(tx mint.Tx) error { return tx.FinishIssue(k.ctx, "d", s.Ref, 1<<32-1, start) })
			if got := unissued(k, "usd"); got != 1<<63+1000-(1<<32-1) {
				k.Errorf("of very much: %d", got)
			}
			k.pay("c", "p4", math.MaxUint64-10, start)
			if got := unissued(k, "sat"); got != math.MaxUint64 {
				k.Errorf("beyond all bounds: %d", got)
			}
		}},
	}
}
