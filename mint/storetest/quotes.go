package storetest

import (
	"errors"
	"math"
	"strings"
	"time"

	"github.com/google/go-cmp/cmp"

	"mintmark/mint"
)

// quote is a new quote, not stored yet.
func (k *kit) quote(id string) mint.MintQuote {
	return mint.MintQuote{
		ID: id, Method: "bolt11", Unit: "sat", Amount: 100, Request: "lnbc1" + id, LookupID: "lookup " + id,
		Expiry: start.Add(time.Hour), Created: start, Updated: start,
	}
}

// quoted stores a quote that was paid so much.
func (k *kit) quoted(id string, paid uint64) mint.MintQuote {
	k.Helper()
	q := k.quote(id)
	k.update(func(tx mint.Tx) error { return tx.AddMintQuote(k.ctx, q) })
	if paid > 0 {
		k.pay(id, "payment of "+id, paid, start)
	}
	return q
}

func (k *kit) readQuote(id string) mint.MintQuote {
	k.Helper()
	q, err := k.store.MintQuote(k.ctx, "bolt11", id)
	if err != nil {
		k.Fatalf("reading quote %s: %v", id, err)
	}
	return q
}

// quoteCases: a quote is found by its id and by the backend's name of it.
func quoteCases() []testCase {
	return []testCase{
		{"a quote is read as it was written", func(k *kit) {
			full := k.quote("full")
			full.Backend = "node"
			full.Pubkey, full.Pending = k.twin(k.point()), 77
			full.AmountPaid, full.AmountIssued = 5, 4
			full.Paid, full.Issued, full.Updated = start.Add(1e9), start.Add(2e9), start.Add(3e9)
			bare := mint.MintQuote{ID: "bare", Method: "m", Unit: "u"}
			odd := k.quote("🥜 \x00 \xff '--")
			odd.Backend = "\x00 \xff"
			odd.Unit, odd.Request, odd.LookupID, odd.Amount = "🪙", "🧾\x00"+strings.Repeat("x", 5000), "\x00\x01", math.MaxUint64
			odd.AmountPaid, odd.AmountIssued = math.MaxUint64, 1<<63
			odd.Expiry = time.Date(2150, 1, 1, 0, 0, 0, 0, time.UTC)
			for _, q := range []mint.MintQuote{full, bare, odd} {
				k.update(func(tx mint.Tx) error { return tx.AddMintQuote(k.ctx, q) })
				got, err := k.store.MintQuote(k.ctx, q.Method, q.ID)
				if diff := cmp.Diff(q, got); err != nil || diff != "" {
					k.Errorf("%v, -written +read:\n%s", err, diff)
				}
			}
		}},
		{"a quote is found by the backend's name of it", func(k *kit) {
			k.quoted("a", 0)
			b := k.quoted("b", 0)
			got, err := k.store.MintQuoteByLookup(k.ctx, b.Method, b.LookupID)
			if err != nil || got.ID != "b" {
				k.Errorf("got %+v, %v", got, err)
			}
		}},
		{"a quote is not found under another method or name", func(k *kit) {
			q := k.quoted("a", 0)
			for _, ask := range [][2]string{{"bolt12", q.ID}, {"", q.ID}, {"bolt11", "A"}, {"bolt11", ""}, {"bolt11", "a\x00"}, {"bolt11", "\xff"}} {
				if _, err := k.store.MintQuote(k.ctx, ask[0], ask[1]); !errors.Is(err, mint.ErrNotFound) {
					k.Errorf("%q: %v", ask, err)
				}
			}
			for _, ask := range [][2]string{{"bolt12", q.LookupID}, {"bolt11", q.ID}, {"bolt11", ""}} {
				if _, err := k.store.MintQuoteByLookup(k.ctx, ask[0], ask[1]); !errors.Is(err, mint.ErrNotFound) {
					k.Errorf("by lookup %q: %v", ask, err)
				}
			}
		}},
		{"the same name of the backend may serve two methods", func(k *kit) {
			a, b := k.quote("a"), k.quote("b")
			b.Method, b.LookupID = "bolt12", a.LookupID
			k.update(func(tx mint.Tx) error { return errors.Join(tx.AddMintQuote(k.ctx, a), tx.AddMintQuote(k.ctx, b)) })
			got, err := k.store.MintQuoteByLookup(k.ctx, "bolt12", a.LookupID)
			if err != nil || got.ID != "b" {
				k.Errorf("got %+v, %v", got, err)
			}
		}},
		{"two quotes cannot share an id or a backend's name", func(k *kit) {
			a := k.quoted("a", 0)
			same, other := k.quote("a"), k.quote("b")
			same.LookupID, other.LookupID = "another", a.LookupID
			for _, q := range []mint.MintQuote{same, other} {
				if err := k.store.Update(k.ctx, mint.Durable, func(tx mint.Tx) error { return tx.AddMintQuote(k.ctx, q) }); err == nil {
					k.Errorf("quote %+v was taken", q)
				}
			}
			if got := k.readQuote("a"); got.LookupID != a.LookupID {
				k.Errorf("got %+v", got)
			}
		}},
		{"quotes without a backend's name are told apart", func(k *kit) {
			a, b := k.quote("a"), k.quote("b")
			a.LookupID, b.LookupID = "", ""
			k.update(func(tx mint.Tx) error { return errors.Join(tx.AddMintQuote(k.ctx, a), tx.AddMintQuote(k.ctx, b)) })
			if k.readQuote("a").ID != "a" || k.readQuote("b").ID != "b" {
				k.Error("one of them is lost")
			}
		}},
		{"one caller per interval may poll", func(k *kit) {
			k.quoted("a", 0)
			k.quoted("b", 0)
			claim := func(id string, at time.Time) (claimed bool) {
				k.update(func(tx mint.Tx) (err error) {
					claimed, err = tx.ClaimPoll(k.ctx, id, at, 10*time.Second)
					return err
				})
				return claimed
			}
			steps := []struct {
				id    string
				after time.Duration
				want  bool
			}{
				{"a", 0, true}, {"a", 0, false}, {"a", 9 * time.Second, false}, {"b", 9 * time.Second, true},
				{"a", 10 * time.Second, true}, {"a", 19 * time.Second, false}, {"a", 25 * time.Second, true},
			}
			for i, step := range steps {
				if got := claim(step.id, start.Add(step.after)); got != step.want {
					k.Errorf("step %d: quote %s after %v: got %t", i, step.id, step.after, got)
				}
			}
		}},
		{"a poll claim leaves what wallets see alone", func(k *kit) {
			k.quoted("a", 5)
			before := k.readQuote("a")
			k.update(func(tx mint.Tx) error {
				_, err := tx.ClaimPoll(k.ctx, "a", start.Add(time.Hour), time.Second)
				return err
			})
			if diff := cmp.Diff(before, k.readQuote("a")); diff != "" {
				k.Error(diff)
			}
		}},
	}
}
