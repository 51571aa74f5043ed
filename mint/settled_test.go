package mint_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// aside lists what is set aside and open.
func (w *world) aside() []mint.SetAside {
	w.tb.Helper()
	list, err := w.store.PaymentsAside(context.Background(), mint.MaxAside)
	if err != nil {
		w.tb.Fatal(err)
	}
	return list
}

// settle closes all that is set aside, as an operator does.
func (w *world) settle() {
	w.tb.Helper()
	open := w.aside()
	err := w.store.Update(context.Background(), mint.Durable, func(tx mint.Tx) error {
		for _, p := range open {
			p.Settled = time.Unix(w.clock.Load(), 0)
			if _, err := tx.MarkAside(context.Background(), p); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		w.tb.Fatal(err)
	}
}

// paid is what the quote was paid.
func (w *world) paid(q mint.MintQuote) cashu.Amount {
	w.tb.Helper()
	row, err := w.store.MintQuote(context.Background(), q.Method, q.ID)
	if err != nil {
		w.tb.Fatal(err)
	}
	return row.AmountPaid
}

// An operator gave the money back. The backend has the payment in its books and goes on
// reporting it, and the database takes payments again.
func TestAPaymentThatAnOperatorHasSettledIsNeverTakenIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &holedStore{Store: newMemStore()}
		w := newWorld(t, store)
		q := w.quote(8)
		store.quote.Store(q.ID)
		in := w.backend.incoming(q.LookupID)
		b := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{in}}
		w.mint = w.with("second", mint.Backend{Name: "node", Receiver: b})
		stop := run(w.mint)
		time.Sleep(2 * time.Minute)
		stop()
		if got := w.aside(); len(got) != 1 || got[0].PaymentID != in.PaymentID || got[0].Own {
			t.Fatalf("set aside is %+v", got)
		}
		w.settle()
		store.quote.Store("")
		w.backend.pay(q)
		again := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{in, in}}
		w.mint = w.with("third", mint.Backend{Name: "node", Receiver: again})
		defer run(w.mint)()
		w.clock.Add(2 * 3600)
		time.Sleep(2 * time.Hour)
		if _, err := w.mint.MintQuote(t.Context(), "bolt11", q.ID); err != nil { // the wallet asks
			t.Fatal(err)
		}
		if n := again.tried.Load(); n != 2 || w.backend.asked(q) == 0 {
			t.Errorf("it was reported %d times, and asked for %d times", n, w.backend.asked(q))
		}
		if got := w.aside(); w.paid(q) != 0 || len(got) != 0 {
			t.Errorf("its quote has %d, and set aside is %+v", w.paid(q), got)
		}
	})
}

// stubbornStore does not forget what was set aside.
type stubbornStore struct {
	mint.Store
	on atomic.Bool
}

type stubbornTx struct{ mint.Tx }

func (s *stubbornStore) Update(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
	return s.Store.Update(ctx, d, func(tx mint.Tx) error {
		if s.on.Load() {
			tx = stubbornTx{tx}
		}
		return fn(tx)
	})
}

func (stubbornTx) TakePaymentBack(context.Context, mint.SetAside) (bool, error) {
	return false, errFault
}

// Money in its quote that is set aside as well would be given out twice.
func TestAPaymentIsInItsQuoteOrSetAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		stubborn := &stubbornStore{Store: newMemStore()}
		store := &holedStore{Store: stubborn}
		w := newWorld(t, store)
		q := w.quote(8)
		store.quote.Store(q.ID)
		b := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{w.backend.incoming(q.LookupID)}}
		w.mint = w.with("second", mint.Backend{Name: "node", Receiver: b})
		defer run(w.mint)()
		time.Sleep(2 * time.Minute)
		store.quote.Store("")
		stubborn.on.Store(true)
		hour := func() {
			w.clock.Add(2 * 3600)
			time.Sleep(2 * time.Hour)
		}
		if hour(); w.paid(q) != 0 || len(w.aside()) != 1 {
			t.Errorf("half of it: %d is paid, and set aside is %+v", w.paid(q), w.aside())
		}
		stubborn.on.Store(false)
		if hour(); w.paid(q) != 8 || len(w.aside()) != 0 {
			t.Errorf("in the end %d is paid, and set aside is %+v", w.paid(q), w.aside())
		}
	})
}

// What is set aside and reported again is taken in like any other, and is aside no more.
func TestAPaymentThatIsReportedAgainIsNotSetAsideAnyMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.quote(8)
	row := mint.SetAside{Backend: "node", Method: "bolt11", LookupID: q.LookupID, PaymentID: q.LookupID, Unit: "sat", Amount: 8, Why: "a fault", At: time.Unix(1, 0)}
	other := row
	other.LookupID = "of nobody"
	for _, p := range []mint.SetAside{row, other} {
		err := w.store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
			_, err := tx.SetPaymentAside(t.Context(), p)
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	w.backend.pay(q)
	if _, err := w.mint.MintQuote(t.Context(), "bolt11", q.ID); err != nil {
		t.Fatal(err)
	}
	if got := w.aside(); w.paid(q) != 8 || len(got) != 1 || got[0] != other {
		t.Errorf("%d is paid, and set aside is %+v", w.paid(q), got)
	}
}

// A backend says the same of a payment as before, but for its amount: one of both is wrong,
// and nobody may think that all is well.
func TestAPaymentThatComesBackWithAnotherAmountIsSetAside(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.mint = w.with("second", mint.Backend{Name: "node", Receiver: giving{w.backend}})
	q, err := w.mint.CreateMintQuote(t.Context(), "gift", cashu.MintQuoteRequest{Amount: 8, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	w.backend.pay(q)
	ask := func() {
		w.clock.Add(60)
		if _, err := w.mint.MintQuote(t.Context(), "gift", q.ID); err != nil {
			t.Fatal(err)
		}
	}
	if ask(); w.paid(q) != 8 || len(w.aside()) != 0 {
		t.Fatalf("%d is paid, and set aside is %+v", w.paid(q), w.aside())
	}
	w.backend.amounts[q.LookupID] = 9
	if ask(); w.paid(q) != 8 || len(w.aside()) != 1 || w.aside()[0].Amount != 9 {
		t.Errorf("%d is paid, and set aside is %+v", w.paid(q), w.aside())
	}
	w.backend.amounts[q.LookupID] = 8 // and now as before: the other one is still to be looked at
	if ask(); w.paid(q) != 8 || len(w.aside()) != 1 {
		t.Errorf("in the end %d is paid, and set aside is %+v", w.paid(q), w.aside())
	}
}

func TestOfAPaymentWithTwoAmountsTheOneThatIsNotInItsQuoteStaysAside(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		q := w.quote(8)
		right, wrong := w.backend.incoming(q.LookupID), w.backend.incoming(q.LookupID)
		wrong.Amount = 9
		b := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{right, wrong, right}}
		w.mint = w.with("second", mint.Backend{Name: "node", Receiver: b})
		defer run(w.mint)()
		synctest.Wait()
		if got := w.aside(); w.paid(q) != 8 || len(b.queue) != 0 || len(got) != 1 || got[0].Amount != 9 || !got[0].Own {
			t.Errorf("%d is paid, and set aside is %+v", w.paid(q), got)
		}
	})
}
