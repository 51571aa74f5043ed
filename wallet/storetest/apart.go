package storetest

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"sync"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/wallet"
)

const elsewhere = "https://other.example"

// apartCases are about rows that are alike and have nothing to do with each other, and
// about the order in which lists come.
func apartCases() []testCase {
	return slices.Concat(apartOperations(), apartQuotes(), apartHistory(), apartMints())
}

func apartOperations() []testCase {
	return []testCase{
		{"a saga is added with version zero, and with data that fits", func(k *kit) {
			s := k.swap()
			s.Version = 1
			if err := k.store.Update(k.ctx, func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) }); err == nil {
				k.Error("one of a later version was added")
			}
		}},
		{"giving up what is given up changes nothing, whatever is made of the error", func(k *kit) {
			s := k.swap()
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			if err := s.UpdateState(s.State, start); err != nil {
				k.Fatal(err)
			}
			err := k.store.Update(k.ctx, func(tx wallet.Tx) error {
				_, _ = tx.AbandonSaga(k.ctx, s, false)
				return nil
			})
			if got := must[wallet.Saga](k)(k.store.Saga(k.ctx, s.ID)); err == nil || got.Version != 0 {
				k.Errorf("version %d is stored: %v", got.Version, err)
			}
		}},
		{"sagas of one second are listed by their ids", func(k *kit) {
			var ids []uuid.UUID
			for range 8 {
				s := k.swap()
				s.ID = uuid.New() // in no order
				ids = append(ids, s.ID)
				k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			}
			slices.SortFunc(ids, func(a, b uuid.UUID) int { return slices.Compare(a[:], b[:]) })
			for i, s := range must[[]wallet.Saga](k)(k.store.Sagas(k.ctx)) {
				if s.ID != ids[i] {
					k.Errorf("number %d is another", i)
				}
			}
		}},
		{"a saga keeps the quote that it is for", func(k *kit) {
			s := k.saga(wallet.IssueSecretsPrepared, &wallet.MintData{Quote: "q", Amount: 21})
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			if got := must[wallet.Saga](k)(k.store.Saga(k.ctx, s.ID)); got.QuoteID != "q" {
				k.Errorf("the quote is %q", got.QuoteID)
			}
		}},
		{"the journal of an operation is its own", func(k *kit) {
			for i, op := range []uuid.UUID{k.id(), k.id()} {
				k.update(func(tx wallet.Tx) error {
					return tx.AddJournal(k.ctx, wallet.JournalEntry{Operation: op, Version: uint32(i), State: wallet.MeltMeltRequested})
				})
				if list := must[[]wallet.JournalEntry](k)(k.store.Journal(k.ctx, op)); len(list) != 1 || list[0].Version != uint32(i) {
					k.Errorf("got %+v", list)
				}
			}
		}},
		{"indexes of keys end where none can be derived, and what is taken in vain is not", func(k *kit) {
			if got := must[uint32](k)(k.store.KeyIndex(k.ctx, "p")); got != 0 {
				k.Errorf("a new purpose begins with %d", got)
			}
			boom := errors.New("boom")
			k.refuse(boom, func(tx wallet.Tx) error {
				_, err := tx.TakeKeyIndex(k.ctx, "p")
				return errors.Join(err, boom)
			})
			k.update(func(tx wallet.Tx) error {
				if got, err := tx.TakeKeyIndex(k.ctx, "p"); err != nil || got != 0 {
					return fmt.Errorf("got %d: %w", got, err)
				}
				return nil
			})
		}},
		{"counters of a transaction that fails can be taken again, and not before its end", func(k *kit) {
			boom := errors.New("boom")
			k.take(1, 3)
			k.refuse(boom, func(tx wallet.Tx) error {
				_, err := tx.TakeCounters(k.ctx, k.keyset(1), 5)
				return errors.Join(err, tx.AdvanceCounter(k.ctx, k.keyset(1), 100), tx.SetRestored(k.ctx, k.keyset(1), 9), boom)
			})
			if got := k.take(1, 1); got != 3 {
				k.Errorf("took %d, want 3", got)
			}
			if signed, restored := must[uint32](k)(k.store.SignedCounter(k.ctx, k.keyset(1))), must[uint32](k)(k.store.Restored(k.ctx, k.keyset(1))); signed != 0 || restored != 0 {
				k.Errorf("signed up to %d, restored to %d", signed, restored)
			}
		}},
	}
}

