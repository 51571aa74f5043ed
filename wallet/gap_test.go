package wallet_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// refusing is a way to a mint that refuses some requests.
type refusing struct {
	way   http.RoundTripper
	paths atomic.Pointer[[]string]
}

func (f *refusing) RoundTrip(r *http.Request) (*http.Response, error) {
	if paths := f.paths.Load(); paths != nil {
		for _, p := range *paths {
			if r.URL.Path == p {
				return &http.Response{
					StatusCode: 400, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
					Body: io.NopCloser(strings.NewReader(`{"detail":"minting is disabled","code":20003}`)),
				}, nil
			}
		}
	}
	return f.way.RoundTrip(r)
}

// The gap guard: however often a mint refuses to sign, no coin is asked for so far
// behind the last one that was signed that a restore would give up before it.
func TestAGapOfCountersStaysWithinWhatARestoreFinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	way := &refusing{way: w.line}
	seed := newSeed(t)
	store := w.openStore(sqldb.Memory)
	x := w.walletBy(store, way, seed)
	w.fund(x, 1)
	keyset := w.mint.Keysets().All()[0].ID
	try := func() error {
		t.Helper()
		q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 1023})
		if err != nil {
			t.Fatal(err)
		}
		_, err = x.Issue(t.Context(), w.url, q.ID, wallet.MintOptions{})
		next, counterErr := store.Counter(t.Context(), keyset)
		if counterErr != nil || next > 400 { // a coin of batch 0 is signed, and 3 batches follow
			t.Fatalf("the counter is %d: %v", next, counterErr)
		}
		return err
	}
	way.paths.Store(&[]string{"/v1/mint/bolt11"})
	for range 60 { // of ten coins each
		if err := try(); !errors.Is(err, cashu.ErrMintingDisabled) {
			t.Fatalf("got %v", err)
		}
	}
	// While the mint does not say what it has signed, the wallet stops.
	way.paths.Store(&[]string{"/v1/mint/bolt11", "/v1/restore"})
	err := try()
	for n := 0; n < 60 && !errors.Is(err, wallet.ErrGap); n++ {
		err = try()
	}
	if !errors.Is(err, wallet.ErrGap) {
		t.Fatalf("got %v", err)
	}
	way.paths.Store(nil)
	if done, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil || len(done) == 0 {
		t.Fatalf("recovered %v, %v", done, err)
	}
	w.fund(x, 77)
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
	y := w.walletBy(w.openStore(sqldb.Memory), w.line, seed)
	if _, err := y.Restore(t.Context(), w.url, wallet.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	if got, want := w.balance(y, wallet.CoinUnspent), w.balance(x, wallet.CoinUnspent); got != want || got < 1+77+1023 {
		t.Errorf("restored %d of %d", got, want)
	}
}
