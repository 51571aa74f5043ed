package mint_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/mint"
	"mintmark/mint/lightning"
)

// goneTx finds no row any more that it could end.
type goneTx struct{ mint.Tx }

func (goneTx) TakePaymentBack(context.Context, mint.SetAside) (bool, error) { return false, nil }

// An operator has settled it since it was looked at.
func TestAPaymentWhoseRowIsGoneWhenItIsTakenInIsNotTakenIn(t *testing.T) {
	t.Parallel()
	inner := newMemStore()
	w := newWorld(t, inner)
	q := w.quote(8)
	in := w.backend.incoming(q.LookupID)
	w.keep(mint.SetAside{Backend: "node", Method: "bolt11", LookupID: in.LookupID, PaymentID: in.PaymentID, Unit: in.Unit, Amount: in.Amount})
	w.backend.pay(q)
	w.store = &txStore{inner, func(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
		return inner.Update(ctx, d, func(tx mint.Tx) error { return fn(goneTx{tx}) })
	}}
	w.mint = w.with("second", mint.Backend{Name: "node", Receiver: w.backend})
	if _, err := w.mint.MintQuote(t.Context(), "bolt11", q.ID); err != nil {
		t.Fatal(err)
	}
	if w.paid(q) != 0 || len(w.aside()) != 1 {
		t.Errorf("%d is paid, and set aside is %+v", w.paid(q), w.aside())
	}
}

// A transaction that is run again, after another mint has set the payment aside, has not
// set it aside, whatever it did the first time.
func TestAPaymentThatAnotherMintHasSetAsideMeanwhileIsToldOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		inner := newMemStore()
		w := newWorld(t, inner)
		q := w.quote(8)
		in := w.backend.incoming(q.LookupID)
		in.Unit = "usd"
		errAgain := errors.New("run it again")
		var lost atomic.Int64
		w.store = &txStore{inner, func(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
			set := false
			err := inner.Update(ctx, d, func(tx mint.Tx) error {
				var calls []string
				if err := fn(calledTx{tx, &calls}); err != nil {
					return err
				}
				if set = len(calls) > 0 && calls[len(calls)-1] == "set"; set {
					return errAgain
				}
				return nil
			})
			if !set {
				return err
			}
			lost.Add(1)
			err = inner.Update(ctx, d, func(tx mint.Tx) error {
				_, err := tx.SetPaymentAside(ctx, mint.SetAside{Backend: "node", Method: in.Method, LookupID: in.LookupID, PaymentID: in.PaymentID, Unit: in.Unit, Amount: in.Amount})
				return err
			})
			return errors.Join(err, inner.Update(ctx, d, fn))
		}}
		b := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{in}}
		m, log := w.logged(mint.Backend{Name: "node", Receiver: b})
		defer run(m)()
		time.Sleep(time.Second)
		synctest.Wait()
		if lost.Load() != 1 || len(w.aside()) != 1 || len(b.queue) != 0 {
			t.Errorf("it was overtaken %d times, set aside is %+v, and %d wait", lost.Load(), w.aside(), len(b.queue))
		}
		if got := log.with("cannot be taken in"); len(got) != 0 {
			t.Errorf("it says that it has set it aside: %q", got)
		}
	})
}
