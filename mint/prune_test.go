package mint_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// goneBackend answers nothing about any payment.
type goneBackend struct{ *testBackend }

func (goneBackend) CheckIncoming(context.Context, string, string) ([]lightning.Incoming, error) {
	return nil, errors.New("away")
}

func (w *world) wait(d time.Duration) { w.clock.Add(int64(d / time.Second)) }

func (w *world) prune(want int) {
	w.tb.Helper()
	if n, err := w.mint.Prune(context.Background()); err != nil || n != want {
		w.tb.Errorf("forgot %d quotes, want %d, %v", n, want, err)
	}
}

func (w *world) known(q mint.MintQuote) bool {
	w.tb.Helper()
	_, err := w.store.MintQuote(context.Background(), "bolt11", q.ID)
	if err != nil && !errors.Is(err, mint.ErrNotFound) {
		w.tb.Fatal(err)
	}
	return err == nil
}

func TestAQuoteThatNobodyPaidIsForgottenAWeekAfterItsEnd(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.quote(8)
	w.wait(time.Hour + 7*24*time.Hour - time.Second)
	w.prune(0)
	w.wait(2 * time.Second)
	w.prune(1)
	if w.known(q) {
		t.Error("it is still there")
	}
}

func TestALatePaymentCanBeMintedEvenWhenItIsFoundByForgetting(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q, other := w.quote(8), w.quote(8)
	w.wait(30 * 24 * time.Hour)
	w.backend.pay(q) // while the mint was down, say
	w.prune(1)
	if !w.known(q) || w.known(other) {
		t.Fatalf("the paid one is known: %v, the other: %v", w.known(q), w.known(other))
	}
	notes := w.notes(w.active("sat"), 8)
	if _, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(notes)}); err != nil {
		t.Errorf("the paid quote cannot be minted: %v", err)
	}
	w.prune(0)
	if !w.known(q) {
		t.Error("a minted quote was forgotten")
	}
}

func TestAMeltQuoteThatNobodyMeltedIsForgottenAndOnePaidIsNot(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	paid, failed, idle := w.meltQuote("a", 100), w.meltQuote("b", 10), w.meltQuote("c", 10)
	w.melt(meltRequest(paid, w.mintCoins(128), nil))
	w.payer.sending = func(a *attempt) error {
		a.Outgoing = lightning.Outgoing{State: lightning.PaymentFailed}
		return nil
	}
	_, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(failed, w.mintCoins(16), nil))
	wantCode(t, err, cashu.CodePaymentFailed)
	w.wait(7*24*time.Hour + 10*time.Minute - time.Second)
	w.prune(0)
	w.wait(30 * time.Minute)
	w.prune(2)
	w.wantMelt(paid, mint.MeltPaid)
	for _, q := range []mint.MeltQuote{failed, idle} {
		if _, err := w.store.MeltQuote(t.Context(), q.ID); !errors.Is(err, mint.ErrNotFound) {
			t.Errorf("it is still there: %v", err)
		}
	}
}

func TestAQuoteIsKeptWhileItsBackendDoesNotAnswer(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.quote(8)
	w.wait(30 * 24 * time.Hour)
	for name, backends := range map[string][]mint.Backend{"away": {{Name: "node", Receiver: goneBackend{w.backend}}}, "taken away": nil} {
		cfg := w.config(name)
		cfg.Backends = backends
		m, err := mint.New(t.Context(), cfg)
		if err != nil {
			t.Fatal(err)
		}
		if n, err := m.Prune(t.Context()); n != 0 || (err == nil) != (backends == nil) {
			t.Errorf("backend %s: forgot %d, %v", name, n, err)
		}
		if !w.known(q) {
			t.Fatalf("backend %s: the quote is gone", name)
		}
	}
}

func TestManyQuotesGoInSmallBatches(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		for range 250 {
			w.quote(8)
		}
		kept := w.quote(8)
		w.backend.pay(kept)
		w.wait(30 * 24 * time.Hour)
		began := time.Now()
		w.prune(250)
		if took := time.Since(began); took != 200*time.Millisecond {
			t.Errorf("it took %v, want two pauses of a tenth of a second between three batches", took)
		}
	})
}

func TestOneOfTwoMintsForgetsInAnHour(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		counting := &countingStore{Store: w.store}
		w.store = counting
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 2)
		for _, owner := range []string{"one", "two"} {
			m := w.newMint(owner)
			go func() { done <- m.Run(ctx) }()
		}
		began := time.Now()
		for hours := range 3 {
			// The clock of the mints follows the one of the test.
			w.clock.Store(1_800_000_000 + int64(time.Since(began)/time.Second))
			time.Sleep(time.Hour)
			synctest.Wait()
			if got := counting.looks.Load(); got > int64(hours+2) {
				t.Errorf("after %d hours the two have looked %d times", hours+1, got)
			}
		}
		if counting.looks.Load() < 2 {
			t.Errorf("in three hours they looked %d times", counting.looks.Load())
		}
		cancel()
		<-done
		<-done
	})
}

// countingStore counts how often somebody looks for quotes to forget.
type countingStore struct {
	mint.Store
	looks atomic.Int64
}

func (s *countingStore) UnpaidMintQuotes(ctx context.Context, from, before time.Time, limit int) ([]mint.MintQuote, error) {
	s.looks.Add(1)
	return s.Store.UnpaidMintQuotes(ctx, from, before, limit)
}
