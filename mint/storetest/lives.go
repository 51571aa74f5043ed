package storetest

import (
	"errors"
	"slices"

	"mintmark/mint"
)

// lifeCases: whole lives of swaps and issues, as the mint leads them.
func lifeCases() []testCase {
	return []testCase{
		{"a finished swap can be replayed from what is stored", func(k *kit) {
			proofs, outputs := k.proofs(3), k.outputs(2)
			s, sigs := k.swap(proofs, outputs)
			for range 2 {
				for _, p := range k.records(ysOf(proofs)...) {
					if p.State != mint.ProofSpent || p.Operation != s.Ref {
						k.Fatalf("got %+v", p)
					}
				}
				for i, r := range k.signed(bsOf(outputs)...) {
					if r.Operation != s.Ref || !sameSignature(r.Signature, sigs[i]) {
						k.Fatalf("got %+v", r)
					}
				}
				op, err := k.store.Operation(k.ctx, s.Ref)
				if err != nil || op.Inputs != 3 || op.Outputs != 2 || op.Kind != mint.OperationSwap {
					k.Fatalf("got %+v, %v", op, err)
				}
			}
		}},
		{"an undone swap leaves nothing, and its inputs and outputs serve again", func(k *kit) {
			proofs, outputs := k.proofs(3), k.outputs(3)
			for range 3 {
				s := k.reserve(proofs, outputs)
				k.update(func(tx mint.Tx) error { return undo(k.ctx, tx, s) })
				k.facts(s.Ref, 0, 0)
			}
			k.swap(proofs, outputs)
		}},
		{"an undone swap cannot be finished", func(k *kit) {
			outputs := k.outputs(1)
			s := k.reserve(k.proofs(1), outputs)
			k.update(func(tx mint.Tx) error { return undo(k.ctx, tx, s) })
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return finish(k.ctx, tx, s, outputs, k.signatures(outputs)) })
		}},
		{"a finished swap cannot be undone", func(k *kit) {
			proofs, outputs := k.proofs(1), k.outputs(1)
			s, _ := k.swap(proofs, outputs)
			k.refuse(mint.ErrSagaTaken, func(tx mint.Tx) error { return undo(k.ctx, tx, s) })
			if k.state(proofs[0].Y) != mint.ProofSpent || !k.signed(outputs[0].B)[0].Signed {
				k.Error("something was undone")
			}
		}},
		{"half a finish is impossible to commit by accident", func(k *kit) {
			proofs, outputs := k.proofs(1), k.outputs(2)
			s := k.reserve(proofs, outputs)
			wrong := k.outputs(2)
			k.refuse(mint.ErrForbiddenState, func(tx mint.Tx) error { return finish(k.ctx, tx, s, wrong, k.signatures(wrong)) })
			k.facts(s.Ref, 1, 2)
			if got, err := k.store.Saga(k.ctx, s.Ref); err != nil || got.Version != 0 {
				k.Errorf("the saga: %+v, %v", got, err)
			}
		}},
		{"an issue is reserved, signed and finished with its quote", func(k *kit) {
			k.quoted("a", 100)
			outputs := k.outputs(3)
			s, sigs := k.issue("a", 3), k.signatures(outputs)
			k.update(func(tx mint.Tx) error {
				if err := tx.AddSaga(k.ctx, s); err != nil {
					return err
				}
				return errors.Join(tx.ReserveIssue(k.ctx, "a", s.Ref, 100), tx.AddOutputs(k.ctx, s.Operation, outputs))
			})
			k.facts(s.Ref, 0, 3)
			k.update(func(tx mint.Tx) error {
				return errors.Join(finish(k.ctx, tx, s, outputs, sigs), tx.FinishIssue(k.ctx, "a", s.Ref, 100, start))
			})
			if q := k.readQuote("a"); q.AmountIssued != 100 || q.Pending != 0 {
				k.Errorf("got %+v", q)
			}
			if op, err := k.store.Operation(k.ctx, s.Ref); err != nil || op.QuoteID != "a" || op.Kind != mint.OperationMint {
				k.Errorf("got %+v, %v", op, err)
			}
		}},
		{"a batch knows its quotes, in their order, finished or not", func(k *kit) {
			for _, id := range []string{"b", "a", "c"} {
				k.quoted(id, 100)
			}
			outputs := k.outputs(2)
			s, sigs := k.issue("", 2), k.signatures(outputs)
			s.Batch = []string{"b", "a", "c"}
			k.update(func(tx mint.Tx) error {
				if err := tx.AddSaga(k.ctx, s); err != nil {
					return err
				}
				return errors.Join(tx.ReserveIssue(k.ctx, "a", s.Ref, 1), tx.ReserveIssue(k.ctx, "b", s.Ref, 100),
					tx.ReserveIssue(k.ctx, "c", s.Ref, 50), tx.AddOutputs(k.ctx, s.Operation, outputs))
			})
			if row, err := k.store.Saga(k.ctx, s.Ref); err != nil || row.QuoteID != "" || !slices.Equal(row.Batch, s.Batch) {
				k.Errorf("under way: %+v, %v", row, err)
			}
			k.update(func(tx mint.Tx) error {
				return errors.Join(finish(k.ctx, tx, s, outputs, sigs), tx.FinishIssue(k.ctx, "a", s.Ref, 1, start),
					tx.FinishIssue(k.ctx, "b", s.Ref, 100, start), tx.FinishIssue(k.ctx, "c", s.Ref, 50, start))
			})
			if op, err := k.store.Operation(k.ctx, s.Ref); err != nil || op.QuoteID != "" || !slices.Equal(op.Batch, s.Batch) {
				k.Errorf("finished: %+v, %v", op, err)
			}
			if a, b := k.readQuote("a"), k.readQuote("b"); a.AmountIssued != 1 || b.AmountIssued != 100 || a.Pending != 0 || b.Pending != 0 {
				k.Errorf("got %+v and %+v", a, b)
			}
		}},
		{"an undone batch gives all its quotes back", func(k *kit) {
			k.quoted("a", 100)
			k.quoted("b", 100)
			s := k.issue("", 0)
			s.Batch = []string{"b", "a"}
			k.update(func(tx mint.Tx) error {
				return errors.Join(tx.AddSaga(k.ctx, s), tx.ReserveIssue(k.ctx, "a", s.Ref, 100), tx.ReserveIssue(k.ctx, "b", s.Ref, 100))
			})
			k.update(func(tx mint.Tx) error {
				return errors.Join(undo(k.ctx, tx, s), mint.ReleaseQuotes(k.ctx, tx, s.Operation))
			})
			if a, b := k.readQuote("a"), k.readQuote("b"); a.Pending != 0 || b.Pending != 0 || a.AmountIssued+b.AmountIssued != 0 {
				k.Errorf("got %+v and %+v", a, b)
			}
		}},
		{"an undone issue gives its quote back", func(k *kit) {
			k.quoted("a", 100)
			outputs := k.outputs(1)
			s := k.issue("a", 1)
			k.update(func(tx mint.Tx) error {
				if err := tx.AddSaga(k.ctx, s); err != nil {
					return err
				}
				return errors.Join(tx.ReserveIssue(k.ctx, "a", s.Ref, 100), tx.AddOutputs(k.ctx, s.Operation, outputs))
			})
			k.update(func(tx mint.Tx) error {
				return errors.Join(undo(k.ctx, tx, s), tx.ReleaseIssue(k.ctx, "a", s.Ref))
			})
			if q := k.readQuote("a"); q.AmountIssued != 0 || q.Pending != 0 || q.AmountPaid != 100 {
				k.Errorf("got %+v", q)
			}
			if r := k.signed(outputs[0].B)[0]; r.Operation != 0 {
				k.Errorf("got %+v", r)
			}
		}},
		{"a swap of 100 inputs and 100 outputs", func(k *kit) {
			proofs, outputs := k.proofs(100), k.outputs(100)
			_, sigs := k.swap(proofs, outputs)
			for i, r := range k.signed(bsOf(outputs)...) {
				if !sameSignature(r.Signature, sigs[i]) {
					k.Fatalf("output %d: got %+v", i, r)
				}
			}
		}},
		{"a store tells a swap apart from an issue", func(k *kit) {
			if mint.OperationMint.String() == mint.OperationSwap.String() {
				k.Error("they have the same name")
			}
			a, b := k.issue("q", 0), k.saga(0, 0)
			k.update(func(tx mint.Tx) error { return errors.Join(tx.AddSaga(k.ctx, a), tx.AddSaga(k.ctx, b)) })
			sagas, err := k.store.Sagas(k.ctx)
			if err != nil || len(sagas) != 2 || sagas[0].Kind != mint.OperationMint || sagas[1].Kind != mint.OperationSwap {
				k.Errorf("got %+v, %v", sagas, err)
			}
		}},
	}
}
