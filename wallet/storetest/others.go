package storetest

import (
	"errors"
	"math"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/wallet"
)

func counterCases() []testCase {
	return []testCase{
		{"counters are taken in a row, for each keyset on its own", func(k *kit) {
			for _, c := range []struct {
				keyset byte
				n      uint32
				start  uint32
			}{{1, 5, 0}, {1, 10, 5}, {2, 1, 0}, {1, 0, 15}, {1, 1, 15}} {
				if got := k.take(c.keyset, c.n); got != c.start {
					k.Errorf("took %d of keyset %d from %d, want %d", c.n, c.keyset, got, c.start)
				}
			}
			if next := must[uint32](k)(k.store.Counter(k.ctx, k.keyset(3))); next != 0 {
				k.Errorf("the counter of a new keyset is %d", next)
			}
		}},
		{"a counter is advanced and never set back", func(k *kit) {
			k.take(1, 10)
			for _, c := range []struct{ atLeast, want uint32 }{{4, 10}, {20, 20}, {20, 20}, {0, 20}} {
				k.update(func(tx wallet.Tx) error { return tx.AdvanceCounter(k.ctx, k.keyset(1), c.atLeast) })
				if next := must[uint32](k)(k.store.Counter(k.ctx, k.keyset(1))); next != c.want {
					k.Errorf("at least %d: the next is %d, want %d", c.atLeast, next, c.want)
				}
			}
		}},
		{"what was signed last is what was advanced to, or made a coin", func(k *kit) {
			k.take(1, 50)
			signed := func(want uint32) {
				k.Helper()
				if got := must[uint32](k)(k.store.SignedCounter(k.ctx, k.keyset(1))); got != want {
					k.Errorf("signed up to %d, want %d", got, want)
				}
			}
			signed(0)
			for _, counter := range []uint32{7, 30, 12} {
				c := k.coin(8)
				c.Counter = &counter
				k.update(func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, []wallet.StoredCoin{c}) })
			}
			signed(31)
			k.update(func(tx wallet.Tx) error { return tx.AdvanceCounter(k.ctx, k.keyset(1), 20) })
			signed(31)
			k.update(func(tx wallet.Tx) error { return tx.AdvanceCounter(k.ctx, k.keyset(1), 90) })
			signed(90)
			if next := k.take(1, 1); next != 90 {
				k.Errorf("the next is %d", next)
			}
			if got := must[uint32](k)(k.store.SignedCounter(k.ctx, k.keyset(2))); got != 0 {
				k.Errorf("another keyset is signed up to %d", got)
			}
		}},
		{"how far a restore has come is remembered, and moves no counter", func(k *kit) {
			k.take(1, 5)
			for _, next := range []uint32{100, 300, 0} {
				for _, keyset := range []byte{1, 2} {
					k.update(func(tx wallet.Tx) error { return tx.SetRestored(k.ctx, k.keyset(keyset), next+uint32(keyset)) })
				}
				if got := must[uint32](k)(k.store.Restored(k.ctx, k.keyset(1))); got != next+1 {
					k.Errorf("it has come to %d, want %d", got, next+1)
				}
			}
			if got := must[uint32](k)(k.store.Restored(k.ctx, k.keyset(3))); got != 0 {
				k.Errorf("another keyset has come to %d", got)
			}
			for keyset, want := range map[byte]uint32{1: 5, 2: 0} {
				if got := must[uint32](k)(k.store.Counter(k.ctx, k.keyset(keyset))); got != want {
					k.Errorf("the next counter is %d, want %d", got, want)
				}
			}
		}},
		{"a database is marked with a seed once", func(k *kit) {
			if _, err := k.store.SeedMark(k.ctx); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("a new database: %v", err)
			}
			for i, mark := range []string{"one", "two"} {
				k.update(func(tx wallet.Tx) error {
					added, err := tx.AddSeedMark(k.ctx, []byte(mark))
					if err == nil && added != (i == 0) {
						k.Errorf("mark %q: added %v", mark, added)
					}
					return err
				})
				if got := must[[]byte](k)(k.store.SeedMark(k.ctx)); string(got) != "one" {
					k.Errorf("the mark is %q", got)
				}
			}
		}},
		{"counters are returned only when they are the last ones taken", func(k *kit) {
			k.take(1, 10)
			k.take(1, 3)
			for _, c := range []struct {
				start, n uint32
				want     bool
			}{{0, 10, false}, {10, 2, false}, {10, 3, true}, {10, 3, false}} {
				k.update(func(tx wallet.Tx) error {
					ok, err := tx.ReturnCounters(k.ctx, k.keyset(1), c.start, c.n)
					if err == nil && ok != c.want {
						k.Errorf("returning %d from %d: %v", c.n, c.start, ok)
					}
					return err
				})
			}
			if got := k.take(1, 1); got != 10 {
				k.Errorf("the next is %d, want 10", got)
			}
		}},
		{"a keyset has no counter beyond what can be derived", func(k *kit) {
			k.update(func(tx wallet.Tx) error { return tx.AdvanceCounter(k.ctx, k.keyset(1), math.MaxInt32) })
			if got := k.take(1, 1); got != math.MaxInt32 {
				k.Errorf("took %d", got)
			}
			err := k.store.Update(k.ctx, func(tx wallet.Tx) error {
				_, err := tx.TakeCounters(k.ctx, k.keyset(1), 1)
				return err
			})
			if err == nil {
				k.Error("a counter beyond the last was given out")
			}
		}},
		{"indexes of keys are taken one by one, for each purpose", func(k *kit) {
			for _, c := range []struct {
				purpose string
				want    uint32
			}{{"quote", 0}, {"quote", 1}, {"p2pk", 0}, {"quote", 2}} {
				k.update(func(tx wallet.Tx) error {
					got, err := tx.TakeKeyIndex(k.ctx, c.purpose)
					if err == nil && got != c.want {
						k.Errorf("%s: got %d, want %d", c.purpose, got, c.want)
					}
					return err
				})
			}
			for purpose, want := range map[string]uint32{"quote": 3, "p2pk": 1, "else": 0} {
				if next := must[uint32](k)(k.store.KeyIndex(k.ctx, purpose)); next != want {
					k.Errorf("%s: the next is %d, want %d", purpose, next, want)
				}
			}
		}},
	}
}