func apartQuotes() []testCase {
	return []testCase{
		{"quotes of one name, at another mint or in the other direction, are apart", func(k *kit) {
			here, there, out := k.quote(wallet.QuoteMint, "q"), k.quote(wallet.QuoteMint, "q"), k.quote(wallet.QuoteMelt, "q")
			there.MintURL = elsewhere
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.AddQuote(k.ctx, here), tx.AddQuote(k.ctx, there), tx.AddQuote(k.ctx, out))
			})
			op, changed := k.id(), here
			changed.Paid = 99
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.UpdateQuote(k.ctx, changed), tx.ReserveQuote(k.ctx, here.Direction, mintURL, "q", op))
			})
			for _, want := range []wallet.Quote{there, out} {
				if diff := cmp.Diff(want, must[wallet.Quote](k)(k.store.Quote(k.ctx, want.Direction, want.MintURL, "q"))); diff != "" {
					k.Error(diff)
				}
			}
			changed.UsedBy, changed.Version = op, 2
			if diff := cmp.Diff(changed, must[wallet.Quote](k)(k.store.Quote(k.ctx, here.Direction, mintURL, "q"))); diff != "" {
				k.Error(diff)
			}
		}},
		{"an update writes all that a quote has, and one from the future nothing", func(k *kit) {
			q := k.quote(wallet.QuoteMelt, "q")
			k.update(func(tx wallet.Tx) error { return tx.AddQuote(k.ctx, q) })
			ahead := q
			ahead.Version, ahead.Paid = 3, 1000
			k.refuse(wallet.ErrTakenOver, func(tx wallet.Tx) error { return tx.UpdateQuote(k.ctx, ahead) })
			n := uint32(5)
			q.Method, q.Unit, q.Amount, q.FeeReserve, q.Request, q.State = "bolt12", "usd", 1, 3, "lno", "PAID"
			q.Paid, q.Issued, q.Expiry, q.KeyIndex, q.Proof, q.Updated, q.Asked = 7, 6, 8, &n, "another", 10, 11
			k.update(func(tx wallet.Tx) error { return tx.UpdateQuote(k.ctx, q) })
			q.Version = 1
			if diff := cmp.Diff(q, must[wallet.Quote](k)(k.store.Quote(k.ctx, q.Direction, mintURL, "q"))); diff != "" {
				k.Error(diff)
			}
		}},
		{"a quote that is let go has another version, and those of others stay", func(k *kit) {
			mine, other := k.id(), k.id()
			for id, op := range map[string]uuid.UUID{"mine": mine, "other": other} {
				q := k.quote(wallet.QuoteMint, id)
				k.update(func(tx wallet.Tx) error {
					return errors.Join(tx.AddQuote(k.ctx, q), tx.ReserveQuote(k.ctx, q.Direction, mintURL, id, op))
				})
			}
			k.update(func(tx wallet.Tx) error {
				_, err := tx.ReleaseQuotes(k.ctx, mine)
				return err
			})
			for id, want := range map[string]wallet.Quote{"mine": {Version: 2}, "other": {UsedBy: other, Version: 1}} {
				if got := must[wallet.Quote](k)(k.store.Quote(k.ctx, wallet.QuoteMint, mintURL, id)); got.UsedBy != want.UsedBy || got.Version != want.Version {
					k.Errorf("%s: used by %v, version %d", id, got.UsedBy, got.Version)
				}
			}
		}},
		{"quotes are listed oldest first", func(k *kit) {
			for i, id := range []string{"c", "b", "a", "d"} {
				q := k.quote(wallet.QuoteMint, id)
				q.Created = int64(10 - i/2)
				k.update(func(tx wallet.Tx) error { return tx.AddQuote(k.ctx, q) })
			}
			var got string
			for _, q := range must[[]wallet.Quote](k)(k.store.Quotes(k.ctx)) {
				got += q.ID
			}
			if got != "adbc" {
				k.Errorf("they come as %s", got)
			}
		}},
	}
}

