package storetest

import (
	"errors"
	"slices"

	"github.com/google/go-cmp/cmp"

	"mintmark/mint"
)

// sagaCases: a saga row appears with its operation, and leaves with or without
// it.
func sagaCases() []testCase {
	return []testCase{
		{"a new saga is read as it was written", func(k *kit) {
			s := k.issue("quote 🪙\x00", 2)
			s.State, s.Owner = mint.SagaSigned, "owner \x00 é"
			k.update(func(tx mint.Tx) error { return tx.AddSaga(k.ctx, s) })
			got, err := k.store.Saga(k.ctx, s.Ref)
			if err != nil {
				k.Fatal(err)
			}
			if diff := cmp.Diff(*s, got); diff != "" || s.Ref <= 0 || s.Version != 0 {
				k.Errorf("ref %d, version %d, -written +read:\n%s", s.Ref, s.Version, diff)
			}
		}},
		{"an operation is read as it was written", func(k *kit) {
			s := k.saga(3, 4)
			k.update(func(tx mint.Tx) error { return tx.AddSaga(k.ctx, s) })
			got, err := k.store.Operation(k.ctx, s.Ref)
			if diff := cmp.Diff(s.Operation, got); err != nil || diff != "" {
				k.Errorf("%v, -written +read:\n%s", err, diff)
			}
		}},
		{"sagas are listed oldest first, and only unfinished ones", func(k *kit) {
			var want []mint.OperationRef
			for i := range 5 {
				s := k.reserve(nil, nil)
				if i == 2 {
					k.update(func(tx mint.Tx) error { return tx.FinishSaga(k.ctx, s) })
					continue
				}
				want = append(want, s.Ref)
			}
			sagas, err := k.store.Sagas(k.ctx)
			if err != nil {
				k.Fatal(err)
			}
			var got []mint.OperationRef
			for _, s := range sagas {
				got = append(got, s.Ref)
			}
			if !slices.Equal(got, want) {
				k.Errorf("got %v, want %v", got, want)
			}
		}},
		{"a store without sagas lists none", func(k *kit) {
			if sagas, err := k.store.Sagas(k.ctx); err != nil || len(sagas) != 0 {
				k.Errorf("got %v, %v", sagas, err)
			}
		}},
		{"a finished saga is gone and its operation stays", func(k *kit) {
			s, _ := k.swap(k.proofs(1), k.outputs(1))
			if _, err := k.store.Saga(k.ctx, s.Ref); !errors.Is(err, mint.ErrNotFound) {
				k.Errorf("the saga: %v", err)
			}
			if op, err := k.store.Operation(k.ctx, s.Ref); err != nil || op.ID != s.ID {
				k.Errorf("the operation: %+v, %v", op, err)
			}
		}},
		{"an abandoned saga is gone with its operation", func(k *kit) {
			s := k.reserve(k.proofs(1), k.outputs(1))
			k.update(func(tx mint.Tx) error { return undo(k.ctx, tx, s) })
			if _, err := k.store.Saga(k.ctx, s.Ref); !errors.Is(err, mint.ErrNotFound) {
				k.Errorf("the saga: %v", err)
			}
			if _, err := k.store.Operation(k.ctx, s.Ref); !errors.Is(err, mint.ErrNotFound) {
				k.Errorf("the operation: %v", err)
			}
			k.facts(s.Ref, 0, 0)
		}},
		{"unknown sagas and operations are not found", func(k *kit) {
			for _, ref := range []mint.OperationRef{0, 1, -1, 1 << 62} {
				if _, err := k.store.Saga(k.ctx, ref); !errors.Is(err, mint.ErrNotFound) {
					k.Errorf("saga %d: %v", ref, err)
				}
				if _, err := k.store.Operation(k.ctx, ref); !errors.Is(err, mint.ErrNotFound) {
					k.Errorf("operation %d: %v", ref, err)
				}
				k.facts(ref, 0, 0)
			}
		}},
		{"facts count what is reserved and nothing else", func(k *kit) {
			k.reserve(k.proofs(4), k.outputs(4))
			outputs := k.outputs(3)
			s := k.reserve(k.proofs(2), outputs)
			k.facts(s.Ref, 2, 3)
			k.update(func(tx mint.Tx) error { _, err := tx.SpendProofs(k.ctx, s.Ref); return err })
			k.facts(s.Ref, 0, 3)
			k.update(func(tx mint.Tx) error { return tx.SignOutputs(k.ctx, s.Ref, outputs, k.signatures(outputs)) })
			k.facts(s.Ref, 0, 0)
		}},
		{"a transaction sees its own saga and facts", func(k *kit) {
			s := k.saga(2, 1)
			k.update(func(tx mint.Tx) error {
				if err := reserve(k.ctx, tx, s, k.proofs(2), k.outputs(1)); err != nil {
					return err
				}
				got, err := tx.Saga(k.ctx, s.Ref)
				if err != nil {
					return err
				}
				facts, err := tx.Facts(k.ctx, s.Ref)
				if err == nil && (got.ID != s.ID || facts != (mint.OperationFacts{ProofsPending: 2, OutputsUnsigned: 1})) {
					k.Errorf("got %+v and %+v", got, facts)
				}
				return err
			})
		}},
		{"states that never reach the database are refused", func(k *kit) {
			for _, state := range []mint.SagaState{mint.SagaInitial, mint.SagaCompleted, 9} {
				s := k.saga(0, 0)
				s.State = state
				k.refuse(mint.ErrForbiddenState, func(tx mint.Tx) error { return tx.AddSaga(k.ctx, s) })
			}
			s := k.reserve(nil, nil)
			s.State = mint.SagaCompleted
			k.refuse(mint.ErrForbiddenState, func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, s) })
		}},
		{"the number of a rolled back operation is never given again", func(k *kit) {
			lost := k.saga(0, 0)
			k.refuse(errRollback, func(tx mint.Tx) error {
				if err := tx.AddSaga(k.ctx, lost); err != nil {
					return err
				}
				return errRollback
			})
			abandoned := k.reserve(nil, nil)
			k.update(func(tx mint.Tx) error { return undo(k.ctx, tx, abandoned) })
			next := k.reserve(nil, nil)
			if next.Ref == lost.Ref || next.Ref == abandoned.Ref || abandoned.Ref == lost.Ref {
				k.Errorf("lost %d, abandoned %d, next %d", lost.Ref, abandoned.Ref, next.Ref)
			}
		}},
	}
}

