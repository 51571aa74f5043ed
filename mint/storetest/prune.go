package storetest

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"mintmark/mint"
)

// unpaid lists the ids of unpaid quotes.
func (k *kit) unpaid(from, before time.Time, limit int) []string {
	k.Helper()
	quotes, err := k.store.UnpaidMintQuotes(k.ctx, from, before, limit)
	if err != nil {
		k.Fatal(err)
	}
	ids := []string{}
	for _, q := range quotes {
		ids = append(ids, q.ID)
	}
	return ids
}

func (k *kit) removeUnpaid(before time.Time, ids ...string) (n int) {
	k.Helper()
	k.update(func(tx mint.Tx) (err error) {
		n, err = tx.RemoveUnpaid(k.ctx, ids, before)
		return err
	})
	return n
}

// pruneCases: what nobody paid can be forgotten, and nothing else.
func pruneCases() []testCase {
	ends := func(k *kit, id string, at time.Time) {
		q := k.quote(id)
		q.Expiry = at
		k.update(func(tx mint.Tx) error { return tx.AddMintQuote(k.ctx, q) })
	}
	return []testCase{
		{"unpaid quotes are listed by their end, from one moment to before another", func(k *kit) {
			ends(k, "third", start.Add(3*time.Second))
			ends(k, "first", start.Add(time.Second))
			ends(k, "second", start.Add(2*time.Second))
			ends(k, "endless", time.Time{})
			ends(k, "paid", start.Add(2*time.Second))
			k.pay("paid", "p", 1, start)
			for _, test := range []struct {
				from, before time.Time
				limit        int
				want         []string
			}{
				{time.Time{}, start.Add(time.Hour), 10, []string{"first", "second", "third"}},
				{time.Time{}, start.Add(time.Hour), 2, []string{"first", "second"}},
				{start.Add(2 * time.Second), start.Add(time.Hour), 10, []string{"second", "third"}},
				{time.Time{}, start.Add(2 * time.Second), 10, []string{"first"}},
				{time.Time{}, start, 10, []string{}},
			} {
				if got := k.unpaid(test.from, test.before, test.limit); !slices.Equal(got, test.want) {
					k.Errorf("from %v before %v, %d at most: got %v, want %v", test.from, test.before, test.limit, got, test.want)
				}
			}
		}},
		{"only what nobody paid, no operation holds and has ended is removed", func(k *kit) {
			before := start.Add(time.Hour)
			ends(k, "gone", start)
			ends(k, "gone too", start)
			ends(k, "not asked for", start)
			ends(k, "lasts", before)
			ends(k, "endless", time.Time{})
			ends(k, "paid", start)
			k.pay("paid", "p", 1, start)
			held := k.quote("held")
			held.Expiry, held.Pending = start, 7
			k.update(func(tx mint.Tx) error { return tx.AddMintQuote(k.ctx, held) })
			if n := k.removeUnpaid(before, "gone", "gone too", "lasts", "endless", "paid", "held", "never heard of"); n != 2 {
				k.Errorf("%d were removed, want 2", n)
			}
			for _, id := range []string{"not asked for", "lasts", "endless", "paid", "held"} {
				k.readQuote(id)
			}
			if got := k.unpaid(time.Time{}, before, 10); !slices.Equal(slices.Sorted(slices.Values(got)), []string{"held", "not asked for"}) {
				k.Errorf("left are %v", got)
			}
			if n := k.removeUnpaid(before); n != 0 {
				k.Errorf("no ids: %d were removed", n)
			}
		}},
		{"a thousand unpaid quotes are removed at once", func(k *kit) {
			var ids []string
			for i := range 1000 {
				ids = append(ids, fmt.Sprint("q", i))
			}
			k.update(func(tx mint.Tx) error {
				for _, id := range ids {
					if err := tx.AddMintQuote(k.ctx, k.quote(id)); err != nil {
						return err
					}
				}
				return nil
			})
			if n := k.removeUnpaid(start.Add(2*time.Hour), ids...); n != 1000 {
				k.Errorf("%d were removed", n)
			}
		}},
		{"only melt quotes that are unpaid and have ended are removed, with their requests", func(k *kit) {
			before := start.Add(time.Hour)
			ends := func(id, debt string, at time.Time) mint.MeltQuote {
				q := k.meltQuote(id)
				q.LookupID, q.Expiry = debt, at
				k.update(k.addMelt(q))
				return q
			}
			gone := ends("gone", "debt", start.Add(time.Second))
			ends("gone too", "", start.Add(2*time.Second))
			ends("lasts", "other debt", before)
			pending := ends("pending", "third debt", start.Add(time.Second))
			k.update(k.reserveMelt(pending.ID, k.reserve(nil, nil).Ref))
			remove := func(limit int) (n int) {
				k.update(func(tx mint.Tx) (err error) {
					n, err = tx.RemoveUnpaidMelts(k.ctx, before, limit)
					return err
				})
				return n
			}
			if one, other, none := remove(1), remove(10), remove(10); one != 1 || other != 1 || none != 0 {
				k.Errorf("%d, %d, %d were removed, want 1, 1, 0", one, other, none)
			}
			for id, want := range map[string]error{gone.ID: mint.ErrNotFound, "gone too": mint.ErrNotFound, "lasts": nil, pending.ID: nil} {
				if _, err := k.store.MeltQuote(k.ctx, id); !errors.Is(err, want) {
					k.Errorf("%s: %v, want %v", id, err, want)
				}
			}
			again := k.meltQuote("again")
			again.LookupID, again.Created = gone.LookupID, start
			k.update(k.addMelt(again)) // its request is forgotten, too
			again.ID, again.LookupID = "another", pending.LookupID
			k.refuse(mint.ErrRequestPending, k.addMelt(again))
		}},
	}
}
