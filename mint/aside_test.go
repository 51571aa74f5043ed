package mint_test

import (
	"context"
	"errors"
	"math"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// orderlyBackend delivers its payments one after the other and goes on with the next one
// only when the one before was taken, as real ones do.
type orderlyBackend struct {
	*testBackend
	queue []lightning.Incoming
	tried atomic.Int64
}

func (b *orderlyBackend) WatchIncoming(ctx context.Context, deliver func(lightning.Incoming) error) error {
	for len(b.queue) > 0 {
		b.tried.Add(1)
		if err := deliver(b.queue[0]); err != nil {
			return err
		}
		b.queue = b.queue[1:]
	}
	<-ctx.Done()
	return ctx.Err()
}

// holedStore does not take payments of one quote, for no reason that it tells.
type holedStore struct {
	mint.Store
	quote atomic.Value // string
	away  atomic.Bool  // takes nothing at all
}

type holedTx struct {
	mint.Tx
	quote string
}

var errFault = errors.New("the disk has a hole there")

func (s *holedStore) Update(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
	if s.away.Load() {
		return errFault
	}
	quote, _ := s.quote.Load().(string)
	return s.Store.Update(ctx, d, func(tx mint.Tx) error { return fn(holedTx{tx, quote}) })
}

func (t holedTx) AddPayment(ctx context.Context, quoteID, paymentID string, amount cashu.Amount, at time.Time) (bool, error) {
	if quoteID == t.quote {
		return false, errFault
	}
	return t.Tx.AddPayment(ctx, quoteID, paymentID, amount, at)
}

// Of the payments that a backend reports, those that no quote can take are kept for the
// operator, and those behind them are taken in.
func TestAPaymentThatCannotBeTakenInKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &holedStore{Store: newMemStore()}
		w := newWorld(t, store)
		full, other, hole, last := w.quote(8), w.quote(8), w.quote(8), w.quote(8)
		in := func(q mint.MintQuote, id string, amount cashu.Amount, unit cashu.Unit) lightning.Incoming {
			return lightning.Incoming{Method: "bolt11", LookupID: q.LookupID, PaymentID: id, Amount: amount, Unit: unit}
		}
		b := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{
			in(full, "a", math.MaxUint64, "sat"), in(full, "b", 1, "sat"), // more than there is
			in(other, "a", 8, "sat"), // the id of another payment
			in(other, "c", 0, "sat"), // nothing
			in(other, "d", 8, "usd"), // another unit
			in(other, "", 8, "sat"),  // no id
			in(hole, "e", 8, "sat"),  // the database does not want it
			in(last, "f", 8, "sat"),
		}}
		store.quote.Store(hole.ID)
		w.mint = w.with("second", mint.Backend{Name: "node", Receiver: b})
		defer run(w.mint)()
		synctest.Wait()
		paid := func(q mint.MintQuote) cashu.Amount {
			t.Helper()
			row, err := w.store.MintQuote(t.Context(), "bolt11", q.ID)
			if err != nil {
				t.Fatal(err)
			}
			return row.AmountPaid
		}
		aside := func() []mint.SetAside {
			t.Helper()
			list, err := w.store.PaymentsAside(t.Context(), 100)
			if err != nil {
				t.Fatal(err)
			}
			return list
		}
		if got := aside(); len(got) != 5 || paid(last) != 0 {
			t.Errorf("at first %d payments are set aside, and the last has paid %d: %+v", len(got), paid(last), got)
		}
		time.Sleep(2 * time.Minute) // for the one that may only have come at the wrong moment
		list := aside()
		if len(list) != 6 || paid(last) != 8 || paid(full) != math.MaxUint64 || paid(other) != 0 {
			t.Errorf("in the end: %+v, paid %d and %d", list, paid(last), paid(other))
		}
		for _, p := range list {
			if p.Backend != "node" || p.Why == "" || p.At.IsZero() {
				t.Errorf("kept is %+v", p)
			}
		}
		store.quote.Store("") // and then it does want it
		w.clock.Add(2 * 3600)
		time.Sleep(2 * time.Hour)
		if got := aside(); len(got) != 5 || paid(hole) != 8 {
			t.Errorf("the database is well, and %d are set aside, %d is paid", len(got), paid(hole))
		}
	})
}

// A database that is away takes nothing, so nothing is set aside for it: the payment waits.
func TestAPaymentWaitsForADatabaseThatIsAway(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &holedStore{Store: newMemStore()}
		w := newWorld(t, store)
		q := w.quote(8)
		b := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{
			{Method: "bolt11", LookupID: q.LookupID, PaymentID: "a", Amount: 8, Unit: "sat"},
		}}
		w.mint = w.with("second", mint.Backend{Name: "node", Receiver: b})
		store.away.Store(true)
		defer run(w.mint)()
		time.Sleep(5 * time.Minute)
		if n := b.tried.Load(); n < 2*5 {
			t.Errorf("it was tried %d times", n)
		}
		store.away.Store(false)
		time.Sleep(time.Minute)
		list, err := w.store.PaymentsAside(t.Context(), 1)
		row, err2 := w.store.MintQuote(t.Context(), "bolt11", q.ID)
		if err != nil || err2 != nil || len(list) != 0 || row.AmountPaid != 8 {
			t.Errorf("it has paid %d, and set aside is %+v, %v, %v", row.AmountPaid, list, err, err2)
		}
	})
}

// giving adds a method whose requests can be paid again and again.
type giving struct{ *testBackend }

func (b giving) Settings() []lightning.Settings {
	return append(b.testBackend.Settings(), lightning.Settings{Method: "gift", Unit: "sat"})
}

type givingPayer struct{ *testPayer }

func (p givingPayer) PaySettings() []lightning.PaySettings {
	return append(p.testPayer.PaySettings(), lightning.PaySettings{Method: "gift", Unit: "sat"})
}

// A quote was paid within the mint and then, with the same amount, from outside as well.
// The sum of what came from outside is what the quote has, and is money all the same.
func TestAPaymentFromOutsideIsSeenByAWalletThatAsksAlsoAfterOneFromWithin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.mint = w.with("second", mint.Backend{Name: "node", Receiver: giving{w.backend}, Payer: givingPayer{w.payer}})
	payee, err := w.mint.CreateMintQuote(t.Context(), "gift", cashu.MintQuoteRequest{Amount: 8, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	asked, err := w.mint.CreateMeltQuote(t.Context(), "gift", cashu.MeltQuoteRequest{Request: payee.Request, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.mint.Melt(t.Context(), "gift", meltRequest(asked, w.mintCoins(8, 2), nil)); err != nil {
		t.Fatal(err)
	}
	read := func() cashu.Amount {
		w.clock.Add(60)
		q, err := w.mint.MintQuote(t.Context(), "gift", payee.ID)
		if err != nil {
			t.Fatal(err)
		}
		return q.AmountPaid
	}
	if got := read(); got != 8 {
		t.Fatalf("within the mint it was paid %d", got)
	}
	w.backend.pay(payee)
	if got := read(); got != 16 {
		t.Errorf("from outside it was paid as well, and has %d", got)
	}
	if got := read(); got != 16 {
		t.Errorf("asked again it has %d", got)
	}
}
