package wallet_test

import (
	"testing"

	"mintmark/wallet"
)

func TestAWalletComesBackFromItsWords(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	a, aStore := w.wallet()
	w.fund(a, 1000)
	w.rotate(0)
	if _, err := a.RefreshMint(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	w.fund(a, 77)
	if _, err := a.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 5}); err != nil {
		t.Fatal(err)
	}
	free, out := w.balance(a, wallet.CoinUnspent), w.balance(a, wallet.CoinPendingSpent)

	b, bStore := w.wallet()
	seen := 0
	for range 2 { // it can be repeated
		got, err := b.Restore(t.Context(), w.url, wallet.RestoreOptions{Progress: func(p wallet.RestoreProgress) { seen++ }})
		if err != nil {
			t.Fatal(err)
		}
		// A token that is out comes back too: it is unspent.
		if got.Unspent["sat"] != free+out || w.balance(b, wallet.CoinUnspent) != free+out {
			t.Errorf("restored %+v, want %d", got, free+out)
		}
	}
	if seen == 0 {
		t.Error("no progress was shown")
	}
	m, err := b.KnownMint(t.Context(), w.url)
	if err != nil {
		t.Fatal(err)
	}
	for _, k := range m.Keysets {
		was, err := aStore.Counter(t.Context(), k.ID)
		if err != nil {
			t.Fatal(err)
		}
		is, err := bStore.Counter(t.Context(), k.ID)
		if err != nil || is != was {
			t.Errorf("keyset %v: counter %d, was %d: %v", k.ID, is, was, err)
		}
	}
	// The new wallet goes on with counters that were never used.
	w.fund(b, 8)
}
