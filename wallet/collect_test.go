package wallet_test

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/cashu/paymentrequest"
	"mintmark/cashu/token"
	"mintmark/wallet"
)

// post sends a payment, and returns the status of the answer.
func post(t *testing.T, url, method, body string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// A payment that is posted is received before it is answered. One that is posted again
// is the same; coins that came another way, and what is not as it was asked for, are
// refused.
func TestPaymentsForARequestAreCollected(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(t.TempDir() + "/wallet.db")
	w.fund(s.y, 200)
	request := paymentrequest.Request{ID: "lunch", Amount: 16, Unit: "sat", Mints: []string{w.url}}
	var paid []wallet.Received
	server := httptest.NewServer(s.x.Collect(request, wallet.ReceiveOptions{}, func(got wallet.Received, err error) {
		if err != nil {
			t.Error(err)
		}
		paid = append(paid, got)
	}))
	defer server.Close()
	payment := func(id string, amount cashu.Amount) (string, string) {
		sent := s.sendFrom(s.y, wallet.SendOptions{Amount: amount})
		parsed, err := token.Parse(sent.Token)
		s.must(err)
		m, err := s.y.KnownMint(t.Context(), w.url)
		s.must(err)
		coins, err := parsed.Coins(m.KeysetIDs())
		s.must(err)
		body, err := cashu.Encode(paymentrequest.Payload{ID: id, Mint: w.url, Unit: "sat", Coins: coins})
		s.must(err)
		return string(body), sent.Token
	}
	refused := func(what, method, body string, want int) {
		t.Helper()
		if got := post(t, server.URL, method, body); got != want {
			t.Errorf("%s: HTTP %d, want %d", what, got, want)
		}
	}
	other, _ := payment("dinner", 16)
	little, _ := payment("lunch", 15)
	used, text := payment("lunch", 16)
	if _, err := s.x.Receive(t.Context(), text, wallet.ReceiveOptions{AnyMint: true}); err != nil {
		t.Fatal(err)
	}
	refused("for another request", http.MethodPost, other, 400)
	refused("too little", http.MethodPost, little, 400)
	refused("coins that this wallet had already", http.MethodPost, used, 400)
	refused("nonsense", http.MethodPost, "{", 400)
	refused("nothing", http.MethodPost, "{}", 400)
	refused("a look", http.MethodGet, "", 405)
	refused("a browser's question", http.MethodOptions, "", 204)
	refused("too much", http.MethodPost, strings.Repeat(" ", 5<<20), 413)
	if len(paid) != 0 {
		t.Fatalf("paid: %+v", paid)
	}
	good, _ := payment("lunch", 16)
	for range 2 {
		refused("a payment", http.MethodPost, good, 200)
	}
	if len(paid) != 1 || paid[0].Amount != 15 {
		t.Errorf("paid: %+v", paid)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
}
