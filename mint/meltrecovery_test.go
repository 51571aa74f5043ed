package mint_test

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// durableStore notes of every commit whether it is durable.
type durableStore struct {
	mint.Store
	last mint.Durability
}

func (s *durableStore) Update(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
	s.last = d
	return s.Store.Update(ctx, d, fn)
}

// What is written before the money moves, and when it has moved, must outlive a
// power cut.
func TestBothCommitsOfAMeltAreDurable(t *testing.T) {
	t.Parallel()
	store := &durableStore{Store: newMemStore()}
	w := newWorld(t, store)
	q := w.meltQuote("a", 100)
	if store.last != mint.Durable {
		t.Error("the quote is not durable")
	}
	coins := w.mintCoins(128)
	store.last = mint.Deferred
	w.payer.sending = func(*attempt) error {
		if store.last != mint.Durable {
			t.Error("money moves after a commit that is not durable")
		}
		store.last = mint.Deferred
		return nil
	}
	w.melt(meltRequest(q, coins, nil))
	if store.last != mint.Durable || w.payer.sends != 1 {
		t.Error("the melt was answered after a commit that is not durable")
	}
}

// Another replica leaves a melt alone while its payment is under way, and two that
// go on with one melt pay once.
func TestReplicasDoNotDisturbEachOthersMelts(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := newMemStore()
		w := newWorld(t, store)
		q := w.meltQuote("a", 100)
		coins, blanks := w.mintCoins(128), w.blanks(5)
		w.payer.wait = make(chan struct{})
		done := make(chan mint.Melted)
		go func() {
			m, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, blanks))
			if err != nil {
				t.Error(err)
			}
			done <- m
		}()
		synctest.Wait()
		other := w.newMint("second")
		w.payer.mu.Lock() // it would be told that the payment failed
		w.payer.answering = func(*attempt) (lightning.Outgoing, error) {
			return lightning.Outgoing{State: lightning.PaymentFailed}, nil
		}
		w.payer.mu.Unlock()
		for range 2 {
			if err := other.Sweep(t.Context()); err != nil {
				t.Error(err)
			}
			w.wantStates(coins, mint.ProofPending)
			w.clock.Add(75) // as long as the melt may take
		}
		w.payer.mu.Lock()
		w.payer.answering = nil
		w.payer.mu.Unlock()

		// The lease runs out, as when the first stands still: the second finishes,
		// and the first, awake again, changes nothing.
		w.clock.Add(1000)
		if err := other.Sweep(t.Context()); err != nil {
			t.Error(err)
		}
		w.wantMelt(q, mint.MeltPaid)
		close(w.payer.wait)
		if m := <-done; m.State != mint.MeltPaid {
			t.Errorf("the first answers %v", m.State)
		}
		if w.payer.moved["a"] != 1 {
			t.Errorf("money went %d times", w.payer.moved["a"])
		}
		w.wantSagas(0)
		w.wantExactTotals()
	})
}

// A melt whose payment was never sent, because the mint died before, is paid when
// the mint is up again. A backend that knows nothing of it is sure of that.
func TestAPaymentThatWasNeverSentIsSentByRecovery(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	w := newWorld(t, store)
	q := w.meltQuote("a", 100)
	coins, blanks := w.mintCoins(128), w.blanks(5)
	var again []bool
	w.payer.sending = func(a *attempt) error {
		again = append(again, a.Recovered)
		return errors.New("the process dies here")
	}
	w.melt(meltRequest(q, coins, blanks))
	w.wantMelt(q, mint.MeltPending)
	if err := w.mint.Sweep(t.Context()); err != nil { // dies again
		t.Fatal(err)
	}
	w.wantStates(coins, mint.ProofPending)
	w.payer.sending = nil
	if err := w.mint.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantMelt(q, mint.MeltPaid)
	if sumOf(w.change(blanks, w.readMelt(q))) != 27 || w.payer.moved["a"] != 1 {
		t.Error("it was not paid once")
	}
	if !slices.Equal(again, []bool{false, true}) {
		t.Errorf("the backend was told %v of whether it may have been ordered before", again)
	}
}

