package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
)

// together runs fn n times at once and collects the errors.
func together(n int, fn func(i int) error) []error {
	errs := make([]error, n)
	var ready, done sync.WaitGroup
	ready.Add(n)
	start := make(chan struct{})
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-start
			errs[i] = fn(i)
		})
	}
	ready.Wait()
	close(start)
	done.Wait()
	return errs
}

// winners counts nil errors; all others must be the expected one.
func (k *kit) winners(errs []error, loser error) int {
	k.Helper()
	n := 0
	for _, err := range errs {
		switch {
		case err == nil:
			n++
		case !errors.Is(err, loser):
			k.Errorf("a loser got %v, want %v", err, loser)
		}
	}
	return n
}

// concurrencyCases: of many who want the same, exactly one gets it.
func concurrencyCases() []testCase {
	return []testCase{
		{"of 32 who add the same proof one wins", func(k *kit) {
			proofs := k.proofs(1)
			sagas := k.sagas(32, 1, 0)
			errs := together(32, func(i int) error {
				return k.store.Update(k.ctx, mint.Deferred, func(tx mint.Tx) error { return reserve(k.ctx, tx, sagas[i], proofs, nil) })
			})
			if n := k.winners(errs, mint.ErrProofKnown); n != 1 {
				k.Errorf("%d won", n)
			}
			winner := slices.Index(errs, nil)
			if r := k.records(proofs[0].Y)[0]; r.Operation != sagas[winner].Ref {
				k.Errorf("got %+v, want operation %d", r, sagas[winner].Ref)
			}
			k.facts(sagas[winner].Ref, 1, 0)
		}},
		{"of 16 whose inputs overlap in opposed order some win and nobody waits for ever", func(k *kit) {
			proofs := k.proofs(20)
			backwards := slices.Clone(proofs)
			slices.Reverse(backwards)
			sagas := k.sagas(16, 20, 0)
			ctx, cancel := context.WithTimeout(k.ctx, 20*time.Second)
			defer cancel()
			errs := together(16, func(i int) error {
				list := proofs
				if i%2 == 1 {
					list = backwards
				}
				return k.store.Update(ctx, mint.Deferred, func(tx mint.Tx) error { return reserve(ctx, tx, sagas[i], list, nil) })
			})
			if n := k.winners(errs, mint.ErrProofKnown); n != 1 {
				k.Errorf("%d won", n)
			}
		}},
		{"of 16 who reserve the same output one wins", func(k *kit) {
			outputs := k.outputs(3)
			sagas := k.sagas(16, 0, 3)
			errs := together(16, func(i int) error {
				return k.store.Update(k.ctx, mint.Deferred, func(tx mint.Tx) error { return reserve(k.ctx, tx, sagas[i], nil, outputs) })
			})
			if n := k.winners(errs, mint.ErrOutputKnown); n != 1 {
				k.Errorf("%d won", n)
			}
		}},
		{"of 16 who take over a saga one wins", func(k *kit) {
			s := k.reserve(nil, nil)
			errs := together(16, func(i int) error {
				mine := *s
				mine.Owner = fmt.Sprintf("owner %d", i)
				return k.store.Update(k.ctx, mint.Deferred, func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, &mine) })
			})
			if n := k.winners(errs, mint.ErrSagaTaken); n != 1 {
				k.Errorf("%d won", n)
			}
			got, err := k.store.Saga(k.ctx, s.Ref)
			if want := fmt.Sprintf("owner %d", slices.Index(errs, nil)); err != nil || got.Version != 1 || got.Owner != want {
				k.Errorf("got %+v, %v, want %s", got, err, want)
			}
		}},
		{"of a finisher and an undoer one wins", func(k *kit) {
			for range 10 {
				proofs, outputs := k.proofs(2), k.outputs(2)
				s, sigs := k.reserve(proofs, outputs), k.signatures(outputs)
				errs := together(2, func(i int) error {
					mine := *s
					return k.store.Update(k.ctx, mint.Durable, func(tx mint.Tx) error {
						if i == 0 {
							return finish(k.ctx, tx, &mine, outputs, sigs)
						}
						return undo(k.ctx, tx, &mine)
					})
				})
				if n := k.winners(errs, mint.ErrSagaTaken); n != 1 {
					k.Fatalf("%d won", n)
				}
				finished := errs[0] == nil
				if (k.state(proofs[0].Y) == mint.ProofSpent) != finished || k.signed(outputs[0].B)[0].Signed != finished {
					k.Errorf("finished: %t, the proof is %v", finished, k.state(proofs[0].Y))
				}
				k.facts(s.Ref, 0, 0)
			}
		}},
		{"of 16 who issue the same quote one wins", func(k *kit) {
			k.quoted("a", 100)
			sagas := k.sagas(16, 0, 0)
			errs := together(16, func(i int) error {
				return k.store.Update(k.ctx, mint.Deferred, func(tx mint.Tx) error {
					if err := tx.AddSaga(k.ctx, sagas[i]); err != nil {
						return err
					}
					return tx.ReserveIssue(k.ctx, "a", sagas[i].Ref, 100)
				})
			})
			if n := k.winners(errs, mint.ErrForbiddenState); n != 1 {
				k.Errorf("%d won", n)
			}
		}},
		{"of 16 who report the same payment one adds it", func(k *kit) {
			k.quoted("a", 0)
			var added atomic.Int64
			errs := together(16, func(int) error {
				var mine bool
				err := k.store.Update(k.ctx, mint.Durable, func(tx mint.Tx) (err error) {
					mine, err = tx.AddPayment(k.ctx, "a", "p1", 10, start)
					return err
				})
				if mine {
					added.Add(1)
				}
				return err
			})
			if err := errors.Join(errs...); err != nil {
				k.Error(err)
			}
			if q := k.readQuote("a"); added.Load() != 1 || q.AmountPaid != 10 {
				k.Errorf("%d added it; the quote is %+v", added.Load(), q)
			}
		}},
		{"16 payments of one quote are all counted", func(k *kit) {
			k.quoted("a", 0)
			errs := together(16, func(i int) error {
				return k.store.Update(k.ctx, mint.Durable, func(tx mint.Tx) error {
					_, err := tx.AddPayment(k.ctx, "a", fmt.Sprint("p", i), 10, start)
					return err
				})
			})
			if err := errors.Join(errs...); err != nil {
				k.Error(err)
			}
			if q := k.readQuote("a"); q.AmountPaid != 160 {
				k.Errorf("got %+v", q)
			}
		}},
		{"of 16 who claim a poll one wins", func(k *kit) {
			k.quoted("a", 0)
			var claims atomic.Int64
			errs := together(16, func(int) error {
				return k.store.Update(k.ctx, mint.Deferred, func(tx mint.Tx) error {
					claimed, err := tx.ClaimPoll(k.ctx, "a", start, time.Minute)
					if claimed {
						claims.Add(1)
					}
					return err
				})
			})
			if err := errors.Join(errs...); err != nil || claims.Load() != 1 {
				k.Errorf("%d claims, %v", claims.Load(), err)
			}
		}},
		{"failures and panics hurt no neighbour", func(k *kit) {
			const n = 48
			proofs, sagas := make([][]mint.SpentProof, n), k.sagas(n, 2, 0)
			for i := range proofs {
				proofs[i] = k.proofs(2)
			}
			errs := together(n, func(i int) error {
				return k.store.Update(k.ctx, mint.Durability(i%2), func(tx mint.Tx) error {
					if err := reserve(k.ctx, tx, sagas[i], proofs[i], nil); err != nil {
						return err
					}
					switch i % 4 {
					case 1:
						return errRollback
					case 2:
						panic("neighbour")
					}
					return nil
				})
			})
			for i, err := range errs {
				good := i%4 == 0 || i%4 == 3
				state := k.state(proofs[i][1].Y)
				if good != (err == nil) || good != (state == mint.ProofPending) {
					k.Errorf("operation %d: %v, its proof is %v", i, err, state)
				}
			}
		}},
		{"callers that give up hurt no neighbour and are told the truth", func(k *kit) {
			const n = 48
			proofs, sagas := make([][]mint.SpentProof, n), k.sagas(n, 1, 0)
			for i := range proofs {
				proofs[i] = k.proofs(1)
			}
			errs := together(n, func(i int) error {
				ctx := k.ctx
				if i%3 == 0 {
					timed, cancel := context.WithTimeout(ctx, time.Duration(i)*50*time.Microsecond)
					defer cancel()
					ctx = timed
				}
				return k.store.Update(ctx, mint.Durable, func(tx mint.Tx) error { return reserve(ctx, tx, sagas[i], proofs[i], nil) })
			})
			for i, err := range errs {
				committed := k.state(proofs[i][0].Y) == mint.ProofPending
				if committed != (err == nil) || i%3 != 0 && err != nil {
					k.Errorf("operation %d: committed: %t, error: %v", i, committed, err)
				}
			}
		}},
		{"300 swaps at once are all there in the end", func(k *kit) {
			const n = 300
			type swap struct {
				saga    *mint.Saga
				proofs  []mint.SpentProof
				outputs []cashu.BlindedMessage
				sigs    []cashu.BlindSignature
			}
			swaps := make([]swap, n)
			for i := range swaps {
				outputs := k.outputs(2)
				swaps[i] = swap{k.saga(2, 2), k.proofs(2), outputs, k.signatures(outputs)}
			}
			errs := together(n, func(i int) error {
				s := swaps[i]
				if err := k.store.Update(k.ctx, mint.Deferred, func(tx mint.Tx) error {
					return reserve(k.ctx, tx, s.saga, s.proofs, s.outputs)
				}); err != nil {
					return err
				}
				return k.store.Update(k.ctx, mint.Durable, func(tx mint.Tx) error {
					return finish(k.ctx, tx, s.saga, s.outputs, s.sigs)
				})
			})
			if err := errors.Join(errs...); err != nil {
				k.Fatal(err)
			}
			for i, s := range swaps {
				for _, r := range k.records(ysOf(s.proofs)...) {
					if r.State != mint.ProofSpent || r.Operation != s.saga.Ref {
						k.Fatalf("swap %d: %+v", i, r)
					}
				}
				for j, r := range k.signed(bsOf(s.outputs)...) {
					if !r.Signed || !sameSignature(r.Signature, s.sigs[j]) {
						k.Fatalf("swap %d: %+v", i, r)
					}
				}
			}
			if sagas, err := k.store.Sagas(k.ctx); err != nil || len(sagas) != 0 {
				k.Errorf("sagas left: %v, %v", sagas, err)
			}
		}},
	}
}

// sagas makes n sagas, not stored yet.
func (k *kit) sagas(n, inputs, outputs int) []*mint.Saga {
	list := make([]*mint.Saga, n)
	for i := range list {
		list[i] = k.saga(inputs, outputs)
	}
	return list
}
