package mint_test

import (
	"context"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// txStore runs every transaction through around, which is told it in place of its commit.
type txStore struct {
	mint.Store
	around func(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error
}

func (s *txStore) Update(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
	return s.around(ctx, d, fn)
}

// calledTx notes which of these were called, in their order.
type calledTx struct {
	mint.Tx
	calls *[]string
}

func (t calledTx) MintQuote(ctx context.Context, method, id string) (mint.MintQuote, error) {
	*t.calls = append(*t.calls, "quote")
	return t.Tx.MintQuote(ctx, method, id)
}

func (t calledTx) MintQuoteByLookup(ctx context.Context, method, lookup string) (mint.MintQuote, error) {
	*t.calls = append(*t.calls, "quote")
	return t.Tx.MintQuoteByLookup(ctx, method, lookup)
}

func (t calledTx) PaymentAside(ctx context.Context, p mint.SetAside) (mint.SetAside, error) {
	*t.calls = append(*t.calls, "aside")
	return t.Tx.PaymentAside(ctx, p)
}

func (t calledTx) AddPayment(ctx context.Context, quoteID, paymentID string, amount cashu.Amount, at time.Time) (bool, error) {
	*t.calls = append(*t.calls, "add")
	return t.Tx.AddPayment(ctx, quoteID, paymentID, amount, at)
}

func (t calledTx) SetPaymentAside(ctx context.Context, p mint.SetAside) (bool, error) {
	*t.calls = append(*t.calls, "set")
	return t.Tx.SetPaymentAside(ctx, p)
}

// The database has taken a payment and cannot say so. Whoever saw it fail so often must
// not give the operator what the wallet can mint.
func TestAPaymentThatItsQuoteHasIsNotSetAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newMemStore()
		w := newWorld(t, inner)
		q := w.quote(8)
		w.store = &txStore{inner, func(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
			var calls []string
			err := inner.Update(ctx, d, func(tx mint.Tx) error { return fn(calledTx{tx, &calls}) })
			if err == nil && slices.Contains(calls, "add") {
				err = errFault
			}
			return err
		}}
		b := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{w.backend.incoming(q.LookupID)}}
		w.mint = w.with("second", mint.Backend{Name: "node", Receiver: b})
		defer run(w.mint)()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if w.paid(q) != 8 || len(w.aside()) != 0 || len(b.queue) != 0 || b.tried.Load() < 5 {
			t.Errorf("%d is paid, set aside is %+v, and %d wait", w.paid(q), w.aside(), len(b.queue))
		}
	})
}

// On PostgreSQL two transactions see what was there when each of them looked, so both hold
// the quote before they look for what may be absent.
func TestWhoTakesAPaymentInOrSetsItAsideHoldsItsQuoteFirst(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newMemStore()
		w := newWorld(t, inner)
		good, bad := w.quote(8), w.quote(8)
		var mu sync.Mutex
		seen := map[string]bool{}
		w.store = &txStore{inner, func(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
			var calls []string
			err := inner.Update(ctx, d, func(tx mint.Tx) error { return fn(calledTx{tx, &calls}) })
			mu.Lock()
			defer mu.Unlock()
			if i := slices.Index(calls, "aside"); i >= 0 {
				seen[calls[len(calls)-1]] = true
				if !slices.Contains(calls[:i], "quote") {
					t.Errorf("it did %q", calls)
				}
			}
			return err
		}}
		odd := w.backend.incoming(bad.LookupID)
		odd.Unit = "usd"
		b := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{w.backend.incoming(good.LookupID), odd}}
		w.mint = w.with("second", mint.Backend{Name: "node", Receiver: b})
		defer run(w.mint)()
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		if w.paid(good) != 8 || len(w.aside()) != 1 || !seen["add"] && !seen["quote"] || !seen["set"] {
			t.Errorf("%d is paid, set aside is %+v, seen was %v", w.paid(good), w.aside(), seen)
		}
	})
}

// keep sets payments aside as they are.
func (w *world) keep(list ...mint.SetAside) {
	w.tb.Helper()
	err := w.store.Update(context.Background(), mint.Durable, func(tx mint.Tx) error {
		for _, p := range list {
			if _, err := tx.SetPaymentAside(context.Background(), p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.tb.Fatal(err)
	}
}

// The row that shows one amount says nothing of the other one.
func TestALogSaysWhatIsReportedOtherwiseThanItWasSetAside(t *testing.T) {
	t.Parallel()
	const text = "another amount or unit than the one that was set aside"
	for name, test := range map[string]struct {
		kept    cashu.Amount
		unit    cashu.Unit
		report  cashu.Unit
		settled bool
		want    string
		paid    cashu.Amount
		aside   int
	}{
		"the same, settled":                      {8, "sat", "sat", true, "", 0, 0},
		"another amount, settled":                {7, "sat", "sat", true, "amount=8 unit_aside=sat amount_aside=7 settled=true", 0, 0},
		"another unit, settled":                  {8, "usd", "sat", true, "amount=8 unit_aside=usd amount_aside=8 settled=true", 0, 0},
		"another amount, open":                   {7, "sat", "sat", false, "amount=8 unit_aside=sat amount_aside=7 settled=false", 8, 1},
		"another unit, open":                     {8, "usd", "sat", false, "amount=8 unit_aside=usd amount_aside=8 settled=false", 8, 1},
		"what no quote can take, another amount": {7, "usd", "usd", false, "unit=usd amount=8 unit_aside=usd amount_aside=7 settled=false", 0, 1},
		"what no quote can take, the same":       {8, "usd", "usd", false, "", 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				w := newWorld(t, newMemStore())
				q := w.quote(8)
				in := w.backend.incoming(q.LookupID)
				in.Unit = test.report
				w.keep(mint.SetAside{Backend: "node", Method: "bolt11", LookupID: in.LookupID, PaymentID: in.PaymentID, Unit: test.unit, Amount: test.kept, Own: true})
				if test.settled {
					w.settle()
				}
				m, log := w.logged(mint.Backend{Name: "node", Receiver: &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{in}}})
				defer run(m)()
				synctest.Wait()
				want := 1
				if test.want == "" {
					want = 0
				}
				if got := log.with("level=ERROR", text); len(got) != want || len(log.with(text, "request="+in.LookupID, "payment="+in.PaymentID, test.want)) != want {
					t.Errorf("the log has %q", got)
				}
				if w.paid(q) != test.paid || len(w.aside()) != test.aside {
					t.Errorf("%d is paid, and set aside is %+v", w.paid(q), w.aside())
				}
			})
		})
	}
}