// One backend that does not answer keeps only its own melts waiting.
func TestASilentBackendDoesNotKeepOtherSagasWaiting(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{Store: newMemStore()}
		w := newWorld(t, store)
		q := w.meltQuote("a", 100)
		coins := w.mintCoins(128)
		w.payer.becomes(lightning.PaymentPending, nil)
		w.melt(meltRequest(q, coins, nil))
		swapped := w.mintCoins(8)
		strandSwap(t, w, store, swapped)
		silent := make(chan struct{})
		w.payer.mu.Lock()
		w.payer.answering = func(*attempt) (lightning.Outgoing, error) {
			<-silent
			return lightning.Outgoing{}, errors.New("too late")
		}
		w.payer.mu.Unlock()
		swept := make(chan error)
		go func() { swept <- w.mint.Sweep(t.Context()) }()
		time.Sleep(time.Second)
		w.wantStates(swapped, mint.ProofUnspent)
		close(silent)
		if err := <-swept; err != nil {
			t.Error(err)
		}
		w.wantStates(coins, mint.ProofPending)
	})
}

func strandSwap(t *testing.T, w *world, store *faultyStore, inputs []cashu.Proof) {
	t.Helper()
	base := int(store.updates.Load())
	store.before = func(n int) error {
		if n-base >= 2 {
			return errDisk
		}
		return nil
	}
	if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, w.notes(w.active("sat"), 8))); !errors.Is(err, errDisk) {
		t.Fatalf("error %v, want %v", err, errDisk)
	}
	store.before = nil
}

func TestShuttingDownLeavesASlowPaymentToTheNextStart(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		q := w.meltQuote("a", 100)
		coins := w.mintCoins(128)
		w.payer.wait = make(chan struct{})
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- w.mint.Run(ctx) }()
		synctest.Wait()
		answer := make(chan error)
		go func() {
			_, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, nil))
			answer <- err
		}()
		synctest.Wait()
		w.payer.becomes(lightning.PaymentPending, nil)
		began := time.Now()
		stop()
		if err := <-answer; err != nil {
			t.Errorf("the answer is %v, want the pending quote", err)
		}
		if err := <-ended; err != nil || time.Since(began) > time.Second {
			t.Errorf("after %v the mint ended with %v", time.Since(began), err)
		}
		w.payer.becomes(lightning.PaymentPaid, nil)
		w.mint = w.newMint("second")
		w.clock.Add(1000)
		if err := w.mint.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		w.wantMelt(q, mint.MeltPaid)
	})
}

// A mint that dies between its two commits has not forgotten that nobody else shall
// pay the invoice that it settled.
func TestAnInvoicePaidWithinIsCancelledAlsoAfterACrash(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	payee := w.quote(100)
	q, err := w.mint.CreateMeltQuote(t.Context(), "bolt11", cashu.MeltQuoteRequest{Request: payee.Request, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	coins, blanks := w.mintCoins(128), w.blanks(5)
	w.signer.onSign(func(int) error { return errors.New("the signatory is away") })
	if _, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, blanks)); err != nil {
		t.Fatal(err)
	}
	w.wantMelt(q, mint.MeltSettled)
	before := w.backend.cancelled[payee.LookupID]
	w.signer.onSign(func(int) error { return nil })
	after := w.newMint("first")
	if err := after.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantMelt(q, mint.MeltPaid)
	if stats := after.MeltStats(); stats.Paid != 1 {
		t.Errorf("who finished it counts %+v", stats)
	}
	if got := w.backend.cancelled[payee.LookupID]; before != 1 || got != 2 {
		t.Errorf("it was cancelled %d times before the crash and %d in all", before, got)
	}
	if stats := w.mint.MeltStats(); stats != (mint.MeltStats{}) {
		t.Errorf("who did not finish it counts %+v", stats)
	}
}
