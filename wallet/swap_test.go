package wallet_test

import (
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"

	"mintmark/wallet"
)

func TestMintThenSwapToANewKeyset(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 100)
	if got := w.balance(x, wallet.CoinUnspent); got != 100 {
		t.Fatalf("balance %d after minting 100", got)
	}
	w.rotate(0)
	if _, err := x.RefreshMint(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	got, err := x.Swap(t.Context(), w.url, "sat", false)
	if err != nil {
		t.Fatal(err)
	}
	// 64 + 32 + 4: three coins of 100 ppk cost 1.
	if got != 99 || w.balance(x, wallet.CoinUnspent) != 99 {
		t.Errorf("swapped to %d", got)
	}
	if again, err := x.Swap(t.Context(), w.url, "sat", false); err != nil || again != 0 {
		t.Errorf("nothing was left to swap, but %d, %v", again, err)
	}
}

// The answer of a swap is lost: the same request again gets it (P4).
func TestALostAnswerOfASwapCostsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 64)
	lost := 0
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if strings.HasSuffix(r.URL.Path, "/v1/swap") && lost == 0 {
			lost++
			_, _ = io.Copy(io.Discard, resp.Body)
			return errors.New("gone")
		}
		return nil
	})
	got, err := x.Swap(t.Context(), w.url, "sat", true)
	if err != nil || lost != 1 {
		t.Fatalf("%d lost: %v", lost, err)
	}
	if got != 63 || w.balance(x, wallet.CoinUnspent) != 63 {
		t.Errorf("swapped to %d", got)
	}
	if sagas, err := store.Sagas(t.Context()); err != nil || len(sagas) != 0 {
		t.Errorf("left over: %v, %v", sagas, err)
	}
}

// The mint cannot be reached: the coins are free again at once.
func TestAMintThatCannotBeReachedCostsNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 64)
	dead := errors.New("dead")
	w.line.cut(func(r *http.Request) error { return &net.OpError{Op: "dial", Err: dead} }, nil)
	_, err := x.Swap(t.Context(), w.url, "sat", true)
	if err == nil {
		t.Fatal("it was swapped")
	}
	if got := w.balance(x, wallet.CoinUnspent); got != 64 {
		t.Errorf("%d free: %v", got, err)
	}
	if sagas, err := store.Sagas(t.Context()); err != nil || len(sagas) != 0 {
		t.Errorf("left over: %v, %v", sagas, err)
	}
}