func (k *kit) take(keyset byte, n uint32) (start uint32) {
	k.Helper()
	k.update(func(tx wallet.Tx) (err error) {
		start, err = tx.TakeCounters(k.ctx, k.keyset(keyset), n)
		return err
	})
	return start
}

func (k *kit) quote(d wallet.QuoteDirection, id string) wallet.Quote {
	n := uint32(0)
	return wallet.Quote{
		Direction: d, ID: id, MintURL: mintURL, Method: "bolt11", Unit: "sat", Amount: 1 << 63, FeeReserve: 2,
		Request: "lnbc1\x00", State: "UNPAID", Paid: 3, Issued: 4, Expiry: start.Unix() + 60, KeyIndex: &n,
		Proof: "preimage", Created: start.Unix(), Updated: start.Unix(), Asked: start.Unix() + 61, Terms: "a part", FeeIndex: &n,
	}
}

func quoteCases() []testCase {
	return []testCase{
		{"a quote comes back as it was, under its direction and mint", func(k *kit) {
			in, out := k.quote(wallet.QuoteMint, "q"), k.quote(wallet.QuoteMelt, "q")
			in.KeyIndex = nil
			k.update(func(tx wallet.Tx) error { return errors.Join(tx.AddQuote(k.ctx, in), tx.AddQuote(k.ctx, out)) })
			for _, want := range []wallet.Quote{in, out} {
				got := must[wallet.Quote](k)(k.store.Quote(k.ctx, want.Direction, mintURL, "q"))
				if diff := cmp.Diff(want, got); diff != "" {
					k.Error(diff)
				}
			}
			if _, err := k.store.Quote(k.ctx, wallet.QuoteMint, "https://other.example", "q"); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("got %v", err)
			}
			if all := must[[]wallet.Quote](k)(k.store.Quotes(k.ctx)); len(all) != 2 {
				k.Errorf("got %d quotes", len(all))
			}
			k.refuse(wallet.ErrExists, func(tx wallet.Tx) error { return tx.AddQuote(k.ctx, in) })
		}},
		{"a quote is updated only on the expected version", func(k *kit) {
			q := k.quote(wallet.QuoteMint, "q")
			k.update(func(tx wallet.Tx) error { return tx.AddQuote(k.ctx, q) })
			q.State, q.Asked = "PAID", start.Unix()+62
			k.update(func(tx wallet.Tx) error { return tx.UpdateQuote(k.ctx, q) })
			q.State = "UNPAID"
			k.refuse(wallet.ErrTakenOver, func(tx wallet.Tx) error { return tx.UpdateQuote(k.ctx, q) })
			got := must[wallet.Quote](k)(k.store.Quote(k.ctx, q.Direction, mintURL, "q"))
			if got.State != "PAID" || got.Asked != start.Unix()+62 || got.Version != 1 {
				k.Errorf("got %+v", got)
			}
		}},
		{"a stale update cannot erase a reservation", func(k *kit) {
			q := k.quote(wallet.QuoteMelt, "q")
			k.update(func(tx wallet.Tx) error { return tx.AddQuote(k.ctx, q) })
			op := k.id()
			k.update(func(tx wallet.Tx) error { return tx.ReserveQuote(k.ctx, q.Direction, mintURL, "q", op) })
			k.refuse(wallet.ErrTakenOver, func(tx wallet.Tx) error { return tx.UpdateQuote(k.ctx, q) })
			q.Version = 1
			k.update(func(tx wallet.Tx) error { return tx.UpdateQuote(k.ctx, q) })
			if got := must[wallet.Quote](k)(k.store.Quote(k.ctx, q.Direction, mintURL, "q")); got.UsedBy != op {
				k.Errorf("the quote is used by %v", got.UsedBy)
			}
		}},
		{"a quote has one user at a time", func(k *kit) {
			q := k.quote(wallet.QuoteMint, "q")
			k.update(func(tx wallet.Tx) error { return tx.AddQuote(k.ctx, q) })
			first, second := k.id(), k.id()
			reserve := func(op [16]byte) func(tx wallet.Tx) error {
				return func(tx wallet.Tx) error { return tx.ReserveQuote(k.ctx, q.Direction, mintURL, "q", op) }
			}
			k.update(reserve(first))
			k.refuse(wallet.ErrTakenOver, reserve(second))
			k.refuse(wallet.ErrTakenOver, reserve(first))
			for op, want := range map[[16]byte]int{second: 0, first: 1} {
				k.update(func(tx wallet.Tx) error {
					n, err := tx.ReleaseQuotes(k.ctx, op)
					if err == nil && n != want {
						k.Errorf("released %d, want %d", n, want)
					}
					return err
				})
			}
			k.update(reserve(second))
		}},
	}
}