func apartHistory() []testCase {
	entry := func(k *kit, kind wallet.Kind, status string, at int64) wallet.Transaction {
		return wallet.Transaction{Operation: k.id(), Kind: kind, Unit: "sat", MintURL: mintURL, Status: status, At: at}
	}
	put := func(k *kit, list ...wallet.Transaction) {
		k.Helper()
		for _, e := range list {
			k.update(func(tx wallet.Tx) error { return tx.PutTransaction(k.ctx, e) })
		}
	}
	return []testCase{
		{"history is by time, and within a second by the age of the operation", func(k *kit) {
			one, two, three := entry(k, wallet.KindSend, wallet.StatusPending, 5), entry(k, wallet.KindSend, wallet.StatusPending, 5), entry(k, wallet.KindSend, wallet.StatusPending, 4)
			put(k, two, three, one)
			if diff := cmp.Diff([]wallet.Transaction{two, one, three}, must[[]wallet.Transaction](k)(k.store.Transactions(k.ctx, 0))); diff != "" {
				k.Error(diff)
			}
		}},
		{"a token counts as received while a receive of it is under way or completed", func(k *kit) {
			found := func(token wallet.Secret) string {
				k.Helper()
				e, err := k.store.TokenReceived(k.ctx, token)
				if errors.Is(err, wallet.ErrNotFound) {
					return ""
				}
				if err != nil {
					k.Fatal(err)
				}
				return e.Status
			}
			sent := entry(k, wallet.KindSend, wallet.StatusCompleted, 1)
			sent.Token = "cashuB"
			put(k, sent)
			for _, status := range []string{wallet.StatusFailed, wallet.StatusAbandoned} {
				e := entry(k, wallet.KindReceive, status, 2)
				e.Token = "cashuB"
				put(k, e)
			}
			if got := found("cashuB"); got != "" {
				k.Errorf("it was received: %s", got)
			}
			pending, done := entry(k, wallet.KindReceive, wallet.StatusPending, 3), entry(k, wallet.KindReceive, wallet.StatusCompleted, 3)
			pending.Token, done.Token = "cashuB", "cashuB"
			put(k, pending)
			if got := found("cashuB"); got != wallet.StatusPending {
				k.Errorf("under way it is %q", got)
			}
			put(k, done)
			if got := found("cashuB"); got != wallet.StatusCompleted {
				k.Errorf("completed it is %q", got)
			}
			if got := found("cashuBx"); got != "" {
				k.Errorf("another token was received: %s", got)
			}
		}},
		{"payments come oldest first, without what was taken back", func(k *kit) {
			first, second, back, other := entry(k, wallet.KindMelt, wallet.StatusCompleted, 9), entry(k, wallet.KindMelt, wallet.StatusPending, 5), entry(k, wallet.KindMelt, wallet.StatusTakenBack, 1), entry(k, wallet.KindMelt, wallet.StatusPending, 1)
			first.Payment, second.Payment, back.Payment, other.Payment = "p", "p", "p", "q"
			put(k, first, second, back, other)
			if diff := cmp.Diff([]wallet.Transaction{second, first}, must[[]wallet.Transaction](k)(k.store.Payments(k.ctx, "p"))); diff != "" {
				k.Error(diff)
			}
		}},
		{"a payment that was looked at before is locked like a new one", func(k *kit) {
			k.update(func(tx wallet.Tx) error { return tx.LockPayment(k.ctx, "p") })
			var mu sync.Mutex
			seen := map[int]int{}
			k.both(15, func(s wallet.Store) error {
				n := 0
				err := s.Update(k.ctx, func(tx wallet.Tx) error {
					if err := tx.LockPayment(k.ctx, "p"); err != nil {
						return err
					}
					list, err := tx.Payments(k.ctx, "p")
					if n = len(list); err != nil {
						return err
					}
					return tx.PutTransaction(k.ctx, wallet.Transaction{Operation: k.id(), Kind: wallet.KindMelt, Status: wallet.StatusPending, Payment: "p"})
				})
				mu.Lock()
				seen[n]++
				mu.Unlock()
				return err
			})
			for n, times := range seen {
				if times != 1 {
					k.Errorf("%d have seen %d payments", times, n)
				}
			}
		}},
		{"the inbox is in the order of time, and one removal removes one", func(k *kit) {
			late, early := wallet.InboxItem{ID: k.id(), Token: "b", At: 9}, wallet.InboxItem{ID: k.id(), Token: "a", At: 3}
			k.update(func(tx wallet.Tx) error { return errors.Join(tx.AddInbox(k.ctx, late), tx.AddInbox(k.ctx, early)) })
			if diff := cmp.Diff([]wallet.InboxItem{early, late}, must[[]wallet.InboxItem](k)(k.store.Inbox(k.ctx))); diff != "" {
				k.Error(diff)
			}
			k.update(func(tx wallet.Tx) error { return tx.RemoveInbox(k.ctx, early.ID) })
			if diff := cmp.Diff([]wallet.InboxItem{late}, must[[]wallet.InboxItem](k)(k.store.Inbox(k.ctx))); diff != "" {
				k.Error(diff)
			}
		}},
	}
}

