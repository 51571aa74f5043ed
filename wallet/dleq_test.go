package wallet_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"testing"

	"mintmark/wallet"
)

// A mint that signs some wallets with keys of their own, to know their coins again,
// cannot prove its signatures (NUT-12). Leaving the proofs out must not help it.
func TestSignaturesWithoutTheProofThatTheMintPromisesAreNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 100)
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if r.URL.Path != "/v1/swap" && r.URL.Path != "/v1/restore" {
			return nil
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		var body map[string][]map[string]any
		if err := json.Unmarshal(text, &body); err != nil {
			return err
		}
		for _, s := range body["signatures"] {
			delete(s, "dleq")
		}
		if text, err = json.Marshal(body); err != nil {
			return err
		}
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return nil
	})
	if _, err := x.Swap(t.Context(), w.url, "sat", true); !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("got %v", err)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 0 {
		t.Errorf("%d are taken", free)
	}
	w.line.cut(nil, nil) // nor is anything given up
	if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if free := w.balance(x, wallet.CoinUnspent); free == 0 || free >= 100 {
		t.Errorf("%d came back", free)
	}
}
