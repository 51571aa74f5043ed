package wallet_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

const (
	batchPath = "/v1/mint/bolt11/batch"
	checkPath = "/v1/mint/quote/bolt11/check"
)

// paidQuotes makes quotes that are paid by the time that the mint is asked.
func (w *world) paidQuotes(x *wallet.Wallet, amounts ...cashu.Amount) (quotes []wallet.Quote) {
	w.t.Helper()
	for i, a := range amounts {
		q, err := x.CreateMintQuote(w.t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: a, Unlocked: i == 0})
		if err != nil {
			w.t.Fatal(err)
		}
		quotes = append(quotes, q)
	}
	return quotes
}

// claim claims everything, and returns what was got and what failed.
func (w *world) claim(x *wallet.Wallet) (sum cashu.Amount, failed error) {
	w.t.Helper()
	done, err := x.Claim(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	for _, c := range done {
		sum += c.Amount
		failed = errors.Join(failed, c.Err)
	}
	return sum, failed
}

// body reads the body of a request, and leaves it there.
func body(r *http.Request) []byte {
	text, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(text))
	return text
}

// offering has the mint say something else about a NUT; nil: nothing.
func (w *world) offering(nut string, value any) {
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if r.URL.Path != "/v1/info" {
			return nil
		}
		var info map[string]any
		if err := json.NewDecoder(resp.Body).Decode(&info); err != nil {
			return err
		}
		nuts := info["nuts"].(map[string]any)
		if nuts[nut] = value; value == nil {
			delete(nuts, nut)
		}
		text, err := json.Marshal(info)
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		resp.Header.Del("Content-Length")
		return err
	})
}

// answering has the line refuse batches in place of the mint.
func (w *world) answering(text string) {
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if r.URL.Path == batchPath {
			resp.StatusCode, resp.Body, resp.ContentLength = 400, io.NopCloser(strings.NewReader(text)), int64(len(text))
			resp.Header.Del("Content-Length")
		}
		return nil
	})
}

