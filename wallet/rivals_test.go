package wallet_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
	"mintmark/wallet"
)

// Two devices of one seed use the same counters. The second adopts what the first
// got, passes over it, and gets its own: nothing is lost and nothing counts twice.
func TestTwoDevicesOfOneSeedMintTheSameAmount(t *testing.T) {
	t.Parallel()
	for _, amounts := range [][2]cashu.Amount{{64, 64}, {64, 32}, {32 + 64, 32 + 16}, {1023, 1}, {1, 1023}} {
		w := newWorld(t)
		a, aStore := w.wallet()
		b, bStore := w.wallet()
		w.fund(a, amounts[0])
		w.fund(b, amounts[1])
		if got := w.balance(b, wallet.CoinUnspent); got != amounts[0]+amounts[1] {
			t.Errorf("%v: the second device has %d", amounts, got)
		}
		if err := w.audit(aStore, bStore); err != nil {
			t.Errorf("%v: %v", amounts, err)
		}
	}
}

func TestTwoDevicesOfOneSeedSwapSendReceiveAndPay(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, aStore := w.wallet()
	b, bStore := w.wallet()
	other, otherStore := w.walletOf(strings.Repeat("abandon ", 11) + "about")
	w.fund(a, 500)
	if _, err := b.Restore(t.Context(), w.url, wallet.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	w.fund(a, 100) // from here on b's counters are behind
	w.fund(other, 300)
	gift, err := other.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 50})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Receive(t.Context(), gift.Token, wallet.ReceiveOptions{AnyMint: true}); err != nil {
		t.Errorf("receive: %v", err)
	}
	w.fund(a, 100)
	if _, err := a.Swap(t.Context(), w.url, "sat", true); err != nil {
		t.Fatal(err)
	}
	// b believes in coins that a has swapped: each failure puts that right.
	eventually := func(what string, try func() error) {
		t.Helper()
		var err error
		for range 20 {
			if err = try(); err == nil {
				return
			}
			w.later(3 * time.Minute)
			if _, err := b.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
				t.Fatal(err)
			}
			w.later(-3 * time.Minute)
		}
		t.Errorf("%s: %v", what, err)
	}
	eventually("send", func() error {
		_, err := b.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 7})
		return err
	})
	w.fund(a, 100)
	eventually("melt", func() error {
		_, err := b.Melt(t.Context(), w.url, w.meltQuote(b, 20).ID, wallet.MeltOptions{Poll: time.Millisecond, Wait: time.Second})
		return err
	})
	eventually("swap", func() error {
		_, err := b.Swap(t.Context(), w.url, "sat", true)
		return err
	})
	for _, x := range []*wallet.Wallet{other, b} {
		if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := b.Restore(t.Context(), w.url, wallet.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	// a's coins that b has spent are still free in a's eyes; what b has is all.
	if err := w.audit(bStore, otherStore); err != nil {
		t.Error(err)
	}
	_ = aStore
}

// The keyset is rotated after the wallet has read it: every operation plans anew,
// once, and succeeds.
func TestARotationBetweenPlanAndRequestIsPlannedAnew(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	y, yStore := w.walletOf(strings.Repeat("abandon ", 11) + "about")
	w.fund(x, 500)
	w.fund(y, 500)
	w.rotate(0)
	if _, err := x.Swap(t.Context(), w.url, "sat", true); err != nil {
		t.Errorf("swap: %v", err)
	}
	w.rotate(0)
	w.fund(x, 33)
	w.rotate(0)
	lock, err := y.NewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	sent, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 21, Lock: &conditions.Lock{Key: lock}})
	if err != nil {
		t.Fatalf("send: %v", err)
	}
	if _, err := y.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); err != nil {
		t.Errorf("receive: %v", err)
	}
	w.rotate(0)
	if _, err := x.Melt(t.Context(), w.url, w.meltQuote(x, 100).ID, wallet.MeltOptions{Poll: time.Millisecond, Wait: 10 * time.Second}); err != nil {
		t.Errorf("melt: %v", err)
	}
	if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := w.audit(store, yStore); err != nil {
		t.Error(err)
	}
}

// The answer is lost and the keyset rotated away: the refusal of the second try
// says nothing about the first, until that cannot be on its way any more.
func TestARefusalAfterAnUnansweredRequestFreesNothingYet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 64)
	n := 0
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path != "/v1/swap" {
			return nil
		}
		if n++; n == 1 {
			w.rotate(0)
			return errors.New("slow")
		}
		return nil
	}, nil)
	if _, err := x.Swap(t.Context(), w.url, "sat", true); !errors.Is(err, wallet.ErrPending) {
		t.Errorf("got %v", err)
	}
	if got := w.balance(x, wallet.CoinPending); got != 64 {
		t.Errorf("%d pending", got)
	}
	if err := w.recovered([]wallet.Store{store}, x); err != nil {
		t.Error(err)
	}
	if got := w.balance(x, wallet.CoinUnspent); got != 63 {
		t.Errorf("%d free in the end", got)
	}
}