func mintCases() []testCase {
	return []testCase{
		{"a mint is remembered, changed and forgotten", func(k *kit) {
			m := wallet.KnownMint{URL: mintURL, Name: "home", Trusted: true, Info: []byte(`{"name":"x"}`), Fetched: 7, LeftOut: []string{"a: odd", "b: odd"}}
			k.update(func(tx wallet.Tx) error { return tx.PutMint(k.ctx, m) })
			m.Trusted = false
			k.update(func(tx wallet.Tx) error { return tx.PutMint(k.ctx, m) })
			if diff := cmp.Diff([]wallet.KnownMint{m}, must[[]wallet.KnownMint](k)(k.store.Mints(k.ctx))); diff != "" {
				k.Error(diff)
			}
			k.update(func(tx wallet.Tx) error { return tx.RemoveMint(k.ctx, mintURL) })
			if _, err := k.store.Mint(k.ctx, mintURL); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("got %v", err)
			}
			k.refuse(wallet.ErrNotFound, func(tx wallet.Tx) error { return tx.RemoveMint(k.ctx, mintURL) })
		}},
		{"a mint with coins or operations is not forgotten", func(k *kit) {
			k.update(func(tx wallet.Tx) error { return tx.PutMint(k.ctx, wallet.KnownMint{URL: mintURL}) })
			_, ys := k.coins(1)
			op := k.id()
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error { return tx.RemoveMint(k.ctx, mintURL) })
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.ReserveCoins(k.ctx, ys, op), tx.MoveCoins(k.ctx, ys, op, []wallet.CoinState{wallet.CoinReserved}, wallet.CoinSpent))
			})
			s := k.swap()
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error { return tx.RemoveMint(k.ctx, mintURL) })
			k.remove(s.ID, 0)
			k.take(1, 5)
			k.update(func(tx wallet.Tx) error { return tx.RemoveMint(k.ctx, mintURL) })
			if got := k.take(1, 1); got != 5 {
				k.Errorf("the counter went back to %d", got)
			}
		}},
		{"a mint moves with everything of it", func(k *kit) {
			const to = "https://moved.example"
			k.update(func(tx wallet.Tx) error { return tx.PutMint(k.ctx, wallet.KnownMint{URL: mintURL, Name: "mine"}) })
			k.coins(2)
			s := k.swap()
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			k.refuse(wallet.ErrNotFound, func(tx wallet.Tx) error { return tx.MoveMint(k.ctx, to, mintURL) })
			k.refuse(wallet.ErrExists, func(tx wallet.Tx) error { return tx.MoveMint(k.ctx, mintURL, mintURL) })
			k.update(func(tx wallet.Tx) error { return tx.MoveMint(k.ctx, mintURL, to) })
			if m := must[wallet.KnownMint](k)(k.store.Mint(k.ctx, to)); m.Name != "mine" {
				k.Errorf("it is %+v now", m)
			}
			if got := must[[]wallet.StoredCoin](k)(k.store.Coins(k.ctx, wallet.CoinFilter{MintURL: to})); len(got) != 2 {
				k.Errorf("%d coins came along", len(got))
			}
			if got := must[wallet.Saga](k)(k.store.Saga(k.ctx, s.ID)); got.MintURL != to || got.Version != 1 {
				k.Errorf("the operation is at %s, version %d", got.MintURL, got.Version)
			}
		}},
		{"a keyset keeps its keys", func(k *kit) {
			keys := must[cashu.Keys](k)(cashu.NewKeys(map[cashu.Amount]bdhke.Point{1: k.point(), 1 << 63: k.point()}))
			set := cashu.Keyset{ID: k.keyset(1), Unit: "sat", Active: true, InputFeePPK: 100, FinalExpiry: 9, Keys: keys}
			k.update(func(tx wallet.Tx) error { return tx.PutKeysets(k.ctx, mintURL, []cashu.Keyset{set}) })
			set.Active = false
			k.update(func(tx wallet.Tx) error { return tx.PutKeysets(k.ctx, mintURL, []cashu.Keyset{set}) })
			got := must[[]cashu.Keyset](k)(k.store.Keysets(k.ctx, mintURL))
			same := cmp.Options{cmp.Comparer(cashu.Keys.Equal), cmpopts.EquateComparable(set.ID)}
			if diff := cmp.Diff([]cashu.Keyset{set}, got, same); diff != "" {
				k.Error(diff)
			}
			set.Keys = must[cashu.Keys](k)(cashu.NewKeys(map[cashu.Amount]bdhke.Point{1: k.point()}))
			k.refuse(wallet.ErrExists, func(tx wallet.Tx) error { return tx.PutKeysets(k.ctx, mintURL, []cashu.Keyset{set}) })
			if other := must[[]cashu.Keyset](k)(k.store.Keysets(k.ctx, "https://other.example")); len(other) != 0 {
				k.Error("another mint has it too")
			}
		}},
	}
}

