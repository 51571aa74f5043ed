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
)

// faultyStore fails or interrupts chosen updates, counted from 1.
type faultyStore struct {
	mint.Store
	updates atomic.Int64
	before  func(n int) error // nothing is written when it fails
	after   func(n int) error // everything is written, and the caller is told it failed
	gone    bool              // other owners are provably dead
}

func (s *faultyStore) Update(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
	n := int(s.updates.Add(1))
	if s.before != nil {
		if err := s.before(n); err != nil {
			return err
		}
	}
	if err := s.Store.Update(ctx, d, fn); err != nil {
		return err
	}
	if s.after != nil {
		return s.after(n)
	}
	return nil
}

func (s *faultyStore) OwnerGone(context.Context, string) (bool, error) { return s.gone, nil }

// arm makes the n-th update from now misbehave.
func (s *faultyStore) arm(n int, before, after error) {
	base := int(s.updates.Load())
	fail := func(err error) func(int) error {
		return func(k int) error {
			if k-base == n {
				return err
			}
			return nil
		}
	}
	s.before, s.after = fail(before), fail(after)
}

var errDisk = errors.New("disk on fire")

func TestSwapIsUndoneWhenTheSecondCommitFails(t *testing.T) {
	t.Parallel()
	store := &faultyStore{Store: newMemStore()}
	w := newWorld(t, store)
	inputs := w.mintCoins(8)
	notes := w.notes(w.active("sat"), 8)
	store.arm(2, errDisk, nil)
	if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes)); !errors.Is(err, errDisk) {
		t.Fatalf("error %v, want %v", err, errDisk)
	}
	w.wantStates(inputs, mint.ProofUnspent)
	w.wantRestorable(notes, 0)
	w.wantSagas(0)
}

func TestSwapAnswersWhenItsCommitHappenedButSaidOtherwise(t *testing.T) {
	t.Parallel()
	store := &faultyStore{Store: newMemStore()}
	w := newWorld(t, store)
	inputs := w.mintCoins(8)
	notes := w.notes(w.active("sat"), 8)
	store.arm(2, nil, errDisk)
	sigs, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes))
	if err != nil {
		t.Fatal(err)
	}
	w.coins(notes, sigs)
	w.wantStates(inputs, mint.ProofSpent)
	w.wantSagas(0)
}

// strand leaves a reserved swap behind, as a crash between the two commits does.
func strand(t *testing.T, w *world, store *faultyStore, inputs []cashu.Proof, notes []note) {
	t.Helper()
	base := int(store.updates.Load())
	store.before = func(n int) error {
		if n-base >= 2 { // neither the finish nor the compensation
			return errDisk
		}
		return nil
	}
	if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes)); !errors.Is(err, errDisk) {
		t.Fatalf("error %v, want %v", err, errDisk)
	}
	store.before = nil
	w.wantStates(inputs, mint.ProofPending)
	w.wantSagas(1)
}

func TestRecoveryTakesOnlySagasThatNobodyWorksOn(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name      string
		owner     string // of the mint that sweeps
		gone      bool
		wait      time.Duration
		recovered bool
	}{
		{"its own, which no goroutine holds any more", "first", false, 0, true},
		{"another's within its lease", "second", false, 0, false},
		{"another's after its lease", "second", false, time.Hour, true},
		{"a dead process's at once", "second", true, 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			store := &faultyStore{Store: newMemStore(), gone: tc.gone}
			w := newWorld(t, store)
			inputs := w.mintCoins(8)
			notes := w.notes(w.active("sat"), 8)
			strand(t, w, store, inputs, notes)
			if tc.owner != "first" {
				w.mint = w.newMint(tc.owner)
			}
			w.clock.Add(int64(tc.wait / time.Second))
			if err := w.mint.Sweep(t.Context()); err != nil {
				t.Fatal(err)
			}
			if !tc.recovered {
				w.wantStates(inputs, mint.ProofPending)
				w.wantSagas(1)
				return
			}
			w.wantStates(inputs, mint.ProofUnspent)
			w.wantSagas(0)
			if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes)); err != nil {
				t.Errorf("the same swap after recovery: %v", err)
			}
		})
	}
}

func TestRecoveryNeverUndoesARunningSwap(t *testing.T) {
	t.Parallel()
	store := &faultyStore{Store: newMemStore()}
	w := newWorld(t, store)
	inputs := w.mintCoins(8)
	notes := w.notes(w.active("sat"), 8)
	w.signer.onSign(func(int) error { return w.mint.Sweep(context.Background()) })
	if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes)); err != nil {
		t.Fatal(err)
	}
	w.wantStates(inputs, mint.ProofSpent)
}

