package wallet_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// atSecond gives x ecash of a second mint as well.
func (s *stage) atSecond(amount cashu.Amount) {
	s.t.Helper()
	if s.second == nil {
		s.second = s.other(func(*fake.Config, *mint.Config) {})
	}
	s.second.spare = s.second.owed()
	s.second.fund(s.x, amount)
}

// twoMints is a wallet with ecash of two mints.
func twoMints(t *testing.T, first, second cashu.Amount, change func(*fake.Config, *mint.Config)) (*world, *wallet.Wallet, wallet.Store) {
	t.Helper()
	w := newWorld(t)
	w.second = w.other(change)
	x, store := w.wallet()
	w.fund(x, first)
	w.second.fund(x, second)
	return w, x, store
}

func usual(*fake.Config, *mint.Config) {}

// An invoice that no mint has enough for is paid by two, each its part: the fees are
// known before, the requests are under way at the same time, and the history knows
// what belongs together.
func TestAnInvoiceIsPaidInPartsByTwoMints(t *testing.T) {
	t.Parallel()
	w, x, store := twoMints(t, 200, 150, usual)
	invoice := w.outside(300, "")
	plan, err := x.PlanParts(t.Context(), wallet.PartsOptions{Unit: "sat", Request: invoice})
	if err != nil {
		t.Fatal(err)
	}
	if len(plan.Parts) != 2 || plan.Amount != 300 || plan.Parts[0].Quote.MintURL != w.url || plan.Parts[0].Quote.Amount+plan.Parts[1].Quote.Amount != 300 {
		t.Fatalf("the plan is %+v", plan)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 350 {
		t.Errorf("planning has set coins aside: %d are free", free)
	}
	// The quote of a part is not taken for one of the whole.
	whole, err := x.CreateMeltQuote(t.Context(), w.url, wallet.MeltQuoteOptions{Unit: "sat", Request: invoice})
	if err != nil || whole.Amount != 300 {
		t.Fatalf("the whole of it is %d: %v", whole.Amount, err)
	}
	var mu sync.Mutex
	under, most := 0, 0
	both := make(chan struct{})
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path != "/v1/melt/bolt11" {
			return nil
		}
		mu.Lock()
		if under++; under == 2 {
			close(both)
		}
		most = max(most, under)
		mu.Unlock()
		select {
		case <-both: // each waits until the other is there
		case <-time.After(time.Minute):
		}
		return nil
	}, nil)
	paid, err := x.PayParts(t.Context(), plan, wallet.MeltOptions{Poll: time.Millisecond, Key: "rent"})
	if err != nil {
		t.Fatal(err)
	}
	if most != 2 {
		t.Errorf("%d requests were under way at the same time", most)
	}
	free := w.balance(x, wallet.CoinUnspent)
	if paid.Amount != 300 || paid.Proof == "" || free != 350-300-paid.Fee || paid.Fee > plan.FeeReserve+plan.InputFee {
		t.Errorf("paid %+v, %d are free", paid, free)
	}
	history, err := x.Payments(t.Context(), "", invoice)
	if err != nil || len(history) != 2 {
		t.Fatalf("the history has %d parts: %v", len(history), err)
	}
	for _, h := range history {
		if h.Group != paid.Group || h.Group == uuid.Nil || h.Status != wallet.StatusCompleted || h.Proof == "" {
			t.Errorf("a part is %+v", h)
		}
	}
	none := cashu.Amount(0)
	if _, err := x.PayParts(t.Context(), plan, wallet.MeltOptions{MaxFee: &none}); !errors.Is(err, wallet.ErrFee) {
		t.Errorf("with no fee allowed: %v", err)
	}
	again, err := x.PayParts(t.Context(), plan, wallet.MeltOptions{Key: "rent"})
	if err != nil || again.Amount != 300 || again.Fee != paid.Fee || again.Group != paid.Group {
		t.Errorf("again under the same name: %+v, %v", again, err)
	}
	if _, err := x.PayParts(t.Context(), plan, wallet.MeltOptions{}); !errors.Is(err, wallet.ErrPaidAlready) {
		t.Errorf("again: %v", err)
	}
	w.line.cut(nil, nil)
	if err := errors.Join(w.audit(store), w.paidOnce(store)); err != nil {
		t.Error(err)
	}
}

// A plan takes everything that fees leave, whatever they are, and is refused where
// one unit is missing; nothing is begun.
func TestAPlanOfPartsCoversTheFees(t *testing.T) {
	t.Parallel()
	w, x, store := twoMints(t, 200, 150, func(bank *fake.Config, _ *mint.Config) { bank.FeePPM, bank.FeeReserveMin = 50_000, 3 })
	most := cashu.Amount(0)
	for amount := cashu.Amount(325); amount <= 350; amount++ {
		plan, err := x.PlanParts(t.Context(), wallet.PartsOptions{Unit: "sat", Request: w.outside(amount, "")})
		switch {
		case err == nil && most != amount-1 && most != 0:
			t.Errorf("%d can be paid, and %d cannot", amount, amount-1)
		case err == nil:
			most = amount
			for _, p := range plan.Parts {
				if have := map[string]cashu.Amount{w.url: 200, w.second.url: 150}[p.Quote.MintURL]; p.Quote.Amount+p.Quote.FeeReserve+p.InputFee > have {
					t.Errorf("%d: %s is to pay %d with fees of %d and %d from %d", amount, p.Quote.MintURL, p.Quote.Amount, p.Quote.FeeReserve, p.InputFee, have)
				}
			}
		case !errors.Is(err, wallet.ErrFunds):
			t.Fatal(err)
		}
	}
	if most < 325 {
		t.Errorf("the most that can be paid is %d", most)
	}
	plan, err := x.PlanParts(t.Context(), wallet.PartsOptions{Unit: "sat", Request: w.outside(most, "")})
	if err != nil {
		t.Fatal(err)
	}
	if paid, err := x.PayParts(t.Context(), plan, wallet.MeltOptions{Poll: time.Millisecond}); err != nil || paid.Amount != most {
		t.Errorf("paid %+v: %v", paid, err)
	}
	quotes, err := store.Quotes(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.audit(store), w.paidOnce(store)); err != nil {
		t.Errorf("%d quotes: %v", len(quotes), err)
	}
}

