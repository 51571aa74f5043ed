package wallet_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mintmark/wallet"
)

// An invoice is paid in its last minute, and the wallet is away for days: what it last
// heard is "unpaid". It asks once more before it leaves the quote alone, for which a
// question without an answer is not enough.
func TestAQuoteIsLeftAloneOnlyAfterTheMintWasAskedAfterItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.walletOf("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")
	y, store := w.wallet()
	q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 64})
	if err != nil {
		t.Fatal(err)
	}
	dead, err := y.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 32})
	if err != nil {
		t.Fatal(err)
	}
	if q.State != "UNPAID" || q.Expiry == 0 {
		t.Fatalf("the quote is %+v", q)
	}
	w.later(time.Until(time.Unix(q.Expiry, 0)) + 72*time.Hour)
	down := true
	w.line.cut(func(r *http.Request) error {
		if down && strings.HasPrefix(r.URL.Path, "/v1/mint/quote") {
			return io.ErrUnexpectedEOF
		}
		return nil
	}, func(r *http.Request, resp *http.Response) error {
		if !strings.HasSuffix(r.URL.Path, dead.ID) {
			return nil
		}
		text, err := io.ReadAll(resp.Body)
		text = bytes.Replace(text, []byte(`"PAID"`), []byte(`"UNPAID"`), 1)
		text = bytes.Replace(text, []byte(`"amount_paid":32`), []byte(`"amount_paid":0`), 1)
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return err
	})
	asked := func() int { return w.line.count("GET /v1/mint/quote/bolt11/" + dead.ID) }
	for n, want := range []int{1, 2, 2, 2} {
		done, err := x.Claim(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if _, err := y.Claim(t.Context()); err != nil {
			t.Fatal(err)
		}
		if n == 1 && (len(done) != 1 || done[0].Err != nil || done[0].Amount != 64) {
			t.Errorf("claimed %+v", done)
		}
		if got := asked(); got != want {
			t.Errorf("claim %d: the mint was asked %d times about what nobody has paid, want %d", n, got, want)
		}
		down = false
	}
	if got, err := store.Quote(t.Context(), wallet.QuoteMint, w.url, dead.ID); err != nil || got.Asked <= got.Expiry || got.State != "UNPAID" {
		t.Errorf("remembered %+v, %v", got, err)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 64 {
		t.Errorf("%d are free", free)
	}
}
