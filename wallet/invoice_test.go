package wallet_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/wallet"
)

// rewritten has the mint say something else in one field of its quotes.
func (w *world) rewritten(path, field string, value any) {
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if !strings.HasPrefix(r.URL.Path, path) {
			return nil
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		body := map[string]any{}
		if err := json.Unmarshal(text, &body); err != nil {
			return err
		}
		body[field] = value
		if text, err = json.Marshal(body); err != nil {
			return err
		}
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		resp.Header.Del("Content-Length")
		return nil
	})
}

// A mint that asks for one amount and writes an invoice over another would be paid
// by whoever does not look closely.
func TestAnInvoiceOverMoreThanItsQuoteIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	for _, tc := range []struct {
		invoice string
		refused bool
	}{
		{w.invoice(100, ""), false},
		{w.invoice(99, ""), false}, // the mint's loss
		{w.invoice(101, ""), true},
		{strings.ToUpper(w.invoice(1000, "")), true},
		{"lnbc1000010p1qqqqqq", true}, // 100 satoshi and a millisatoshi
		{"lnbc1qqqqqq", false},        // over any amount
		{"lnbc99999999999999999999m1qqqqqq", false},
		{"something else", false},
	} {
		w.rewritten("/v1/mint/quote/", "request", tc.invoice)
		q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 100})
		if (err != nil) != tc.refused {
			t.Errorf("%.30s: %+v, %v", tc.invoice, q, err)
		}
	}
	w.rewritten("", "", nil)
	quotes, err := x.Quotes(t.Context())
	if err != nil || len(quotes) != 5 {
		t.Fatalf("%d quotes are kept, %v", len(quotes), err)
	}
	// An invoice that was looked at cannot become another one later.
	w.rewritten("/v1/mint/quote/", "request", w.invoice(5000, ""))
	q, err := x.CheckMintQuote(t.Context(), w.url, quotes[0].ID)
	if err != nil || q.Request != quotes[0].Request {
		t.Errorf("the invoice became %.40s, %v", q.Request, err)
	}
}

func TestAPaymentThatIsPricedAboveItsInvoiceIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 2000)
	invoice := func() string { return w.invoice(100, "") }
	for _, tc := range []struct {
		name    string
		o       wallet.MeltQuoteOptions
		price   cashu.Amount
		refused bool
	}{
		{"as it is", wallet.MeltQuoteOptions{Request: invoice()}, 100, false},
		{"one more", wallet.MeltQuoteOptions{Request: invoice()}, 101, true},
		{"the largest number", wallet.MeltQuoteOptions{Request: invoice()}, 1<<64 - 1, true},
	} {
		w.rewritten("/v1/melt/quote/", "amount", tc.price)
		tc.o.Unit = "sat"
		q, err := x.CreateMeltQuote(t.Context(), w.url, tc.o)
		if (err != nil) != tc.refused {
			t.Errorf("%s: %+v, %v", tc.name, q, err)
		}
	}
}

// What a mint writes is shown to people and becomes part of addresses.
func TestQuotesThatCannotBeShownOrAskedForAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	for field, value := range map[string]string{
		"quote":   strings.Repeat("x", 100_000),
		"request": "lnbc1\x1b[2J\x1b[31m",
	} {
		w.rewritten("/v1/mint/quote/", field, value)
		if q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 100}); err == nil {
			t.Errorf("%s: the quote %.60q is taken", field, q.ID)
		}
	}
}
