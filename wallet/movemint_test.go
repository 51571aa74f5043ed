package wallet_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"

	"mintmark/wallet"
)

// A mint has moved: what it owes follows it, a token that is out included.
func TestAMintThatMovesTakesItsCoinsAlong(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 100)
	sent, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 10})
	if err != nil {
		t.Fatal(err)
	}
	open, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Amount: 50, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	before := w.balance(x, wallet.CoinUnspent)
	moved := strings.Replace(w.url, "127.0.0.1", "localhost", 1)
	if err := x.MoveMint(t.Context(), w.url, moved+"/"); err != nil {
		t.Fatal(err)
	}
	balances, err := x.Balances(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range balances {
		if b.MintURL != moved {
			t.Errorf("%v are still at %s", b.Amount, b.MintURL)
		}
	}
	if got := w.balance(x, wallet.CoinUnspent); got != before {
		t.Errorf("%d, and %d before", got, before)
	}
	if _, err := x.Revoke(t.Context(), sent.ID); err != nil {
		t.Errorf("the token cannot be taken back: %v", err)
	}
	if _, err := x.Send(t.Context(), moved, "sat", wallet.SendOptions{Amount: 60}); err != nil {
		t.Errorf("the coins cannot be spent: %v", err)
	}
	if _, err := x.CheckMintQuote(t.Context(), moved, open.ID); err != nil {
		t.Errorf("the invoice was left behind: %v", err)
	}
	if list, err := store.Transactions(t.Context(), 0); err != nil || len(list) == 0 || list[len(list)-1].MintURL != moved {
		t.Errorf("the history stayed: %v", err)
	}
	if _, err := x.KnownMint(t.Context(), w.url); !errors.Is(err, wallet.ErrNotFound) {
		t.Errorf("the old address is still known: %v", err)
	}
}

func TestAMintDoesNotMoveToAnother(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 20)
	w.rotate(0)
	if _, err := x.RefreshMint(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	other := newWorld(t) // it has not rotated
	if err := x.MoveMint(t.Context(), w.url, other.url); !errors.Is(err, wallet.ErrNotTheMint) {
		t.Errorf("to a mint without one of its keysets: %v", err)
	}
	if err := x.MoveMint(t.Context(), other.url, strings.Replace(w.url, "127.0.0.1", "localhost", 1)); !errors.Is(err, wallet.ErrNotFound) {
		t.Errorf("from a mint that is not known: %v", err)
	}
	if got := w.balance(x, wallet.CoinUnspent); got != 20 {
		t.Errorf("%d left", got)
	}
}

// What is under way at the old address has to end first: it would go on at the new one.
func TestAMintDoesNotMoveInTheMiddleOfAnOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 64)
	w.line.cut(nil, func(r *http.Request, _ *http.Response) error {
		if strings.HasSuffix(r.URL.Path, "/v1/swap") || strings.HasSuffix(r.URL.Path, "/v1/checkstate") {
			return errors.New("gone")
		}
		return nil
	})
	if _, err := x.Swap(t.Context(), w.url, "sat", true); !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("it is not open: %v", err)
	}
	w.line.cut(nil, nil)
	moved := strings.Replace(w.url, "127.0.0.1", "localhost", 1)
	var open *wallet.OperationError
	if err := x.MoveMint(t.Context(), w.url, moved); !errors.As(err, &open) {
		t.Fatalf("it moved: %v", err)
	}
	if _, err := store.Saga(t.Context(), open.ID); err != nil {
		t.Errorf("the operation that was named: %v", err)
	}
	if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if err := x.MoveMint(t.Context(), w.url, moved); err != nil {
		t.Errorf("nothing is open any more: %v", err)
	}
}