// What no plan can be made for.
func TestWhatCannotBePaidInParts(t *testing.T) {
	t.Parallel()
	w, x, _ := twoMints(t, 200, 150, func(bank *fake.Config, _ *mint.Config) { bank.NoMultiPath = true })
	for _, tc := range []struct {
		name, request string
		unit          cashu.Unit
		mints         []string
		want          error
	}{
		{"one mint does not pay parts", w.outside(300, ""), "sat", nil, wallet.ErrFunds},
		{"nobody says how much", "lnbc1qqqqqq", "sat", nil, wallet.ErrNoParts},
		{"nobody knows the rate", w.outside(300, ""), "usd", nil, wallet.ErrNoParts},
		{"one mint is not enough", w.outside(300, ""), "sat", []string{w.url + "/"}, wallet.ErrFunds},
		{"an invoice of one of them", w.invoice(100, ""), "sat", []string{w.second.url}, wallet.ErrFunds},
	} {
		if _, err := x.PlanParts(t.Context(), wallet.PartsOptions{Unit: tc.unit, Request: tc.request, Mints: tc.mints}); !errors.Is(err, tc.want) {
			t.Errorf("%s: %v", tc.name, err)
		}
	}
	// One that has enough is asked for the whole of it.
	plan, err := x.PlanParts(t.Context(), wallet.PartsOptions{Unit: "sat", Request: w.outside(100, "")})
	if err != nil || len(plan.Parts) != 1 {
		t.Errorf("the plan is %+v: %v", plan, err)
	}
}

// One part cannot be prepared in the end, because its coins were spent meanwhile: no
// other is sent.
func TestNoPartIsSentIfOneCannotBePrepared(t *testing.T) {
	t.Parallel()
	w, x, store := twoMints(t, 200, 150, usual)
	plan, err := x.PlanParts(t.Context(), wallet.PartsOptions{Unit: "sat", Request: w.outside(300, "")})
	if err != nil {
		t.Fatal(err)
	}
	gone, err := x.Send(t.Context(), w.second.url, "sat", wallet.SendOptions{Amount: 100})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.PayParts(t.Context(), plan, wallet.MeltOptions{}); !errors.Is(err, wallet.ErrFunds) {
		t.Errorf("paying: %v", err)
	}
	if n := w.line.count("POST /v1/melt/bolt11"); n != 0 {
		t.Errorf("%d parts were sent", n)
	}
	if held := w.balance(x, wallet.CoinReserved) + w.balance(x, wallet.CoinPending); held != 0 {
		t.Errorf("%d are held", held)
	}
	if _, err := x.Revoke(t.Context(), gone.ID); err != nil {
		t.Fatal(err)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}

// One mint cannot pay its part: its coins come back at once, by the rules of every
// payment, and the caller hears what the other says. Nobody pays the whole of it again
// while a part may be paid.
func TestAPartThatFailsGivesItsCoinsBack(t *testing.T) {
	t.Parallel()
	w, x, store := twoMints(t, 200, 150, usual)
	invoice := w.outside(300, "")
	plan, err := x.PlanParts(t.Context(), wallet.PartsOptions{Unit: "sat", Request: invoice})
	if err != nil {
		t.Fatal(err)
	}
	second := strings.TrimPrefix(w.second.url, "http://")
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/melt/bolt11" && r.URL.Host == second {
			r.URL.Path = "/v1/nothing"
		}
		return nil
	}, func(r *http.Request, resp *http.Response) error {
		if r.URL.Path == "/v1/nothing" {
			resp.StatusCode, resp.Header = 400, http.Header{"Content-Type": {"application/json"}}
			resp.Body, resp.ContentLength = io.NopCloser(strings.NewReader(`{"detail":"no route","code":20004}`)), -1
		}
		return nil
	})
	paid, err := x.PayParts(t.Context(), plan, wallet.MeltOptions{Poll: time.Millisecond})
	if !errors.Is(err, wallet.ErrPartlyPaid) || len(paid.Parts) != 2 || paid.Parts[0].Err != nil || paid.Parts[1].Err == nil {
		t.Errorf("got %+v: %v", paid, err)
	}
	if held := w.balance(x, wallet.CoinReserved) + w.balance(x, wallet.CoinPending); held != 0 {
		t.Errorf("%d are held", held)
	}
	w.line.cut(nil, nil)
	q, err := x.CreateMeltQuote(t.Context(), w.second.url, wallet.MeltQuoteOptions{Unit: "sat", Request: invoice})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Melt(t.Context(), w.second.url, q.ID, wallet.MeltOptions{}); !errors.Is(err, wallet.ErrPaidAlready) {
		t.Errorf("the whole of it: %v", err)
	}
	if err := errors.Join(w.audit(store), w.paidOnce(store)); err != nil {
		t.Error(err)
	}
}
