package wallet_test

import (
	"context"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// C14, W4: while the mint works with the coins of a token nothing is decided about it,
// whatever it answers and however late it is.
func TestATokenThatTheMintIsStillWorkingOnWaits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.y, 200)
	sent := s.sendFrom(s.y, wallet.SendOptions{Amount: 50})
	swaps := 0
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/swap" {
			swaps++
			return errors.New("lost")
		}
		return nil
	}, nil)
	w.rewrite("/v1/checkstate", `"UNSPENT"`, `"PENDING"`)
	if _, err := s.x.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("got %v", err)
	}
	for range 3 {
		w.later(3 * time.Minute) // nothing is on its way any more
		if _, err := s.x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	ops, err := s.x.Operations(t.Context())
	if err != nil || statesOf(ops) != "receive.swap_requested" || swaps < 4 {
		t.Fatalf("%q after %d requests: %v", statesOf(ops), swaps, err)
	}
	if inbox, err := s.x.Inbox(t.Context()); err != nil || len(inbox) != 0 {
		t.Errorf("given up while the mint works: %d, %v", len(inbox), err)
	}
	w.line.cut(nil, nil)
	if err := s.settle("receive"); err != nil {
		t.Error(err)
	}
	if got := w.balance(s.x, wallet.CoinUnspent); got != 49 {
		t.Errorf("%d received", got)
	}
}

// C22: a mint without change is paid with coins of a swap before. A crash between the
// two leaves those coins free, and nothing of the payment.
func TestACrashBetweenASwapAndThePaymentItIsForFreesTheCoins(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, func(b *fake.Config, _ *mint.Config) { b.FeeReserveMin = 2 })
	store := w.openStore(sqldb.Memory)
	seed := newSeed(t)
	broken := &brokenStore{Store: store}
	x := w.walletBy(broken, without{w.line, []string{"8"}}, seed)
	w.fund(x, 256)
	q := w.meltQuote(x, 100)
	// The swap has three commits; the next one is the payment's first.
	broken.mu.Lock()
	broken.fault, broken.at, broken.lasts = notCommitted, broken.n+4, true
	broken.mu.Unlock()
	if _, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond}); !errors.Is(err, errStore) {
		t.Fatalf("got %v", err)
	}
	again := w.walletBy(store, without{w.line, []string{"8"}}, seed)
	if _, err := again.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := w.line.count("POST /v1/swap"); n != 1 {
		t.Errorf("%d swaps", n)
	}
	if free := w.balance(again, wallet.CoinUnspent); free != 255 {
		t.Errorf("%d free", free)
	}
	if at, err := store.Quote(t.Context(), wallet.QuoteMelt, w.url, q.ID); err != nil || at.UsedBy != uuid.Nil {
		t.Errorf("the quote is used by %v: %v", at.UsedBy, err)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// C27, W17: a restore that dies between two batches has the counters of what it has
// the coins of, so that what follows uses none twice; repeated, it finds the rest.
func TestARestoreThatDiesBetweenTwoBatchesCanBeGoneOnWith(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed := newSeed(t)
	deviceStore := w.openStore(sqldb.Memory)
	device := w.walletBy(deviceStore, w.line, seed)
	for range 12 { // of ten coins each
		w.fund(device, 1023)
	}
	store := w.openStore(sqldb.Memory)
	broken := &brokenStore{Store: store, fault: notCommitted, at: 3, lasts: true} // the mint, and one batch
	if _, err := w.walletBy(broken, w.line, seed).Restore(t.Context(), w.url, wallet.RestoreOptions{}); !errors.Is(err, errStore) {
		t.Fatalf("got %v", err)
	}
	x := w.walletBy(store, w.line, seed)
	if got := w.balance(x, wallet.CoinUnspent); got != 10*1023 {
		t.Fatalf("the first batch has %d", got)
	}
	keyset := w.mint.Keysets().All()[0].ID
	if next, err := store.Counter(t.Context(), keyset); err != nil || next != 100 {
		t.Errorf("the counter is %d: %v", next, err)
	}
	w.fund(x, 5) // the counters after it are those that the device has used
	for range 2 {
		if _, err := x.Restore(t.Context(), w.url, wallet.RestoreOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if got := w.balance(x, wallet.CoinUnspent); got != 12*1023+5 {
		t.Errorf("%d in the end", got)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// W18: the mint says of everything that it is spent. Nothing of it leaves the books,
// and what the wallet has let go, it still has the token of.
func TestAWordOfTheMintTakesNothingOutOfTheBooks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 200)
	sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 50})
	secrets := func() string {
		coins, err := s.xStore.Coins(t.Context(), wallet.CoinFilter{})
		s.must(err)
		var list []string
		for _, c := range coins {
			list = append(list, c.Secret)
		}
		return strings.Join(list, " ")
	}
	before := secrets()
	w.rewrite("/v1/checkstate", `"UNSPENT"`, `"SPENT"`)
	_, err := s.x.Recover(t.Context(), wallet.RecoverOptions{})
	s.must(err)
	_, err = s.x.SweepOrphans(t.Context())
	s.must(err)
	if _, err := s.x.Restore(t.Context(), w.url, wallet.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	after := secrets()
	for secret := range strings.SplitSeq(before, " ") {
		if !strings.Contains(after, secret) {
			t.Error("a coin has left the books")
		}
	}
	if free := w.balance(s.x, wallet.CoinUnspent); free != 149 {
		t.Errorf("%d free", free)
	}
	w.line.cut(nil, nil) // it was a lie
	entry, err := s.xStore.Transaction(t.Context(), sent.ID)
	s.must(err)
	if _, err := s.x.Receive(t.Context(), string(entry.Token), wallet.ReceiveOptions{AnyMint: true}); err != nil {
		t.Errorf("the token that the history keeps: %v", err)
	}
	if free := w.balance(s.x, wallet.CoinUnspent); free != 149+49 {
		t.Errorf("%d free in the end", free)
	}
	if _, err := s.x.Swap(t.Context(), w.url, "sat", true); err != nil {
		t.Errorf("the coins are not good: %v", err)
	}
	if free := w.balance(s.x, wallet.CoinUnspent); free != 197 {
		t.Errorf("%d after a swap", free)
	}
}

// W8: whoever recovers claims an operation before the mint is asked anything about it,
// so that of two only one acts; who has read it before that does nothing.
func TestRecoveryClaimsBeforeItAsks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 200)
	id := uuid.MustParse(inDoubt(s))
	before, err := s.xStore.Saga(t.Context(), id)
	s.must(err)
	asked := 0
	w.line.cut(func(r *http.Request) error {
		if !strings.Contains(r.URL.Path, "/melt/") {
			return nil
		}
		asked++
		now, err := s.xStore.Saga(t.Context(), id)
		if err != nil || now.Version == before.Version {
			t.Errorf("asked about version %d, which it has read: %v", now.Version, err)
		}
		return nil
	}, nil)
	_, err = s.x.Recover(t.Context(), wallet.RecoverOptions{})
	s.must(err)
	if asked == 0 {
		t.Error("the mint was not asked")
	}
	asked = 0
	late := w.walletBy(staleSagas{s.xStore, before}, w.line, s.xSeed)
	done, err := late.Recover(t.Context(), wallet.RecoverOptions{})
	if err != nil || len(done) != 1 || done[0].Result != wallet.RecoveredLeft || asked != 0 {
		t.Errorf("who was too late: %+v after %d questions, %v", done, asked, err)
	}
}

