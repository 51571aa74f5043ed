package wallet_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"github.com/google/uuid"
	"github.com/tyler-smith/go-bip39"

	"mintmark/wallet"
)

// W21, W22: what cannot be afforded leaves neither a coin nor a quote in use.
func TestWhatCannotBeAffordedLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 64)
	q, err := x.CreateMeltQuote(t.Context(), w.url, wallet.MeltQuoteOptions{Unit: "sat", Request: w.invoice(100, "")})
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if _, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond}); !errors.Is(err, wallet.ErrFunds) {
			t.Errorf("paying: %v", err)
		}
		if _, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 65}); !errors.Is(err, wallet.ErrFunds) {
			t.Errorf("sending: %v", err)
		}
		if _, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 64, IncludeFee: true}); !errors.Is(err, wallet.ErrFunds) {
			t.Errorf("sending with the fee: %v", err)
		}
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 64 {
		t.Errorf("%d free", free)
	}
	if q, err = store.Quote(t.Context(), wallet.QuoteMelt, w.url, q.ID); err != nil || q.UsedBy != uuid.Nil {
		t.Errorf("the quote is in use by %v: %v", q.UsedBy, err)
	}
	if sagas, err := store.Sagas(t.Context()); err != nil || len(sagas) != 0 {
		t.Errorf("left over: %v, %v", sagas, err)
	}
}

// W20: a request without an answer is sent again byte for byte, also by
// recovery, so that a mint that remembers it answers the same.
func TestARequestIsTheSameWhenItIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/v1/mint/bolt11", batchPath, "/v1/swap"} {
		w := newWorld(t)
		x, store := w.wallet()
		if path == "/v1/swap" {
			w.fund(x, 64)
		}
		var sent [][]byte
		w.line.cut(func(r *http.Request) error {
			if r.URL.Path != path {
				return nil
			}
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return err
			}
			r.Body = io.NopCloser(bytes.NewReader(body))
			sent = append(sent, body)
			if len(sent) < 5 {
				return errors.New("lost")
			}
			return nil
		}, nil)
		switch path {
		case "/v1/swap":
			_, _ = x.Swap(t.Context(), w.url, "sat", true)
		case batchPath:
			w.paidQuotes(x, 1, 20, 300)
			_, _ = x.Claim(t.Context())
		default:
			q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 100})
			if err != nil {
				t.Fatal(err)
			}
			_, _ = x.Issue(t.Context(), w.url, q.ID, wallet.MintOptions{})
		}
		again := w.walletBy(store, w.line, bip39.NewSeed(words, ""))
		for range 5 {
			if _, err := again.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
				t.Fatal(err)
			}
		}
		if len(sent) < 5 {
			t.Errorf("%s was sent %d times", path, len(sent))
		}
		for i := range sent {
			if !bytes.Equal(sent[i], sent[0]) {
				t.Errorf("%s: request %d is another", path, i)
			}
		}
		if err := w.audit(store); err != nil {
			t.Error(err)
		}
	}
}
