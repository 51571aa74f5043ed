package storetest

import (
	"slices"

	"mintmark/bdhke"
	"mintmark/mint"
)

// proofCases: a proof goes from absent to pending to spent, or back to absent,
// and no other way.
func proofCases() []testCase {
	return []testCase{
		{"a Y that was never seen is unspent and has only its Y", func(k *kit) {
			y := k.point()
			if r := k.records(y)[0]; r != (mint.ProofRecord{SpentProof: mint.SpentProof{Y: y}}) {
				k.Errorf("got %+v", r)
			}
		}},
		{"an added proof is pending", func(k *kit) {
			proofs := k.proofs(1)
			s := k.reserve(proofs, nil)
			r := k.records(proofs[0].Y)[0]
			if r.State != mint.ProofPending || r.Operation != s.Ref || r.SpentProof != proofs[0] || !r.Created.Equal(start) {
				k.Errorf("got %+v", r)
			}
		}},
		{"a pending proof becomes spent", func(k *kit) {
			proofs := k.proofs(3)
			s := k.reserve(proofs, nil)
			k.update(func(tx mint.Tx) error {
				n, err := tx.SpendProofs(k.ctx, s.Ref)
				if err == nil {
					err = wrongCount("spent", n, 3)
				}
				return err
			})
			for _, r := range k.records(ysOf(proofs)...) {
				if r.State != mint.ProofSpent || r.Operation != s.Ref {
					k.Errorf("got %+v", r)
				}
			}
		}},
		{"a removed pending proof is absent and can be added again", func(k *kit) {
			proofs := k.proofs(2)
			s := k.reserve(proofs, nil)
			k.update(func(tx mint.Tx) error { return undo(k.ctx, tx, s) })
			if got := k.state(proofs[1].Y); got != mint.ProofUnspent {
				k.Errorf("it is %v", got)
			}
			second := k.reserve(proofs, nil)
			if r := k.records(proofs[0].Y)[0]; r.Operation != second.Ref || r.State != mint.ProofPending {
				k.Errorf("got %+v", r)
			}
		}},
		{"a spent proof is not removed", func(k *kit) {
			proofs := k.proofs(2)
			s, _ := k.swap(proofs, nil)
			k.update(func(tx mint.Tx) error {
				n, err := tx.RemoveProofs(k.ctx, s.Ref)
				if err == nil {
					err = wrongCount("removed", n, 0)
				}
				return err
			})
			if got := k.state(proofs[0].Y); got != mint.ProofSpent {
				k.Errorf("it is %v", got)
			}
		}},
		{"spending twice spends nothing the second time", func(k *kit) {
			s, _ := k.swap(k.proofs(2), nil)
			k.update(func(tx mint.Tx) error {
				n, err := tx.SpendProofs(k.ctx, s.Ref)
				if err == nil {
					err = wrongCount("spent", n, 0)
				}
				return err
			})
		}},
		{"spending and removing touch no other operation", func(k *kit) {
			a, b, c := k.proofs(2), k.proofs(2), k.proofs(2)
			sa, sb := k.reserve(a, nil), k.reserve(b, nil)
			k.reserve(c, nil)
			k.update(func(tx mint.Tx) error { _, err := tx.SpendProofs(k.ctx, sa.Ref); return err })
			k.update(func(tx mint.Tx) error { _, err := tx.RemoveProofs(k.ctx, sb.Ref); return err })
			got := []mint.ProofState{k.state(a[0].Y), k.state(b[0].Y), k.state(c[0].Y)}
			if want := []mint.ProofState{mint.ProofSpent, mint.ProofUnspent, mint.ProofPending}; !slices.Equal(got, want) {
				k.Errorf("got %v, want %v", got, want)
			}
		}},
		{"a pending proof cannot be added again", func(k *kit) {
			proofs := k.proofs(1)
			k.reserve(proofs, nil)
			k.refuse(mint.ErrProofKnown, func(tx mint.Tx) error { return reserve(k.ctx, tx, k.saga(1, 0), proofs, nil) })
		}},
		{"a spent proof cannot be added again", func(k *kit) {
			proofs := k.proofs(1)
			s, _ := k.swap(proofs, nil)
			k.refuse(mint.ErrProofKnown, func(tx mint.Tx) error { return reserve(k.ctx, tx, k.saga(1, 0), proofs, nil) })
			if r := k.records(proofs[0].Y)[0]; r.Operation != s.Ref || r.State != mint.ProofSpent {
				k.Errorf("got %+v", r)
			}
		}},
		{"an operation cannot add its own proof again", func(k *kit) {
			proofs := k.proofs(1)
			s := k.reserve(proofs, nil)
			k.refuse(mint.ErrProofKnown, func(tx mint.Tx) error { return tx.AddProofs(k.ctx, s.Operation, proofs) })
		}},
		{"the same Y twice in one call is refused", func(k *kit) {
			p := k.proofs(1)[0]
			k.refuse(mint.ErrProofKnown, func(tx mint.Tx) error {
				return reserve(k.ctx, tx, k.saga(2, 0), []mint.SpentProof{p, p}, nil)
			})
			if got := k.state(p.Y); got != mint.ProofUnspent {
				k.Errorf("it is %v", got)
			}
		}},
		{"one known proof among many refuses them all", func(k *kit) {
			known, others := k.proofs(1), k.proofs(20)
			k.reserve(known, nil)
			mixed := slices.Insert(slices.Clone(others), 10, known[0])
			k.refuse(mint.ErrProofKnown, func(tx mint.Tx) error { return reserve(k.ctx, tx, k.saga(21, 0), mixed, nil) })
			for _, r := range k.records(ysOf(others)...) {
				if r.State != mint.ProofUnspent {
					k.Errorf("got %+v", r)
				}
			}
		}},
		{"refused proofs leave nothing even when the transaction goes on", func(k *kit) {
			known, others := k.proofs(1), k.proofs(20)
			k.reserve(known, nil)
			var s *mint.Saga
			k.update(func(tx mint.Tx) error {
				s = k.saga(0, 0)
				if err := tx.AddSaga(k.ctx, s); err != nil {
					return err
				}
				if err := tx.AddProofs(k.ctx, s.Operation, append(slices.Clone(others), known[0])); err == nil {
					return wrongCount("refusals", 0, 1)
				}
				return tx.AddProofs(k.ctx, s.Operation, others[:1])
			})
			k.facts(s.Ref, 1, 0)
			for i, r := range k.records(ysOf(others)...) {
				if want := i == 0; want != (r.State == mint.ProofPending) {
					k.Errorf("proof %d: got %+v", i, r)
				}
			}
		}},
		{"no proofs at all can be added, spent and removed", func(k *kit) {
			s := k.reserve(nil, nil)
			k.update(func(tx mint.Tx) error {
				if err := tx.AddProofs(k.ctx, s.Operation, []mint.SpentProof{}); err != nil {
					return err
				}
				n, err := tx.SpendProofs(k.ctx, s.Ref)
				if err != nil {
					return err
				}
				m, err := tx.RemoveProofs(k.ctx, s.Ref)
				if err != nil {
					return err
				}
				return wrongCount("changes", n+m, 0)
			})
		}},
		{"looking up no Y gives an empty list", func(k *kit) {
			for _, ys := range [][]bdhke.Point{nil, {}} {
				if records, err := k.store.Proofs(k.ctx, ys); err != nil || records == nil || len(records) != 0 {
					k.Errorf("got %v, %v", records, err)
				}
			}
		}},
		{"records come in the order asked, duplicates included", func(k *kit) {
			spent, pending, unknown := k.proofs(1)[0], k.proofs(1)[0], k.point()
			k.swap([]mint.SpentProof{spent}, nil)
			k.reserve([]mint.SpentProof{pending}, nil)
			ask := []bdhke.Point{pending.Y, unknown, spent.Y, pending.Y, unknown, spent.Y, spent.Y}
			for i, r := range k.records(ask...) {
				want := map[bdhke.Point]mint.ProofState{spent.Y: mint.ProofSpent, pending.Y: mint.ProofPending}[ask[i]]
				if r.Y != ask[i] || r.State != want {
					k.Errorf("record %d: got %+v", i, r)
				}
			}
		}},
		{"a transaction sees its own proofs", func(k *kit) {
			proofs := k.proofs(2)
			k.update(func(tx mint.Tx) error {
				s := k.saga(2, 0)
				if err := reserve(k.ctx, tx, s, proofs, nil); err != nil {
					return err
				}
				pending, err := tx.Proofs(k.ctx, ysOf(proofs))
				if err != nil {
					return err
				}
				if _, err := tx.SpendProofs(k.ctx, s.Ref); err != nil {
					return err
				}
				spent, err := tx.Proofs(k.ctx, ysOf(proofs))
				if err != nil {
					return err
				}
				if pending[1].State != mint.ProofPending || spent[1].State != mint.ProofSpent || spent[1].KeysetID != proofs[1].KeysetID {
					k.Errorf("got %+v, then %+v", pending, spent)
				}
				return nil
			})
		}},
	}
}
