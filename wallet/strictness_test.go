package wallet_test

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning/bolt11"
	"mintmark/wallet"
)

// answering is a way to a mint on which some requests are answered by somebody else:
// nil: the mint answers.
type answering struct {
	way    http.RoundTripper
	answer func(r *http.Request, body []byte) (any, error)
}

func (a *answering) RoundTrip(r *http.Request) (*http.Response, error) {
	var body []byte
	if r.Body != nil {
		var err error
		if body, err = io.ReadAll(r.Body); err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(strings.NewReader(string(body)))
	}
	v, err := a.answer(r, body)
	if err != nil {
		return nil, err
	}
	if v == nil {
		return a.way.RoundTrip(r)
	}
	text, err := cashu.Encode(v)
	return &http.Response{
		StatusCode: 200, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(string(text))), ContentLength: int64(len(text)),
	}, err
}

// A mint that signs for less than it was asked, with proofs that hold, gives no coins:
// neither for a quote nor for other coins. What it has to sign it signs later.
func TestSignaturesOverAnotherAmountAreNotTaken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	store, seed := w.openStore(sqldb.Memory), newSeed(t)
	honest := w.walletBy(store, w.line, seed)
	w.fund(honest, 64)
	cheats := &answering{way: w.line, answer: func(r *http.Request, body []byte) (any, error) {
		if r.URL.Path != "/v1/mint/bolt11" && r.URL.Path != "/v1/swap" {
			return nil, nil
		}
		var asked struct {
			Outputs []cashu.BlindedMessage `json:"outputs"`
		}
		if err := cashu.Decode(body, &asked); err != nil {
			return nil, err
		}
		for i := range asked.Outputs {
			asked.Outputs[i].Amount = 1
		}
		sigs, err := w.keys.Sign(r.Context(), asked.Outputs)
		return cashu.SwapResponse{Signatures: sigs}, err
	}}
	x := w.walletBy(store, cheats, seed)
	q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 32})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := x.Issue(t.Context(), w.url, q.ID, wallet.MintOptions{}); !errors.Is(err, wallet.ErrPending) {
		t.Errorf("issued %d, %v", got, err)
	}
	if got, err := x.Swap(t.Context(), w.url, "sat", true); !errors.Is(err, wallet.ErrPending) {
		t.Errorf("swapped to %d, %v", got, err)
	}
	if free, held := w.balance(x, wallet.CoinUnspent), w.balance(x, wallet.CoinPending); free != 0 || held != 64 {
		t.Errorf("%d are free, and %d are held", free, held)
	}
	if _, err := honest.Recover(t.Context(), wallet.RecoverOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	if got := w.balance(honest, wallet.CoinUnspent); got != 64-1+32 {
		t.Errorf("%d came in the end", got)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// What a mint has once shown as the proof of a payment counts, also when it says later
// that nothing was paid: its coins are not free. What is not the preimage of the invoice
// proves nothing: they are free when it says so.
func TestAProofOfPaymentIsNotForgotten(t *testing.T) {
	t.Parallel()
	preimage := strings.Repeat("5a", 32)
	for name, tc := range map[string]struct {
		proof string
		free  bool
	}{
		"the preimage": {preimage, false}, "another one": {strings.Repeat("5b", 32), true}, "no number": {"x", true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			aProofIsShownOnce(t, preimage, tc.proof, tc.free)
		})
	}
}

// invoiceOf is an invoice of nobody over 60 sat that has this preimage.
func invoiceOf(w *world, preimage string) string {
	w.t.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		w.t.Fatal(err)
	}
	terms, err := bolt11.Decode(w.outside(60, ""))
	if err != nil {
		w.t.Fatal(err)
	}
	raw, err := hex.DecodeString(preimage)
	if err != nil {
		w.t.Fatal(err)
	}
	terms.PaymentHash, terms.Payee = sha256.Sum256(raw), key.Public()
	request, err := bolt11.Encode(terms, key)
	if err != nil {
		w.t.Fatal(err)
	}
	return request
}