// A quote that somebody asks about while it is being issued counts once.
func TestAQuoteThatIsAskedAboutMeanwhileIsIssuedOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 64})
	if err != nil {
		t.Fatal(err)
	}
	w.line.cut(nil, func(r *http.Request, _ *http.Response) error {
		if r.URL.Path == "/v1/mint/bolt11" {
			_, err := x.CheckMintQuote(t.Context(), w.url, q.ID)
			return err
		}
		return nil
	})
	if _, err := x.Issue(t.Context(), w.url, q.ID, wallet.MintOptions{}); err != nil {
		t.Fatal(err)
	}
	if q, err = store.Quote(t.Context(), wallet.QuoteMint, w.url, q.ID); err != nil || q.Issued != 64 || q.State != "ISSUED" {
		t.Errorf("issued %d of %d, %s: %v", q.Issued, q.Paid, q.State, err)
	}
}

// Of a token that is claimed in part, the claimed coins are spent and count no more,
// and the rest can be taken back (W15).
func TestAPartlyClaimedTokenCountsWhatIsLeft(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, aStore := w.wallet()
	b, bStore := w.walletOf(strings.Repeat("abandon ", 11) + "about")
	w.fund(a, 200)
	sent, err := a.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 64 + 32})
	if err != nil {
		t.Fatal(err)
	}
	whole, err := token.Parse(sent.Token)
	if err != nil {
		t.Fatal(err)
	}
	m, err := a.KnownMint(t.Context(), w.url)
	if err != nil {
		t.Fatal(err)
	}
	coins, err := whole.Coins(m.KeysetIDs())
	if err != nil || len(coins) != 2 {
		t.Fatalf("%d coins: %v", len(coins), err)
	}
	part, err := token.New(w.url, "sat", "", coins[:1])
	if err != nil {
		t.Fatal(err)
	}
	text, err := part.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.Receive(t.Context(), text, wallet.ReceiveOptions{AnyMint: true}); err != nil {
		t.Fatal(err)
	}
	status, err := a.CheckSend(t.Context(), sent.ID)
	if err != nil || status.Claimed != coins[0].Amount || status.Unclaimed != coins[1].Amount {
		t.Fatalf("got %+v, %v", status, err)
	}
	if got := w.balance(a, wallet.CoinPendingSpent); got != coins[1].Amount {
		t.Errorf("%d is said to be in the token", got)
	}
	if err := w.audit(aStore, bStore); err != nil {
		t.Error(err)
	}
	if back, err := a.Revoke(t.Context(), sent.ID); err != nil || back != coins[1].Amount-1 {
		t.Errorf("took %d back: %v", back, err)
	}
	if err := w.audit(aStore, bStore); err != nil {
		t.Error(err)
	}
}

// A quote that was paid with somebody else's coins does not cost ours (I7, I8): they
// wait, until a person takes them back.
func TestAQuoteThatSomebodyElsePaidCostsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, aStore := w.wallet()
	b, bStore := w.walletOf(strings.Repeat("abandon ", 11) + "about")
	w.fund(a, 200)
	w.fund(b, 200)
	q := w.meltQuote(a, 100)
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/melt/bolt11" {
			return errors.New("slow")
		}
		return nil
	}, nil)
	_, err := a.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Wait: 20 * time.Millisecond, Poll: time.Millisecond})
	if !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("got %v", err)
	}
	failed, ok := errors.AsType[*wallet.OperationError](err)
	if !ok {
		t.Fatal("the operation is not named")
	}
	w.line.cut(nil, nil)
	theirs := q
	theirs.Version, theirs.UsedBy = 0, [16]byte{}
	if err := bStore.Update(t.Context(), func(tx wallet.Tx) error { return tx.AddQuote(t.Context(), theirs) }); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Wait: 10 * time.Second, Poll: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	before := w.balance(a, wallet.CoinPending)
	if _, err := a.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if got := w.balance(a, wallet.CoinPending); got != before || before == 0 {
		t.Errorf("%d pending, %d before", got, before)
	}
	if _, err := a.Reclaim(t.Context(), failed.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.audit(aStore, bStore); err != nil {
		t.Error(err)
	}
}