func apartMints() []testCase {
	return []testCase{
		{"what is known of a mint is all written anew", func(k *kit) {
			m := wallet.KnownMint{URL: mintURL, Name: "a", Trusted: true, Info: []byte("{}"), Fetched: 1, LeftOut: []string{"x"}}
			other := wallet.KnownMint{URL: elsewhere, Name: "b", Info: []byte("{}")}
			k.update(func(tx wallet.Tx) error { return errors.Join(tx.PutMint(k.ctx, m), tx.PutMint(k.ctx, other)) })
			m.Name, m.Trusted, m.Info, m.Fetched, m.LeftOut = "c", false, []byte(`{"a":1}`), 2, []string{"y"}
			k.update(func(tx wallet.Tx) error { return tx.PutMint(k.ctx, m) })
			if diff := cmp.Diff([]wallet.KnownMint{m, other}, must[[]wallet.KnownMint](k)(k.store.Mints(k.ctx))); diff != "" {
				k.Error(diff)
			}
		}},
		{"a keyset changes its fee and its end, never its unit, and those of mints are apart", func(k *kit) {
			set := k.keysetOf(1, 1)
			there := set
			there.InputFeePPK = 7
			k.update(func(tx wallet.Tx) error {
				return errors.Join(tx.PutKeysets(k.ctx, mintURL, []cashu.Keyset{set}), tx.PutKeysets(k.ctx, elsewhere, []cashu.Keyset{there}))
			})
			set.InputFeePPK, set.FinalExpiry, set.Active = 900, 77, false
			k.update(func(tx wallet.Tx) error { return tx.PutKeysets(k.ctx, mintURL, []cashu.Keyset{set}) })
			for url, want := range map[string]cashu.Keyset{mintURL: set, elsewhere: there} {
				got := must[[]cashu.Keyset](k)(k.store.Keysets(k.ctx, url))
				if len(got) != 1 || got[0].InputFeePPK != want.InputFeePPK || got[0].FinalExpiry != want.FinalExpiry || got[0].Active != want.Active || !got[0].Keys.Equal(want.Keys) {
					k.Errorf("at %s there is %+v", url, got)
				}
			}
			set.Unit = "usd"
			k.refuse(wallet.ErrExists, func(tx wallet.Tx) error { return tx.PutKeysets(k.ctx, mintURL, []cashu.Keyset{set}) })
		}},
		{"a mint is not forgotten while a coin is anywhere but spent, or an operation is given up", func(k *kit) {
			k.update(func(tx wallet.Tx) error { return tx.PutMint(k.ctx, wallet.KnownMint{URL: mintURL}) })
			_, ys := k.coins(1)
			op := k.id()
			k.update(func(tx wallet.Tx) error { return tx.ReserveCoins(k.ctx, ys, op) })
			at := wallet.CoinReserved
			for _, to := range []wallet.CoinState{wallet.CoinPending, wallet.CoinPendingSpent, wallet.CoinAbandoned, wallet.CoinSpent} {
				k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error { return tx.RemoveMint(k.ctx, mintURL) })
				k.update(func(tx wallet.Tx) error { return tx.MoveCoins(k.ctx, ys, op, []wallet.CoinState{at}, to) })
				at = to
			}
			s := k.swap()
			k.update(func(tx wallet.Tx) error { return tx.AddSaga(k.ctx, s) })
			if !k.mark(&s, true) {
				k.Fatal("it was not given up")
			}
			k.refuse(wallet.ErrCoinsTaken, func(tx wallet.Tx) error { return tx.RemoveMint(k.ctx, mintURL) })
		}},
		{"a mint moves with its keysets, quotes, history and inbox, and no other mint does", func(k *kit) {
			const to = "https://moved.example"
			set := k.keysetOf(1, 1)
			theirs := k.coin(1)
			theirs.MintURL = elsewhere
			var sagas []wallet.Saga
			for _, url := range []string{mintURL, elsewhere} {
				q, s := k.quote(wallet.QuoteMint, "q"), k.swap()
				q.MintURL, s.MintURL = url, url
				sagas = append(sagas, s)
				k.update(func(tx wallet.Tx) error {
					return errors.Join(tx.PutMint(k.ctx, wallet.KnownMint{URL: url}), tx.PutKeysets(k.ctx, url, []cashu.Keyset{set}), tx.AddQuote(k.ctx, q), tx.AddSaga(k.ctx, s),
						tx.PutTransaction(k.ctx, wallet.Transaction{Operation: s.ID, Kind: wallet.KindSwap, MintURL: url, Status: wallet.StatusPending}),
						tx.AddInbox(k.ctx, wallet.InboxItem{ID: s.ID, MintURL: url}), tx.PutLogin(k.ctx, wallet.StoredLogin{MintURL: url}))
				})
				k.addTokens(url, 1, 0, "a")
			}
			k.update(func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, []wallet.StoredCoin{theirs}) })
			k.refuse(wallet.ErrExists, func(tx wallet.Tx) error { return tx.MoveMint(k.ctx, mintURL, elsewhere) })
			k.update(func(tx wallet.Tx) error { return tx.MoveMint(k.ctx, mintURL, to) })
			for i, tc := range []struct {
				url     string
				version uint32
				logins  int
			}{{to, 1, 0}, {elsewhere, 0, 1}} {
				if got := must[[]cashu.Keyset](k)(k.store.Keysets(k.ctx, tc.url)); len(got) != 1 {
					k.Errorf("%s has %d keysets", tc.url, len(got))
				}
				if q := must[wallet.Quote](k)(k.store.Quote(k.ctx, wallet.QuoteMint, tc.url, "q")); q.Version != tc.version {
					k.Errorf("%s: the quote has version %d", tc.url, q.Version)
				}
				if s := must[wallet.Saga](k)(k.store.Saga(k.ctx, sagas[i].ID)); s.MintURL != tc.url || s.Version != tc.version {
					k.Errorf("%s: the operation is at %s, version %d", tc.url, s.MintURL, s.Version)
				}
				if e := must[wallet.Transaction](k)(k.store.Transaction(k.ctx, sagas[i].ID)); e.MintURL != tc.url {
					k.Errorf("%s: the history says %s", tc.url, e.MintURL)
				}
				if n := must[int](k)(k.store.CountAuthTokens(k.ctx, tc.url, 0)); n != tc.logins {
					k.Errorf("%s: %d blind tokens", tc.url, n)
				}
			}
			inbox := map[string]int{}
			for _, i := range must[[]wallet.InboxItem](k)(k.store.Inbox(k.ctx)) {
				inbox[i.MintURL]++
			}
			if inbox[to] != 1 || inbox[elsewhere] != 1 {
				k.Errorf("the inbox has %v", inbox)
			}
			if _, err := k.store.Login(k.ctx, mintURL); !errors.Is(err, wallet.ErrNotFound) {
				k.Errorf("the login at the old address: %v", err)
			}
			if _, err := k.store.Login(k.ctx, elsewhere); err != nil {
				k.Errorf("the login at another mint: %v", err)
			}
			if got := must[[]wallet.StoredCoin](k)(k.store.Coins(k.ctx, wallet.CoinFilter{MintURL: elsewhere})); len(got) != 1 {
				k.Error("the coin of another mint has moved")
			}
		}},
		{"logins and blind tokens of mints are apart", func(k *kit) {
			for _, url := range []string{mintURL, elsewhere} {
				k.update(func(tx wallet.Tx) error { return tx.PutLogin(k.ctx, wallet.StoredLogin{MintURL: url, Expires: 1}) })
				k.addTokens(url, 1, 20, "a", "b")
				k.addTokens(url, 2, math.MaxInt64, "c")
			}
			k.update(func(tx wallet.Tx) error {
				_, err := tx.TakeAuthToken(k.ctx, mintURL, 20) // those of 20 have ended
				return errors.Join(err, tx.UpdateLogin(k.ctx, wallet.StoredLogin{MintURL: mintURL, Expires: 2}))
			})
			k.update(func(tx wallet.Tx) error { return tx.DropAuthTokens(k.ctx, mintURL, k.keyset(1)) })
			k.update(func(tx wallet.Tx) error { return tx.DropAuthTokens(k.ctx, mintURL, cashu.KeysetID{}) })
			if n := must[int](k)(k.store.CountAuthTokens(k.ctx, elsewhere, 0)); n != 3 {
				k.Errorf("of three blind tokens of another mint there are %d", n)
			}
			if n := must[int](k)(k.store.CountAuthTokens(k.ctx, mintURL, 0)); n != 0 {
				k.Errorf("%d are left", n)
			}
			k.refuse(wallet.ErrNotFound, func(tx wallet.Tx) error {
				_, err := tx.TakeAuthToken(k.ctx, mintURL, 1)
				return err
			})
			k.refuse(wallet.ErrTakenOver, func(tx wallet.Tx) error {
				return tx.UpdateLogin(k.ctx, wallet.StoredLogin{MintURL: mintURL, Version: 9})
			})
			k.refuse(wallet.ErrTakenOver, func(tx wallet.Tx) error { return tx.RemoveLogin(k.ctx, mintURL, 9) })
			if l := must[wallet.StoredLogin](k)(k.store.Login(k.ctx, elsewhere)); l.Expires != 1 || l.Version != 0 {
				k.Errorf("the login at another mint is %+v", l)
			}
		}},
	}
}
