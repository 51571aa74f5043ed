package mint_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"mintmark/mint"
	"mintmark/mint/lightning"
)

// lines is a log that can be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// with lists the lines that hold all of the words.
func (l *lines) with(words ...string) (found []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
next:
	for line := range strings.Lines(l.text.String()) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		found = append(found, line)
	}
	return found
}

// logged makes a mint over one backend that writes a log.
func (w *world) logged(b mint.Backend) (*mint.Mint, *lines) {
	w.tb.Helper()
	log := &lines{}
	cfg := w.config("logged")
	cfg.Backends, cfg.Logger = []mint.Backend{b}, slog.New(slog.NewTextHandler(log, nil))
	m, err := mint.New(context.Background(), cfg)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.refresh(m)
	return m, log
}

// One backend has filled its list. What it reports then it has to report again, with its
// ids in the log, and the other one's list is its own.
func TestABackendThatReportsTooMuchIsNotAcceptedAnyMoreAndKeepsNoOtherWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		q := w.quote(8)
		err := w.store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
			for i := range mint.MaxAside {
				p := mint.SetAside{Backend: "noisy", Method: "bolt11", LookupID: fmt.Sprint(i), PaymentID: "p", Unit: "sat", Amount: 1, Own: true}
				if _, err := tx.SetPaymentAside(t.Context(), p); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		quoteOf := func(backend, lookup string) lightning.Incoming {
			made := q
			made.ID, made.Backend, made.LookupID = "of "+backend, backend, lookup
			if err := w.store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error { return tx.AddMintQuote(t.Context(), made) }); err != nil {
				t.Fatal(err)
			}
			return lightning.Incoming{Method: "bolt11", LookupID: lookup, PaymentID: "payment of " + backend, Amount: 8, Unit: "usd"}
		}
		noisy := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{quoteOf("noisy", "l1")}}
		m, log := w.logged(mint.Backend{Name: "noisy", Receiver: noisy})
		stop := run(m)
		time.Sleep(time.Minute)
		stop()
		if len(noisy.queue) != 1 || len(w.aside()) != mint.MaxAside {
			t.Errorf("it was accepted: %d wait, %d are set aside", len(noisy.queue), len(w.aside()))
		}
		if len(log.with("level=ERROR", "request=l1", `payment="payment of noisy"`, "kept=false")) == 0 {
			t.Error("nobody can read which payment it was")
		}
		calm := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{quoteOf("calm", "l2")}}
		m, log = w.logged(mint.Backend{Name: "calm", Receiver: calm})
		stop = run(m)
		time.Sleep(time.Minute)
		stop()
		if len(calm.queue) != 0 || len(w.aside()) != mint.MaxAside+1 {
			t.Errorf("the other one's: %d wait, %d are set aside", len(calm.queue), len(w.aside()))
		}
		if len(log.with("level=ERROR", "request=l2", `payment="payment of calm"`, "kept=true")) != 1 {
			t.Error("nobody can read which payment the other one was")
		}
		w.settle()
		m, _ = w.logged(mint.Backend{Name: "noisy", Receiver: noisy})
		defer run(m)()
		synctest.Wait()
		if len(noisy.queue) != 0 || len(w.aside()) != 1 {
			t.Errorf("when they are settled: %d wait, %d are set aside", len(noisy.queue), len(w.aside()))
		}
	})
}

// lookingStore counts how often payments are looked for among those that were set aside.
type lookingStore struct {
	mint.Store
	quotes atomic.Int64
}

func (s *lookingStore) MintQuoteByLookup(ctx context.Context, method, lookup string) (mint.MintQuote, error) {
	s.quotes.Add(1)
	return s.Store.MintQuoteByLookup(ctx, method, lookup)
}

// Also rows of a time when it was not noted whose fault it is: it is, the first time.
func TestWhatIsAPaymentsOwnFaultIsNotTriedAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &lookingStore{Store: newMemStore()}
		w := newWorld(t, store)
		q := w.quote(8)
		for id, own := range map[string]bool{"odd": false, "known to be odd": true} {
			p := mint.SetAside{Backend: "node", Method: "bolt11", LookupID: q.LookupID, PaymentID: id, Unit: "usd", Amount: 8, Why: "a reason", Own: own}
			err := w.store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
				_, err := tx.SetPaymentAside(t.Context(), p)
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		defer run(w.mint)()
		for hour := range 3 {
			synctest.Wait()
			if n := store.quotes.Load(); n != 1 {
				t.Errorf("in hour %d quotes were looked for %d times", hour, n)
			}
			for _, p := range w.aside() {
				if !p.Own || p.Why == "" || (p.Why == "a reason") != (p.PaymentID == "known to be odd") {
					t.Errorf("set aside is %+v", p)
				}
			}
			w.clock.Add(2 * 3600)
			time.Sleep(2 * time.Hour)
		}
		if len(w.aside()) != 2 {
			t.Errorf("set aside are %+v", w.aside())
		}
	})
}

func TestALogSaysWhichPaymentWasForNoQuote(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		q := w.quote(8) // of another backend
		b := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{
			{Method: "bolt11", LookupID: "of nobody", PaymentID: "p1", Amount: 8, Unit: "sat"},
			{Method: "bolt11", LookupID: q.LookupID, PaymentID: "p2", Amount: 8, Unit: "sat"},
		}}
		m, log := w.logged(mint.Backend{Name: "second", Receiver: b})
		defer run(m)()
		synctest.Wait()
		if len(log.with("no quote", `request="of nobody"`, "payment=p1", "method=bolt11")) != 1 {
			t.Error("nobody can read which payment was for no quote")
		}
		if len(log.with("not believed", "request="+q.LookupID, "payment=p2")) != 1 {
			t.Error("nobody can read which payment was not believed")
		}
	})
}

// What is kept of long texts can be read and written as JSON.
func TestWhatIsKeptOfALongTextIsText(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		q := w.quote(8)
		b := &orderlyBackend{testBackend: w.backend, queue: []lightning.Incoming{
			{Method: "bolt11", LookupID: q.LookupID, PaymentID: "x" + strings.Repeat("é", 600), Amount: math.MaxUint64, Unit: "sat"},
			{Method: "bolt11", LookupID: q.LookupID, PaymentID: "\xff", Amount: 0, Unit: "sat"},
		}}
		w.mint = w.with("second", mint.Backend{Name: "node", Receiver: b})
		defer run(w.mint)()
		synctest.Wait()
		list := w.aside()
		for _, p := range list {
			if !utf8.ValidString(p.PaymentID) || p.PaymentID == "" || len(p.PaymentID) > 1024 {
				t.Errorf("kept is %q", p.PaymentID)
			}
		}
		if len(list) != 2 {
			t.Errorf("set aside are %+v", list)
		}
	})
}
