package wallet_test

import (
	"bytes"
	"io"
	"net/http"
	"slices"
	"sync"
	"testing"

	"mintmark/cashu"
	"mintmark/wallet"
)

// The outputs of a swap are in the order of their amounts, so that the mint does not
// see which of them are for somebody else and which are change (NUT-03).
func TestTheMintDoesNotLearnFromTheOrderWhatIsChange(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 1000)
	var mu sync.Mutex
	var orders [][]cashu.Amount
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path != "/v1/swap" {
			return nil
		}
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		r.Body = io.NopCloser(bytes.NewReader(body))
		var request struct {
			Outputs []cashu.BlindedMessage `json:"outputs"`
		}
		if err := cashu.Decode(body, &request); err != nil {
			return err
		}
		var order []cashu.Amount
		for _, o := range request.Outputs {
			order = append(order, o.Amount)
		}
		mu.Lock()
		defer mu.Unlock()
		orders = append(orders, order)
		return nil
	}, nil)
	for _, amount := range []cashu.Amount{21, 77, 300} {
		sent, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: amount})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := x.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); err != nil {
			t.Fatal(err)
		}
	}
	if len(orders) < 4 {
		t.Fatalf("only %d swaps were seen", len(orders))
	}
	for _, order := range orders {
		if !slices.IsSorted(order) {
			t.Errorf("the outputs are %v", order)
		}
	}
}