// What was paid on several invoices is one request, with the signature of each quote
// that is locked, and so is the question whether they are paid.
func TestPaidQuotesAreClaimedWithOneRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	quotes := w.paidQuotes(x, 5, 64, 1000)
	var sent struct {
		Quotes     []string
		Amounts    []uint64 `json:"quote_amounts"`
		Signatures []*string
	}
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == batchPath {
			return json.Unmarshal(body(r), &sent)
		}
		return nil
	}, nil)
	got, err := w.claim(x)
	if err != nil || got != 1069 || w.balance(x, wallet.CoinUnspent) != 1069 {
		t.Errorf("claimed %d: %v", got, err)
	}
	for _, what := range []string{"POST " + batchPath, "POST " + checkPath} {
		if n := w.line.count(what); n != 1 {
			t.Errorf("%s was asked %d times", what, n)
		}
	}
	if n := w.line.count("POST /v1/mint/bolt11"); n != 0 {
		t.Errorf("%d were minted alone", n)
	}
	if len(sent.Quotes) != 3 || len(sent.Amounts) != 3 || len(sent.Signatures) != 3 {
		t.Fatalf("the request has %d quotes, %v and %d signatures", len(sent.Quotes), sent.Amounts, len(sent.Signatures))
	}
	for i, id := range sent.Quotes {
		for n, q := range quotes {
			if q.ID == id && (sent.Amounts[i] != uint64(q.Amount) || (sent.Signatures[i] == nil) != (n == 0)) {
				t.Errorf("quote %d is asked for %d", n, sent.Amounts[i])
			}
		}
	}
	for _, q := range quotes {
		if now, err := store.Quote(t.Context(), wallet.QuoteMint, w.url, q.ID); err != nil || now.State != "ISSUED" || now.Issued != q.Amount {
			t.Errorf("the quote over %d is %s, %d: %v", q.Amount, now.State, now.Issued, err)
		}
	}
	history, err := store.Transactions(t.Context(), 0)
	if err != nil || len(history) != 1 || history[0].Amount != 1069 || history[0].Status != "completed" || history[0].Memo != "3 invoices" {
		t.Errorf("the history is %+v: %v", history, err)
	}
	if got, err := w.claim(x); err != nil || got != 0 {
		t.Errorf("again it brought %d: %v", got, err)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// A mint takes as many quotes at a time as it says, of the methods that it says.
func TestQuotesAreClaimedAsTheMintTakesThem(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tc := range []struct {
		name          string
		offer         any
		batches, each int
	}{
		{"it has no batches", nil, 0, 5},
		{"it has disabled them", map[string]any{"disabled": true}, 0, 5},
		{"of any size, of any method", map[string]any{"supported": true}, 1, 0},
		{"of two", map[string]any{"max_batch_size": 2, "methods": []string{"bolt11"}}, 2, 1},
		{"of one", map[string]any{"max_batch_size": 1}, 0, 5},
		{"of none", map[string]any{"max_batch_size": 0}, 0, 5},
		{"of another method", map[string]any{"methods": []string{"bolt12"}}, 0, 5},
		{"of what cannot be read", map[string]any{"methods": "bolt11"}, 0, 5},
	} {
		x, store := w.newcomer()
		w.offering("29", tc.offer)
		w.paidQuotes(x, 1, 2, 3, 4, 5)
		if got, err := w.claim(x); err != nil || got != 15 {
			t.Errorf("%s: claimed %d: %v", tc.name, got, err)
		}
		if n := w.line.count("POST " + batchPath); n != tc.batches {
			t.Errorf("%s: %d batches, want %d", tc.name, n, tc.batches)
		}
		if n := w.line.count("POST /v1/mint/bolt11"); n != tc.each {
			t.Errorf("%s: %d alone, want %d", tc.name, n, tc.each)
		}
		if err := w.audit(store); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// Whatever a mint has against a batch, it stands in nobody's way.
func TestABatchThatIsRefusedIsClaimedOneByOne(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, tc := range []struct {
		name, text string
		status     int
	}{
		{"a quote is not paid after all", `{"detail":"not paid","code":20001}`, 400},
		{"too many", `{"detail":"too many","code":11017}`, 400},
		{"both kinds of signature", `{"detail":"signature","code":20008}`, 400},
		{"a mint that has no such address", "<h1>404</h1>", 404},
		{"a proxy that does not let it through", "no", 405},
	} {
		x, store := w.newcomer()
		w.paidQuotes(x, 8, 100)
		w.line.cut(func(r *http.Request) error {
			if r.URL.Path == batchPath {
				r.URL.Path = "/v1/nothing" // it has not seen it
			}
			return nil
		}, func(r *http.Request, resp *http.Response) error {
			if r.URL.Path == "/v1/nothing" {
				resp.StatusCode, resp.Body, resp.ContentLength = tc.status, io.NopCloser(strings.NewReader(tc.text)), int64(len(tc.text))
				resp.Header = http.Header{"Content-Type": {"application/json"}}
			}
			return nil
		})
		if got, err := w.claim(x); err != nil || got != 108 {
			t.Errorf("%s: claimed %d: %v", tc.name, got, err)
		}
		if err := w.audit(store); err != nil {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
}

// One quote of a batch is issued to somebody else in the last moment: the others are
// issued all the same.
func TestAQuoteThatSomebodyElseIssuedCostsTheBatchNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	y, yStore := w.walletOf(strings.Repeat("abandon ", 11) + "about")
	quotes := w.paidQuotes(x, 16, 100, 3)
	stolen := quotes[0] // which is not locked
	if _, err := y.Mint(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	if err := yStore.Update(t.Context(), func(tx wallet.Tx) error { return tx.AddQuote(t.Context(), stolen) }); err != nil {
		t.Fatal(err)
	}
	once := true
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path != batchPath || !once {
			return nil
		}
		once = false
		_, err := y.Issue(context.Background(), w.url, stolen.ID, wallet.MintOptions{})
		return err
	}, nil)
	if got, err := w.claim(x); err != nil || got != 103 {
		t.Errorf("claimed %d: %v", got, err)
	}
	if w.balance(y, wallet.CoinUnspent) != 16 {
		t.Error("the other has nothing")
	}
	if q, err := store.Quote(t.Context(), wallet.QuoteMint, w.url, stolen.ID); err != nil || q.State != "ISSUED" {
		t.Errorf("its quote is %s: %v", q.State, err)
	}
	if err := w.audit(store, yStore); err != nil {
		t.Error(err)
	}
}

// A quote that the mint has forgotten, and one that nobody has paid, keep no other
// from being issued.
func TestQuotesThatCannotBeIssuedDoNotHinderOthers(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, func(bank *fake.Config, _ *mint.Config) { bank.SettleOnCheck = false })
	x, store := w.wallet()
	quotes := w.paidQuotes(x, 16, 100, 3)
	w.pay(quotes[1].ID)
	w.pay(quotes[2].ID)
	forgotten := quotes[0]
	forgotten.ID = "0198f0a0-0000-7000-8000-000000000000"
	if err := store.Update(t.Context(), func(tx wallet.Tx) error { return tx.AddQuote(t.Context(), forgotten) }); err != nil {
		t.Fatal(err)
	}
	got, err := w.claim(x)
	if got != 103 || !errors.Is(err, cashu.ErrUnknownQuote) {
		t.Errorf("claimed %d: %v", got, err)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// The batch was carried out, and nobody heard of it: recovery takes what it brought,
// from the mint's memory or by restoring, and the quotes are done.
func TestABatchWhoseAnswerIsLostIsFound(t *testing.T) {
	t.Parallel()
	for _, memory := range []bool{true, false} {
		w := newWorld(t)
		x, store := w.wallet()
		w.paidQuotes(x, 16, 100, 3)
		asked := false
		w.line.cut(nil, func(r *http.Request, _ *http.Response) error {
			if asked = asked || r.URL.Path == batchPath; asked {
				return errors.New("lost")
			}
			return nil
		})
		if got, err := w.claim(x); got != 0 || !errors.Is(err, wallet.ErrPending) {
			t.Errorf("claimed %d: %v", got, err)
		}
		if w.line.cut(nil, nil); !memory { // the mint answers no batch any more
			w.answering(`{"detail":"issued","code":20002}`)
		}
		if err := w.recovered([]wallet.Store{store}, x); err != nil {
			t.Error(err)
		}
		if free := w.balance(x, wallet.CoinUnspent); free != 119 {
			t.Errorf("%d free", free)
		}
		w.line.cut(nil, nil)
		if got, err := w.claim(x); got != 0 || err != nil {
			t.Errorf("claimed %d: %v", got, err)
		}
	}
}

// A mint that says it has batches, and answers none, gives the quotes one by one:
// when nothing of the batch can be on its way any more.
func TestABatchThatIsNeverAnsweredIsGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.paidQuotes(x, 16, 100, 3)
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == batchPath {
			return errors.New("lost")
		}
		return nil
	}, nil)
	if _, err := w.claim(x); !errors.Is(err, wallet.ErrPending) {
		t.Errorf("claiming: %v", err)
	}
	for range 3 {
		done, err := x.Recover(t.Context(), wallet.RecoverOptions{})
		if err != nil || len(done) != 1 || done[0].Result != wallet.RecoveredWaiting {
			t.Errorf("got %+v: %v", done, err)
		}
	}
	w.later(3 * time.Minute)
	done, err := x.Recover(t.Context(), wallet.RecoverOptions{})
	if err != nil || len(done) != 1 || done[0].Err != nil {
		t.Errorf("got %+v: %v", done, err)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 119 {
		t.Errorf("%d free", free)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// Offers can be paid again and again: a batch issues what has come in of each.
func TestWhatWasPaidOnOffersIsClaimedTogether(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, func(bank *fake.Config, _ *mint.Config) {
		bank.Methods, bank.SettleOnCheck, bank.IncomingDelay = []string{"bolt11", "bolt12"}, false, time.Hour
	})
	x, store := w.wallet()
	ids := make([]string, 2)
	for i := range ids {
		q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Method: "bolt12", Unit: "sat", Amount: 50})
		if err != nil {
			t.Fatal(err)
		}
		ids[i] = q.ID
	}
	deposit := func(id string, amount cashu.Amount) {
		t.Helper()
		q, err := w.mint.MintQuote(t.Context(), "bolt12", id)
		if err == nil {
			err = w.bank.Deposit(t.Context(), q.LookupID, amount)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	noticed := func(id string, amount cashu.Amount) {
		t.Helper()
		for began := time.Now(); ; time.Sleep(time.Millisecond) {
			q, err := w.mint.MintQuote(t.Context(), "bolt12", id)
			if err != nil || time.Since(began) > time.Minute {
				t.Fatalf("the mint knows of %d: %v", q.AmountPaid, err)
			}
			if q.AmountPaid == amount {
				return
			}
		}
	}
	var total cashu.Amount
	for round := range cashu.Amount(3) {
		deposit(ids[0], 50)
		deposit(ids[1], 50)
		deposit(ids[1], 50)
		noticed(ids[0], 50*(round+1))
		noticed(ids[1], 100*(round+1))
		total += 150
		got, err := w.claim(x)
		if err != nil || got != 150 || w.balance(x, wallet.CoinUnspent) != total {
			t.Errorf("round %d: claimed %d: %v", round, got, err)
		}
		if n := w.line.count("POST /v1/mint/bolt12/batch"); n != int(round)+1 {
			t.Errorf("round %d: %d batches", round, n)
		}
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// The mint forgets one quote of a batch before it comes: then it refuses questions
// about all of them, too.
func TestAQuoteThatTheMintForgetsDoesNotHinderOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	quotes := w.paidQuotes(x, 16, 100, 3)
	forgotten := false
	w.line.cut(func(r *http.Request) error {
		forgotten = forgotten || r.URL.Path == batchPath
		return nil
	}, func(r *http.Request, resp *http.Response) error {
		if forgotten && (r.URL.Path == checkPath || strings.HasSuffix(r.URL.Path, quotes[0].ID)) {
			resp.StatusCode, resp.Body = 400, io.NopCloser(strings.NewReader(`{"detail":"unknown","code":40001}`))
			resp.ContentLength = -1
			resp.Header.Del("Content-Length")
		}
		return nil
	})
	// What the batch would have brought is not there: it is refused.
	before := w.line.before
	w.line.before = func(r *http.Request) error {
		if err := before(r); err != nil || r.URL.Path != batchPath {
			return err
		}
		text := bytes.Replace(body(r), []byte(quotes[0].ID), []byte("0198f0a0-0000-7000-8000-000000000000"), 1)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return nil
	}
	got, err := w.claim(x)
	if got != 103 || !errors.Is(err, cashu.ErrUnknownQuote) {
		t.Errorf("claimed %d: %v", got, err)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}