// aProofIsShownOnce is a payment under way whose mint shows a proof, and says from then on
// that nothing was paid. free: that is believed when it is over.
func aProofIsShownOnce(t *testing.T, preimage, shown string, free bool) {
	w := newWorld(t)
	store := w.openStore(sqldb.Memory)
	state, proof := "PENDING", any(shown)
	ctx, enough := context.WithCancel(t.Context())
	answers := 0
	says := func(r *http.Request, id string) (any, error) {
		req, err := http.NewRequestWithContext(r.Context(), http.MethodGet, w.url+"/v1/melt/quote/bolt11/"+id, nil)
		if err != nil {
			return nil, err
		}
		resp, err := w.line.RoundTrip(req)
		if err != nil {
			return nil, err
		}
		defer resp.Body.Close()
		var v map[string]any
		err = json.NewDecoder(resp.Body).Decode(&v)
		v["state"], v["payment_preimage"] = state, proof
		if answers++; answers == 3 { // of the payment, and of its quote
			enough()
		}
		return v, err
	}
	way := &answering{way: w.line, answer: func(r *http.Request, body []byte) (any, error) {
		id, asked := strings.CutPrefix(r.URL.Path, "/v1/melt/quote/bolt11/")
		switch {
		case asked:
			return says(r, id)
		case r.URL.Path == "/v1/melt/bolt11":
			var v struct {
				Quote string `json:"quote"`
			}
			if err := json.Unmarshal(body, &v); err != nil {
				return nil, err
			}
			return says(r, v.Quote)
		case r.URL.Path == "/v1/ws":
			return nil, errors.New("there is none")
		}
		return nil, nil
	}}
	x := w.walletBy(store, way, newSeed(t))
	w.fund(x, 128)
	q, err := x.CreateMeltQuote(t.Context(), w.url, wallet.MeltQuoteOptions{Unit: "sat", Request: invoiceOf(w, preimage)})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Melt(ctx, w.url, q.ID, wallet.MeltOptions{Wait: 2 * time.Minute, Poll: time.Millisecond}); !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("paid: %v", err)
	}
	if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil { // it was shown by now
		t.Fatal(err)
	}
	held := w.balance(x, wallet.CoinPending)
	if held < 60 {
		t.Fatalf("%d are held", held)
	}
	state, proof = "UNPAID", nil
	for range 3 {
		w.later(time.Hour)
		if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
			t.Fatal(err)
		}
		if got := w.balance(x, wallet.CoinPending); !free && got != held {
			t.Fatalf("%d are held of %d", got, held)
		}
	}
	if got := w.balance(x, wallet.CoinUnspent); free && got != 128 {
		t.Errorf("%d are free of 128", got)
	}
	if kept, err := store.Quote(t.Context(), wallet.QuoteMelt, w.url, q.ID); err != nil || string(kept.Proof) != shown {
		t.Errorf("the proof is gone: %v", err)
	}
}

// A coin that the mint calls pending is in somebody's request: it is not claimed, and
// the token is not over.
func TestAPendingCoinIsNotClaimed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 64)
	sent, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 32})
	if err != nil {
		t.Fatal(err)
	}
	w.rewrite("/v1/checkstate", `"UNSPENT"`, `"PENDING"`)
	status, err := x.CheckSend(t.Context(), sent.ID)
	if err != nil || status.Claimed != 0 || status.Unclaimed != 32 {
		t.Errorf("%+v, %v", status, err)
	}
	if out := w.balance(x, wallet.CoinPendingSpent); out != 32 {
		t.Errorf("%d are out", out)
	}
	w.line.cut(nil, nil)
	if back, err := x.Revoke(t.Context(), sent.ID); err != nil || back != 31 {
		t.Errorf("%d came back: %v", back, err)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}
