package sqlstore_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

func bsOfSwap(s *swap) []bdhke.Point {
	bs := make([]bdhke.Point, len(s.outputs))
	for i, o := range s.outputs {
		bs[i] = o.B
	}
	return bs
}

// What a transaction has read stays as it was until it ends, whoever wants to
// change it.
func TestReadsOfATransactionLock(t *testing.T) {
	t.Parallel()
	type world struct {
		r *replicas
		s *swap
	}
	ctx := t.Context()
	tests := []struct {
		name   string
		read   func(w world, tx mint.Tx) (any, error)
		change func(w world, tx mint.Tx) error
	}{
		{"a pending proof", func(w world, tx mint.Tx) (any, error) {
			p, err := tx.Proofs(ctx, ysOf(w.s))
			return p, err
		}, func(w world, tx mint.Tx) error {
			_, err := tx.SpendProofs(ctx, w.s.saga.Ref)
			return err
		}},
		{"an unsigned output", func(w world, tx mint.Tx) (any, error) {
			s, err := tx.Signatures(ctx, bsOfSwap(w.s))
			return s, err
		}, func(w world, tx mint.Tx) error {
			return tx.SignOutputs(ctx, w.s.saga.Ref, w.s.outputs, w.s.sigs)
		}},
		{"a saga", func(w world, tx mint.Tx) (any, error) { return tx.Saga(ctx, w.s.saga.Ref) }, func(w world, tx mint.Tx) error {
			saga := *w.s.saga
			saga.Owner = "somebody else"
			return tx.UpdateSaga(ctx, &saga)
		}},
		{"the list of sagas", func(w world, tx mint.Tx) (any, error) { return tx.Sagas(ctx) }, func(w world, tx mint.Tx) error {
			saga := *w.s.saga
			return tx.FinishSaga(ctx, &saga)
		}},
		{"a quote", func(w world, tx mint.Tx) (any, error) { return tx.MintQuote(ctx, "bolt11", "q") }, func(w world, tx mint.Tx) error {
			_, err := tx.AddPayment(ctx, "q", "p", 5, time.Unix(1_900_000_100, 0))
			return err
		}},
		{"a quote by its other name", func(w world, tx mint.Tx) (any, error) { return tx.MintQuoteByLookup(ctx, "bolt11", "l") }, func(w world, tx mint.Tx) error {
			_, err := tx.ClaimPoll(ctx, "q", time.Unix(1_900_000_100, 0), time.Second)
			return err
		}},
		{"totals", func(w world, tx mint.Tx) (any, error) { return tx.Totals(ctx) }, func(w world, tx mint.Tx) error {
			return tx.AddTotals(ctx, w.s.saga.Ref, []mint.KeysetTotals{{KeysetID: keysetOne(), Issued: 1}}, false)
		}},
		{"a payment that was set aside", func(w world, tx mint.Tx) (any, error) { return tx.PaymentAside(ctx, mint.SetAside{Backend: "node"}) }, func(w world, tx mint.Tx) error {
			_, err := tx.MarkAside(ctx, mint.SetAside{Backend: "node", Settled: time.Unix(1_900_000_100, 0)})
			return err
		}},
		{"a setting that is forgotten", func(w world, tx mint.Tx) (any, error) { return tx.Config(ctx, "there") }, func(w world, tx mint.Tx) error {
			return tx.DeleteConfig(ctx, "there")
		}},
		{"a setting that is there", func(w world, tx mint.Tx) (any, error) { return tx.Config(ctx, "there") }, func(w world, tx mint.Tx) error {
			return tx.SetConfig(ctx, "there", "changed")
		}},
		{"a setting that is not there", func(w world, tx mint.Tx) (any, error) {
			_, err := tx.Config(ctx, "nowhere")
			if errors.Is(err, mint.ErrNotFound) {
				return "nothing", nil
			}
			return "something", err
		}, func(w world, tx mint.Tx) error { return tx.SetConfig(ctx, "nowhere", "here") }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			w := world{openReplicas(t, 2), newForge(3).swap(2)}
			err := w.r.Update(ctx, mint.Durable, func(tx mint.Tx) error {
				if err := tx.AddMintQuote(ctx, mint.MintQuote{ID: "q", Method: "bolt11", Unit: "sat", LookupID: "l", Request: "r"}); err != nil {
					return err
				}
				if err := tx.AddTotals(ctx, 1, []mint.KeysetTotals{{KeysetID: keysetOne(), Issued: 10}}, false); err != nil {
					return err
				}
				if _, err := tx.SetPaymentAside(ctx, mint.SetAside{Backend: "node"}); err != nil {
					return err
				}
				return tx.SetConfig(ctx, "there", "before")
			})
			if err := errors.Join(err, w.s.reserve(ctx, w.r)); err != nil {
				t.Fatal(err)
			}
			changed := make(chan error, 1)
			err = w.r.stores[0].Update(ctx, mint.Deferred, func(tx mint.Tx) error {
				before, err := test.read(w, tx)
				if err != nil {
					return err
				}
				if len(changed) == 0 {
					go func() {
						changed <- w.r.stores[1].Update(ctx, mint.Deferred, func(tx mint.Tx) error { return test.change(w, tx) })
					}()
				}
				select {
				case err := <-changed:
					t.Errorf("it was changed meanwhile (%v)", err)
					changed <- err
				case <-time.After(150 * time.Millisecond):
				}
				after, err := test.read(w, tx)
				if err == nil && fmt.Sprint(before) != fmt.Sprint(after) {
					t.Errorf("read %v, then %v", before, after)
				}
				return err
			})
			if err := errors.Join(err, <-changed); err != nil {
				t.Error(err)
			}
		})
	}
}