func TestASwapThatWasTakenOverCannotFinish(t *testing.T) {
	t.Parallel()
	store := &faultyStore{Store: newMemStore(), gone: true}
	w := newWorld(t, store)
	inputs := w.mintCoins(8)
	notes := w.notes(w.active("sat"), 8)
	other := w.newMint("second")
	w.signer.onSign(func(int) error { return other.Sweep(context.Background()) })
	if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes)); !errors.Is(err, mint.ErrSagaTaken) {
		t.Fatalf("error %v, want %v", err, mint.ErrSagaTaken)
	}
	w.wantStates(inputs, mint.ProofUnspent)
	w.wantRestorable(notes, 0)
	w.wantSagas(0)
}

func TestOneImpossibleSagaDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	inner := newMemStore()
	store := &faultyStore{Store: inner}
	w := newWorld(t, store)
	broken, fine := w.mintCoins(8), w.mintCoins(4)
	notes := w.notes(w.active("sat"), 8)
	strand(t, w, store, broken, notes)
	base := int(store.updates.Load())
	store.before = func(n int) error {
		if n-base >= 2 {
			return errDisk
		}
		return nil
	}
	if _, err := w.mint.Swap(t.Context(), swapRequest(fine, w.notes(w.active("sat"), 4))); !errors.Is(err, errDisk) {
		t.Fatalf("error %v, want %v", err, errDisk)
	}
	store.before = nil
	// Spend the inputs of the first behind the mint's back: half finished.
	sagas, err := inner.Sagas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	err = inner.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
		_, err := tx.SpendProofs(t.Context(), sagas[0].Ref)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.mint.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantStates(broken, mint.ProofSpent)
	w.wantStates(fine, mint.ProofUnspent)
	w.wantSagas(1)
	if got := w.mint.Health(t.Context()).Stuck; got != 1 {
		t.Errorf("%d sagas are reported stuck, want 1", got)
	}
}

func TestShutdownWaitsForRunningSwaps(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	inputs := w.mintCoins(8)
	notes := w.notes(w.active("sat"), 8)
	ctx, stop := context.WithCancel(t.Context())
	signing, goOn := make(chan struct{}), make(chan struct{})
	w.signer.onSign(func(int) error { close(signing); <-goOn; return nil })
	ran, swapped := make(chan error, 1), make(chan error, 1)
	go func() { ran <- w.mint.Run(ctx) }()
	go func() {
		_, err := w.mint.Swap(context.Background(), swapRequest(inputs, notes))
		swapped <- err
	}()
	<-signing
	stop()
	select {
	case <-ran:
		t.Error("Run returned while a swap was running")
	case <-time.After(time.Second):
	}
	_, err := w.mint.Swap(t.Context(), swapRequest(w.coinsForLater(4), w.notes(w.active("sat"), 4)))
	wantCode(t, err, cashu.CodeUnavailable)
	close(goOn)
	if err := <-swapped; err != nil {
		t.Error(err)
	}
	if err := <-ran; err != nil {
		t.Error(err)
	}
	w.wantStates(inputs, mint.ProofSpent)
}

// coinsForLater makes coins of the active keyset as a thief of the keys does.
func (w *world) coinsForLater(amounts ...cashu.Amount) []cashu.Proof {
	w.tb.Helper()
	return w.forge(w.active("sat"), amounts...)
}

// forge makes coins without asking the mint, straight from the keys.
func (w *world) forge(ks cashu.Keyset, amounts ...cashu.Amount) []cashu.Proof {
	w.tb.Helper()
	notes := w.notes(ks, amounts...)
	sigs := make([]cashu.BlindSignature, len(notes))
	for i, n := range notes {
		k, _ := w.signer.key(n.ID, n.Amount)
		c, dleq, err := k.SignWithDLEQ(n.B)
		if err != nil {
			w.tb.Fatal(err)
		}
		sigs[i] = cashu.BlindSignature{Amount: n.Amount, ID: n.ID, C: c, DLEQ: &dleq}
	}
	return w.coins(notes, sigs)
}

// Coins whose swap could not be undone are pending: they must not wait for the
// next regular sweep.
func TestWhatCouldNotBeUndoneIsRecoveredSoon(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &faultyStore{Store: newMemStore()}
		w := newWorld(t, store)
		inputs := w.mintCoins(8)
		notes := w.notes(w.active("sat"), 8)
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error, 1)
		go func() { ended <- w.mint.Run(ctx) }()
		synctest.Wait()

		// The reservation succeeds; then nothing does for two seconds and a half.
		base, began := int(store.updates.Load()), time.Now()
		store.before = func(n int) error {
			if n > base+1 && time.Since(began) < 2500*time.Millisecond {
				return errDisk
			}
			return nil
		}
		if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes)); !errors.Is(err, errDisk) {
			t.Fatalf("error %v, want %v", err, errDisk)
		}
		w.wantStates(inputs, mint.ProofPending)
		time.Sleep(5 * time.Second)
		w.wantStates(inputs, mint.ProofUnspent)
		w.wantSagas(0)
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
