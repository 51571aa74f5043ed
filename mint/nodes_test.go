package mint_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// livingBackend answers when it is asked how it is, or not.
type livingBackend struct {
	*testBackend
	holds atomic.Uint64
	err   atomic.Pointer[error]
	hangs atomic.Bool
}

func (b *livingBackend) Ping(ctx context.Context) error {
	if b.hangs.Load() {
		<-ctx.Done()
		return ctx.Err()
	}
	if err := b.err.Load(); err != nil {
		return *err
	}
	return nil
}

func (b *livingBackend) Balance(context.Context, cashu.Unit) (cashu.Amount, error) {
	return cashu.Amount(b.holds.Load()), nil
}

// Of two backends one hangs and then fails: that is seen, the other one goes on, and
// the mint serves whatever needs no backend.
func TestABackendThatIsAwayIsNamedAndTheOthersGoOn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		node, dollars := &livingBackend{testBackend: w.backend}, &livingBackend{testBackend: newTestBackend()}
		node.holds.Store(70)
		dollars.hangs.Store(true)
		w.mint = w.with("second",
			mint.Backend{Name: "node", Receiver: node, Payer: w.payer, Units: []cashu.Unit{"sat"}},
			mint.Backend{Name: "dollars", Receiver: dollars, Units: []cashu.Unit{"usd"}})
		defer run(w.mint)()
		wantAway := func(when string, want ...string) {
			t.Helper()
			if got := w.mint.Health(t.Context()).Away; !slices.Equal(got, want) {
				t.Errorf("%s away are %v, want %v", when, got, want)
			}
		}
		synctest.Wait()
		wantAway("at first")
		time.Sleep(31 * time.Second)
		wantAway("while it hangs", "dollars")
		q := w.quote(8)
		w.backend.pay(q)
		w.backend.payments <- lightning.Incoming{Method: "bolt11", LookupID: q.LookupID, PaymentID: "p", Amount: 8, Unit: "sat"}
		synctest.Wait()
		if row, err := w.store.MintQuote(t.Context(), "bolt11", q.ID); err != nil || row.AmountPaid != 8 {
			t.Errorf("the other's payment: %d, %v", row.AmountPaid, err)
		}
		away := errors.New("connection refused")
		dollars.hangs.Store(false)
		node.err.Store(&away)
		time.Sleep(31 * time.Second)
		wantAway("the other way round", "node")
		list := w.mint.Payments(t.Context()).Backends
		if len(list) != 2 || !list[0].Away || list[0].Reason != "connection refused" || list[0].Balances != nil || list[1].Away || list[1].Reason != "" {
			t.Errorf("the operator reads %+v", list)
		}
		node.err.Store(nil)
		time.Sleep(31 * time.Second)
		wantAway("in the end")
		if list := w.mint.Payments(t.Context()).Backends; list[0].Balances["sat"] != 70 {
			t.Errorf("it holds %v", list[0].Balances)
		}
	})
}

// unsoundBackend fails as a stranger's request makes it.
type unsoundBackend struct{ *testBackend }

func (unsoundBackend) CreateInvoice(_ context.Context, r lightning.InvoiceRequest) (lightning.Invoice, error) {
	if r.Amount == 13 {
		return lightning.Invoice{}, lightning.ErrRefused
	}
	return lightning.Invoice{}, errors.New("no such luck")
}

func TestOfABackendThatCannotBeLookedAtItsAnswersCount(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.mint = w.with("second", mint.Backend{Name: "node", Receiver: unsoundBackend{w.backend}})
	away := func() bool { return len(w.mint.Health(t.Context()).Away) == 1 }
	wantCode(t, w.askToMint(8), cashu.CodeUnavailable)
	if !away() {
		t.Error("a failure is not noted")
	}
	wantCode(t, w.askToMint(13), cashu.CodeAmountOutOfRange)
	if away() {
		t.Error("a refusal is no answer")
	}
}

// strictPayer refuses in its own words.
type strictPayer struct {
	*testPayer
	err error
}

func (p strictPayer) QuotePayment(context.Context, lightning.PaymentRequest) (lightning.PaymentQuote, error) {
	return lightning.PaymentQuote{}, p.err
}

func TestAWalletIsToldWhyItsRequestIsNotPaid(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	for _, tt := range []struct {
		err  error
		code cashu.Code
		says string
	}{
		{lightning.ErrOtherNetwork, cashu.CodeMalformed, "another network"},
		{lightning.ErrRefused, cashu.CodeMalformed, "cannot pay"},
		{lightning.ErrRequestExpired, cashu.CodeQuoteExpired, "expired"},
		{lightning.ErrAmountless, cashu.CodeAmountlessInvoice, "without amount"},
		{lightning.ErrOtherAmount, cashu.CodeInvoiceAmount, "differs"},
		{errors.New("dial tcp 10.0.0.7: refused"), cashu.CodeUnavailable, "not available"},
	} {
		w.mint = w.with("second", mint.Backend{Name: "node", Payer: strictPayer{w.payer, fmt.Errorf("node: %w", tt.err)}})
		err := w.askToMelt("pay:a:1")
		wantCode(t, err, tt.code)
		if refusal, ok := errors.AsType[*cashu.Error](err); !ok || !strings.Contains(refusal.Detail, tt.says) || strings.Contains(refusal.Detail, "10.0.0.7") {
			t.Errorf("%v: the wallet reads %v", tt.err, refusal)
		}
	}
}
