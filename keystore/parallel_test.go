package keystore

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"mintmark/cashu"
)

// Readers never stop while keysets come and go; a request keeps the snapshot
// that it began with.
func TestSigningGoesOnDuringRotations(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(4)})
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			for last := uint64(0); !stop.Load(); {
				s := ks.Keysets()
				if s.Epoch < last {
					t.Errorf("epoch %d after %d", s.Epoch, last)
				}
				last = s.Epoch
				k := s.Keysets[len(s.Keysets)-1]
				if !k.Active {
					t.Error("the newest keyset of a snapshot is not active")
				}
				if _, err := ks.Sign(t.Context(), testMessages(t, k, 2)); err != nil && !errors.Is(err, cashu.ErrKeysetInactive) {
					t.Error(err)
				}
			}
		})
	}
	for range 10 {
		mustRotate(t, ks, RotateParams{Unit: "sat"})
	}
	stop.Store(true)
	wg.Wait()
}

func TestWorkEndsWithItsContext(t *testing.T) {
	t.Parallel()
	ks := mustOpen(t, testConfig(t))
	k := mustRotate(t, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(2)})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := ks.Sign(ctx, testMessages(t, k, 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("Sign = %v", err)
	}
	if err := ks.Verify(ctx, testProofs(t, ks, k, 2)); !errors.Is(err, context.Canceled) {
		t.Errorf("Verify = %v", err)
	}
}

func TestSpreadCallsEachItemOnceAndStopsAtAnError(t *testing.T) {
	t.Parallel()
	for _, parallel := range []int{1, 2, 7} {
		for _, n := range []int{0, 1, 5, 100} {
			ks := &Keystore{parallel: parallel}
			calls := make([]atomic.Int32, n)
			if err := ks.spread(t.Context(), n, func(i int) error { calls[i].Add(1); return nil }); err != nil {
				t.Fatal(err)
			}
			for i := range calls {
				if calls[i].Load() != 1 {
					t.Errorf("%d of %d with %d: called %d times", i, n, parallel, calls[i].Load())
				}
			}
		}
		var begun atomic.Int32
		boom := errors.New("boom")
		ks := &Keystore{parallel: parallel}
		err := ks.spread(t.Context(), 1000, func(i int) error { begun.Add(1); return boom })
		if !errors.Is(err, boom) || int(begun.Load()) > parallel {
			t.Errorf("with %d: %v after %d items", parallel, err, begun.Load())
		}
	}
}