func TestOfManyWhoSetWhatIsNotSetOneDoes(t *testing.T) {
	t.Parallel()
	r := openReplicas(t, 2)
	var wg sync.WaitGroup
	var set atomic.Int64
	for i := range 16 {
		wg.Go(func() {
			mine := false
			err := r.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
				mine = false
				if _, err := tx.Config(t.Context(), mint.ConfigIdentity); !errors.Is(err, mint.ErrNotFound) {
					return err
				}
				mine = true
				return tx.SetConfig(t.Context(), mint.ConfigIdentity, fmt.Sprint(i))
			})
			if err != nil {
				t.Error(err)
			}
			if mine {
				set.Add(1)
			}
		})
	}
	wg.Wait()
	if set.Load() != 1 {
		t.Errorf("%d set it", set.Load())
	}
}

func TestKeysetsAreNumberedOnceByManyAtATime(t *testing.T) {
	t.Parallel()
	r := openReplicas(t, 3)
	f := newForge(17)
	swaps := make([]*swap, 48)
	var wg sync.WaitGroup
	for i := range swaps {
		id, err := cashu.KeysetIDFromBytes([]byte{0, 8, 8, 8, 8, 8, 8, byte(i % 6)})
		if err != nil {
			t.Fatal(err)
		}
		swaps[i] = f.swap(1)
		swaps[i].proofs[0].KeysetID, swaps[i].outputs[0].ID, swaps[i].sigs[0].ID = id, id, id
		wg.Go(func() {
			if err := swaps[i].run(t.Context(), r); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	for _, store := range r.stores {
		for i, sw := range swaps {
			proofs, err := store.Proofs(t.Context(), ysOf(sw))
			if err != nil {
				t.Fatal(err)
			}
			signed, err := store.Signatures(t.Context(), bsOfSwap(sw))
			if err != nil || proofs[0].KeysetID != sw.proofs[0].KeysetID || signed[0].Signature.ID != sw.sigs[0].ID {
				t.Fatalf("swap %d: %+v %+v, %v", i, proofs, signed, err)
			}
		}
	}
}

// Everything is issued and redeemed again, by many at a time, with no slack in the
// end: shards run dry, and have to be filled from each other.
func TestTotalsAreExactWhenManyAddToThem(t *testing.T) {
	t.Parallel()
	r := openReplicas(t, 2)
	const workers, rounds = 12, 15
	var refs atomic.Int64
	add := func(issued, redeemed cashu.Amount) error {
		ref := mint.OperationRef(refs.Add(1))
		return r.Update(t.Context(), mint.Deferred, func(tx mint.Tx) error {
			return tx.AddTotals(t.Context(), ref, []mint.KeysetTotals{{KeysetID: keysetOne(), Issued: issued, Redeemed: redeemed}}, false)
		})
	}
	together := func(fn func() error) {
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				for range rounds {
					if err := fn(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		wg.Wait()
	}
	expect := func(issued, redeemed cashu.Amount) {
		t.Helper()
		got, err := r.Totals(t.Context())
		if err != nil || len(got) != 1 || got[0].Issued != issued || got[0].Redeemed != redeemed {
			t.Fatalf("got %+v, %v, want %d and %d", got, err, issued, redeemed)
		}
	}
	const all = workers * rounds * 3
	together(func() error { return add(3, 0) })
	expect(all, 0)
	together(func() error { return add(0, 3) })
	expect(all, all)
	if err := add(0, 1); !errors.Is(err, mint.ErrOverRedeemed) {
		t.Errorf("one more: %v", err)
	}
	if err := add(5, 0); err != nil {
		t.Error(err)
	}
	var won atomic.Int64
	together(func() error {
		err := add(0, 1)
		if err == nil {
			won.Add(1)
		}
		if errors.Is(err, mint.ErrOverRedeemed) {
			return nil
		}
		return err
	})
	if won.Load() != 5 {
		t.Errorf("%d of 5 were redeemed", won.Load())
	}
	expect(all+5, all+5)
}