// What the mint is working with is not taken back, and who has read an operation before
// another took it over does not take back anything either.
func TestOnlyWhatIsCertainlyOursIsReclaimed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 200)
	id := uuid.MustParse(inDoubt(s))
	before, err := s.xStore.Saga(t.Context(), id)
	s.must(err)
	w.rewrite("/v1/checkstate", `"UNSPENT"`, `"PENDING"`)
	if _, err := s.x.Reclaim(t.Context(), id); !errors.Is(err, wallet.ErrPending) {
		t.Errorf("got %v", err)
	}
	w.line.cut(nil, nil)
	asked := w.line.total()
	late := w.walletBy(staleSagas{s.xStore, before}, w.line, s.xSeed)
	if _, err := late.Reclaim(t.Context(), id); !errors.Is(err, wallet.ErrTakenOver) {
		t.Errorf("too late: %v", err)
	}
	if n := w.line.total(); n != asked {
		t.Errorf("who was too late has asked the mint %d times", n-asked)
	}
	if n := w.line.count("POST /v1/swap"); n != 0 {
		t.Errorf("%d swaps", n)
	}
	if back, err := s.x.Reclaim(t.Context(), id); err != nil || back != 127 {
		t.Errorf("got %d back: %v", back, err)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
}

// total is how many requests were made.
func (l *line) total() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.seen)
}

// staleSagas is a store whose list of operations was read a while ago.
type staleSagas struct {
	wallet.Store
	saga wallet.Saga
}

func (o staleSagas) Sagas(context.Context) ([]wallet.Saga, error) { return []wallet.Saga{o.saga}, nil }

func (o staleSagas) Saga(context.Context, uuid.UUID) (wallet.Saga, error) { return o.saga, nil }
