package mint_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
)

// amnesicStore does not know which payments a quote has.
type amnesicStore struct {
	mint.Store
	on atomic.Bool
}

func (s *amnesicStore) KnownPayments(ctx context.Context, quote string, ids []string) (map[string]cashu.Amount, error) {
	if s.on.Load() {
		return nil, errFault
	}
	return s.Store.KnownPayments(ctx, quote, ids)
}

// The backend answered: it is not what failed, and each of its payments is somebody's money.
func TestALogSaysEveryTimeWhichPaymentCouldNotBeRecorded(t *testing.T) {
	t.Parallel()
	for name, how := range map[string]func(*holedStore, *amnesicStore, string){
		"the database does not take it":      func(h *holedStore, _ *amnesicStore, id string) { h.quote.Store(id) },
		"it does not say what the quote has": func(_ *holedStore, a *amnesicStore, _ string) { a.on.Store(true) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			amnesic := &amnesicStore{Store: newMemStore()}
			holed := &holedStore{Store: amnesic}
			w := newWorld(t, holed)
			q := w.quote(8)
			w.backend.pay(q)
			how(holed, amnesic, q.ID)
			m, log := w.logged(mint.Backend{Name: "node", Receiver: w.backend})
			for range 4 {
				w.clock.Add(10)
				if got, err := m.MintQuote(t.Context(), "bolt11", q.ID); err != nil || got.AmountPaid != 0 {
					t.Fatalf("%d is paid, %v", got.AmountPaid, err)
				}
			}
			in := w.backend.incoming(q.LookupID)
			if got := log.with("level=ERROR", "could not be recorded", "request="+in.LookupID, "payment="+in.PaymentID, "amount=8", errFault.Error()); len(got) != 4 {
				t.Errorf("of four failures it says %q", got)
			}
			if got := log.with("could not ask the backend"); len(got) != 0 {
				t.Errorf("it says of a backend that answered: %q", got)
			}
		})
	}
}

// The database does not take the payment of one quote.
func TestAPaymentThatCannotBeRecordedKeepsNoOtherQuoteFromBeingForgotten(t *testing.T) {
	t.Parallel()
	store := &holedStore{Store: newMemStore()}
	w := newWorld(t, store)
	q, other := w.quote(8), w.quote(8)
	asked := w.meltQuote("a", 100)
	w.backend.pay(q)
	w.wait(30 * 24 * time.Hour)
	store.quote.Store(q.ID)
	n, err := w.mint.Prune(t.Context())
	if n != 2 || !errors.Is(err, errFault) {
		t.Errorf("forgot %d, %v", n, err)
	}
	if !w.known(q) || w.known(other) {
		t.Errorf("the paid one is known: %v, the other: %v", w.known(q), w.known(other))
	}
	if _, err := w.store.MeltQuote(t.Context(), asked.ID); !errors.Is(err, mint.ErrNotFound) {
		t.Errorf("the melt: %v", err)
	}
}