// keyCases are about the names that callers give to quotes.
func keyCases() []testCase {
	return []testCase{
		{"a name finds its quote and makes no second one", func(k *kit) {
			q := wallet.Quote{Direction: wallet.QuoteMint, ID: "a", MintURL: mintURL, Method: "bolt11", Unit: "sat", Amount: 5, Key: "rent\x00", Created: 1}
			other, unnamed := q, q
			other.ID, unnamed.ID, unnamed.Key = "b", "c", ""
			k.update(func(tx wallet.Tx) error { return errors.Join(tx.AddQuote(k.ctx, q), tx.AddQuote(k.ctx, unnamed)) })
			k.refuse(wallet.ErrExists, func(tx wallet.Tx) error { return tx.AddQuote(k.ctx, other) })
			got := must[wallet.Quote](k)(k.store.QuoteByKey(k.ctx, q.Key))
			if got != q {
				k.Errorf("got %+v, want %+v", got, q)
			}
			for _, name := range []string{"", "else"} {
				if _, err := k.store.QuoteByKey(k.ctx, name); !errors.Is(err, wallet.ErrNotFound) {
					k.Errorf("%q: %v", name, err)
				}
			}
		}},
	}
}

func historyCases() []testCase {
	return []testCase{
		{"history lists the newest first, once for each operation", func(k *kit) {
			old := wallet.Transaction{
				Operation: k.id(), Kind: wallet.KindSend, MintURL: mintURL, Unit: "sat", Amount: 1 << 63, Fee: 1, Status: "pending",
				Memo: "tea\x00", Token: "cashuB", At: start.Unix(),
			}
			recent := wallet.Transaction{Operation: k.id(), Kind: wallet.KindMelt, Unit: "sat", Incoming: true, Status: "completed",
				QuoteID: "q", Request: "lnbc", Proof: "pre", At: start.Unix() + 1}
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.PutTransaction(k.ctx, old), tx.PutTransaction(k.ctx, recent))
			})
			old.Status = "failed"
			k.update(func(tx wallet.Tx) error { return tx.PutTransaction(k.ctx, old) })
			if diff := cmp.Diff([]wallet.Transaction{recent, old}, must[[]wallet.Transaction](k)(k.store.Transactions(k.ctx, 0))); diff != "" {
				k.Error(diff)
			}
			if one := must[[]wallet.Transaction](k)(k.store.Transactions(k.ctx, 1)); len(one) != 1 {
				k.Errorf("got %d entries, want 1", len(one))
			}
			again := old
			again.Status = "completed"
			k.update(func(tx wallet.Tx) error { return tx.PutTransaction(k.ctx, again) })
			if got := must[wallet.Transaction](k)(k.store.Transaction(k.ctx, old.Operation)); got.Status != "failed" {
				k.Errorf("a failed entry became %s", got.Status)
			}
			if _, err := k.store.Transaction(k.ctx, k.id()); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("got %v", err)
			}
		}},
		{"an entry of what came to nothing can be removed", func(k *kit) {
			e := wallet.Transaction{Operation: k.id(), Kind: wallet.KindReceive, Unit: "sat", Status: wallet.StatusPending, At: start.Unix()}
			other := e
			other.Operation = k.id()
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.PutTransaction(k.ctx, e), tx.PutTransaction(k.ctx, other))
			})
			k.update(func(tx wallet.Tx) error { return tx.RemoveTransaction(k.ctx, e.Operation) })
			k.refuse(wallet.ErrNotFound, func(tx wallet.Tx) error { return tx.RemoveTransaction(k.ctx, e.Operation) })
			if diff := cmp.Diff([]wallet.Transaction{other}, must[[]wallet.Transaction](k)(k.store.Transactions(k.ctx, 0))); diff != "" {
				k.Error(diff)
			}
		}},
		{"an entry of what was given up can be pending again", func(k *kit) {
			e := wallet.Transaction{Operation: k.id(), Kind: wallet.KindMelt, Unit: "sat", At: start.Unix()}
			for _, status := range []string{wallet.StatusPending, wallet.StatusAbandoned, wallet.StatusPending, wallet.StatusTakenBack} {
				e.Status = status
				k.update(func(tx wallet.Tx) error { return tx.PutTransaction(k.ctx, e) })
				if got := must[wallet.Transaction](k)(k.store.Transaction(k.ctx, e.Operation)); got.Status != status {
					k.Errorf("got %s, want %s", got.Status, status)
				}
			}
		}},
		{"the payments of a name are those that have not failed", func(k *kit) {
			group := k.id()
			var want []wallet.Transaction
			for i, status := range []string{wallet.StatusPending, wallet.StatusFailed, wallet.StatusCompleted, wallet.StatusAbandoned} {
				e := wallet.Transaction{Operation: k.id(), Kind: wallet.KindMelt, Unit: "sat", Status: status, Payment: "p", Group: group, At: start.Unix() + int64(i)}
				other := e
				other.Operation, other.Payment = k.id(), "another"
				k.update(func(tx wallet.Tx) error {
					return errors.Join(tx.LockPayment(k.ctx, "p"), tx.LockPayment(k.ctx, "p"), tx.PutTransaction(k.ctx, e), tx.PutTransaction(k.ctx, other))
				})
				if status != wallet.StatusFailed {
					want = append(want, e)
				}
			}
			if diff := cmp.Diff(want, must[[]wallet.Transaction](k)(k.store.Payments(k.ctx, "p"))); diff != "" {
				k.Error(diff)
			}
		}},
		{"the inbox keeps tokens until they are removed", func(k *kit) {
			item := wallet.InboxItem{ID: k.id(), Token: "cashuB", Amount: 5, Unit: "sat", MintURL: mintURL, Reason: "spent", At: 3}
			k.update(func(tx wallet.Tx) error { return tx.AddInbox(k.ctx, item) })
			if diff := cmp.Diff([]wallet.InboxItem{item}, must[[]wallet.InboxItem](k)(k.store.Inbox(k.ctx))); diff != "" {
				k.Error(diff)
			}
			k.update(func(tx wallet.Tx) error { return tx.RemoveInbox(k.ctx, item.ID) })
			k.refuse(wallet.ErrNotFound, func(tx wallet.Tx) error { return tx.RemoveInbox(k.ctx, item.ID) })
		}},
	}
}
