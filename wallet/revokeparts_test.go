package wallet_test

import (
	"errors"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu/conditions"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// A locked token that comes back to this wallet by a key of its own is taken back in
// two swaps. What was interrupted after the first is gone on with, signatures included.
func TestALockedTokenThatWasBeingTakenBackIsTakenBackToItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store := w.openStore(sqldb.Memory)
	x := w.walletBy(store, w.line, newSeed(t))
	w.fund(x, 1100)
	mine, err := x.NewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	other, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	lock := &conditions.Lock{Key: other.Public(), Locktime: uint64(time.Now().Add(-time.Hour).Unix()), Refund: []bdhke.Point{mine}}
	sent, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 1023, Lock: lock})
	if err != nil {
		t.Fatal(err)
	}
	before := w.balance(x, wallet.CoinUnspent)
	w.rewrite("/v1/info", `"max_array_length":1000`, `"max_array_length":5`)
	m, err := x.RefreshMint(t.Context(), w.url)
	if err != nil || m.Info.MaxArray != 5 {
		t.Fatalf("the mint takes %d coins, %v", m.Info.MaxArray, err)
	}
	var swaps atomic.Int32
	w.line.cut(func(*http.Request) error {
		if swaps.Load() > 0 {
			return errors.New("away")
		}
		return nil
	}, func(r *http.Request, _ *http.Response) error {
		if r.URL.Path == "/v1/swap" {
			swaps.Add(1)
			return errors.New("lost")
		}
		return nil
	})
	if _, err := x.Revoke(t.Context(), sent.ID); !errors.Is(err, wallet.ErrPending) || swaps.Load() != 1 {
		t.Fatalf("taken back with %d swaps: %v", swaps.Load(), err)
	}
	w.line.cut(nil, nil)
	w.later(5 * time.Minute)
	for range 2 { // the swap, then the token
		if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
			t.Fatal(err)
		}
	}
	if entry, err := store.Transaction(t.Context(), sent.ID); err != nil || entry.Status != wallet.StatusTakenBack {
		t.Errorf("the token is %s, %v", entry.Status, err)
	}
	if got := w.balance(x, wallet.CoinUnspent) - before; got != 1023-2 {
		t.Errorf("%d came back", got)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}