// leaseCases: whoever changes a saga changes its version, and nobody else can
// then change the one that he has in hand.
func leaseCases() []testCase {
	return []testCase{
		{"an update is written and raises the version by one", func(k *kit) {
			s := k.reserve(nil, nil)
			s.State, s.Owner = mint.SagaSigned, "another"
			s.LeaseUntil, s.Updated = s.LeaseUntil.Add(1e9), s.Updated.Add(2e9)
			k.update(func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, s) })
			got, err := k.store.Saga(k.ctx, s.Ref)
			if diff := cmp.Diff(*s, got); err != nil || diff != "" || got.Version != 1 {
				k.Errorf("version %d, %v, -written +read:\n%s", got.Version, err, diff)
			}
		}},
		{"an update on an old version is refused and changes nothing", func(k *kit) {
			s := k.reserve(nil, nil)
			stale := *s
			k.update(func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, s) })
			stale.Owner = "thief"
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, &stale) })
			if got, err := k.store.Saga(k.ctx, s.Ref); err != nil || got.Owner != s.Owner || got.Version != 1 || stale.Version != 0 {
				k.Errorf("got %+v, %v", got, err)
			}
		}},
		{"a version from the future is refused", func(k *kit) {
			s := k.reserve(nil, nil)
			s.Version = 7
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, s) })
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return tx.FinishSaga(k.ctx, s) })
		}},
		{"finishing on an old version is refused", func(k *kit) {
			s := k.reserve(k.proofs(1), nil)
			stale := *s
			k.update(func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, s) })
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return tx.FinishSaga(k.ctx, &stale) })
			k.update(func(tx mint.Tx) error { return tx.FinishSaga(k.ctx, s) })
		}},
		{"abandoning on an old version is refused", func(k *kit) {
			s := k.reserve(nil, nil)
			stale := *s
			k.update(func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, s) })
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return tx.AbandonSaga(k.ctx, &stale) })
			if _, err := k.store.Operation(k.ctx, s.Ref); err != nil {
				k.Errorf("the operation: %v", err)
			}
		}},
		{"a finished saga cannot be finished, updated or abandoned", func(k *kit) {
			s := k.reserve(nil, nil)
			k.update(func(tx mint.Tx) error { return tx.FinishSaga(k.ctx, s) })
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return tx.FinishSaga(k.ctx, s) })
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, s) })
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return tx.AbandonSaga(k.ctx, s) })
			if _, err := k.store.Operation(k.ctx, s.Ref); err != nil {
				k.Errorf("the operation: %v", err)
			}
		}},
		{"of two takeovers in a row one wins", func(k *kit) {
			s := k.reserve(nil, nil)
			first, second := *s, *s
			first.Owner, second.Owner = "first", "second"
			k.update(func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, &first) })
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, &second) })
			if got, err := k.store.Saga(k.ctx, s.Ref); err != nil || got.Owner != "first" {
				k.Errorf("got %+v, %v", got, err)
			}
		}},
		{"a worker whose saga was taken cannot finish it", func(k *kit) {
			proofs, outputs := k.proofs(2), k.outputs(2)
			s := k.reserve(proofs, outputs)
			taker := *s
			taker.Owner = "sweeper"
			k.update(func(tx mint.Tx) error { return tx.UpdateSaga(k.ctx, &taker) })
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return finish(k.ctx, tx, s, outputs, k.signatures(outputs)) })
			k.facts(s.Ref, 2, 2)
			k.update(func(tx mint.Tx) error { return undo(k.ctx, tx, &taker) })
			if got := k.state(proofs[0].Y); got != mint.ProofUnspent {
				k.Errorf("the input is %v", got)
			}
		}},
		{"asking after an unknown owner is no error", func(k *kit) {
			if _, err := k.store.OwnerGone(k.ctx, "nobody that ever was"); err != nil {
				k.Error(err)
			}
		}},
	}
}