// A payment in doubt is made harmless by exchanging its coins (W14): the late
// request then has nothing to pay with.
func TestReclaimMakesALateMeltHarmless(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 200)
	q := w.meltQuote(x, 100)
	var late *http.Request
	var body []byte
	ctx, die := context.WithCancel(t.Context())
	defer die()
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/melt/bolt11" && late == nil {
			body, _ = io.ReadAll(r.Body)
			late = r.Clone(t.Context())
			die() // and with it whoever waits
			return errors.New("slow")
		}
		return nil
	}, nil)
	_, err := x.Melt(ctx, w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond})
	failed, ok := errors.AsType[*wallet.OperationError](err)
	if !ok {
		t.Fatalf("got %v", err)
	}
	w.line.cut(nil, nil)
	pending := w.balance(x, wallet.CoinPending)
	back, err := x.Reclaim(t.Context(), failed.ID)
	if err != nil || back == 0 || back >= pending {
		t.Fatalf("%d of %d came back: %v", back, pending, err)
	}
	if late == nil {
		t.Fatal("the payment has not left in time")
	}
	late.Body = io.NopCloser(strings.NewReader(string(body)))
	late.RequestURI = ""
	resp, err := http.DefaultClient.Do(late)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("the late payment: HTTP %d", resp.StatusCode)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
	if history, err := store.Transaction(t.Context(), failed.ID); err != nil || history.Status != "failed" {
		t.Errorf("in the history: %v, %v", history.Status, err)
	}
}

// Recovery in the same process leaves an operation alone that is running.
func TestRecoveryLeavesWhatThisProcessIsDoing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 200)
	n := 0
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/swap" {
			n++
			for _, force := range []bool{false, n == 2} {
				done, err := x.Recover(t.Context(), wallet.RecoverOptions{Force: force})
				if err != nil {
					t.Error(err)
				}
				for _, d := range done {
					if (d.Result == wallet.RecoveredLeft) == force {
						t.Errorf("forced %v: %+v", force, d)
					}
				}
			}
		}
		return nil
	}, nil)
	if _, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 21}); err != nil {
		t.Error(err)
	}
	w.line.cut(nil, nil)
	if err := w.recovered([]wallet.Store{store}, x); err != nil {
		t.Error(err)
	}
}

// A call that is repeated under its name gives what it gave, for every kind.
func TestACallUnderANameIsDoneOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 500})
	if err != nil {
		t.Fatal(err)
	}
	melt := w.meltQuote(x, 100)
	var sent [2]wallet.Sent
	var got [2]wallet.Received
	var paid [2]wallet.MeltResult
	for i := range 2 {
		if n, err := x.Issue(t.Context(), w.url, q.ID, wallet.MintOptions{Key: "mint"}); err != nil || n != 500 {
			t.Fatalf("issued %d: %v", n, err)
		}
		if sent[i], err = x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 50, Memo: "m", Key: "send"}); err != nil {
			t.Fatal(err)
		}
		if got[i], err = x.Receive(t.Context(), sent[i].Token, wallet.ReceiveOptions{AnyMint: true, Key: "receive"}); err != nil {
			t.Fatal(err)
		}
		if paid[i], err = x.Melt(t.Context(), w.url, melt.ID, wallet.MeltOptions{Key: "melt", Poll: time.Millisecond}); err != nil {
			t.Fatal(err)
		}
	}
	if sent[0] != sent[1] || got[0] != got[1] || paid[0] != paid[1] {
		t.Errorf("different answers: %+v, %+v", got, paid)
	}
	if _, err := x.Melt(t.Context(), w.url, melt.ID, wallet.MeltOptions{Key: "mint"}); err == nil {
		t.Error("the name of a mint is good for a melt")
	}
	if err := w.recovered([]wallet.Store{store}, x); err != nil {
		t.Error(err)
	}
}

// Two wallets on one database choose among the same coins at the same time. Each send
// gets coins of its own, and none fails because another was quicker.
func TestSendsAtTheSameTimeOnOneDatabaseAllGetTheirCoins(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := filepath.Join(t.TempDir(), "shared.db")
	a, _ := w.walletOn(path, words)
	b, _ := w.walletOn(path, words)
	const n = 16
	for range n {
		w.fund(a, 1)
	}
	tokens := make(chan string, n)
	var sending sync.WaitGroup
	for i := range n {
		sending.Go(func() {
			sent, err := []*wallet.Wallet{a, b}[i%2].Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 1})
			if err != nil {
				t.Error(err)
				return
			}
			tokens <- sent.Token
		})
	}
	sending.Wait()
	close(tokens)
	seen := map[string]bool{}
	for text := range tokens {
		if seen[text] {
			t.Error("two sends gave the same token")
		}
		seen[text] = true
	}
	if out := w.balance(a, wallet.CoinPendingSpent); out != n {
		t.Errorf("%d are out, want %d", out, n)
	}
}
