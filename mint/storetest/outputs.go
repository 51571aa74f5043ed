package storetest

import (
	"slices"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

// outputCases: a blinded message is reserved once, then signed or let go.
func outputCases() []testCase {
	return []testCase{
		{"a blinded message that was never seen has only its B_", func(k *kit) {
			b := k.point()
			r := k.signed(b)[0]
			if r.B != b || r.Signed || r.Operation != 0 || !r.Created.IsZero() || !r.Signature.C.IsZero() {
				k.Errorf("got %+v", r)
			}
		}},
		{"a reserved message is not signed and has no signature", func(k *kit) {
			outputs := k.outputs(1)
			s := k.reserve(nil, outputs)
			r := k.signed(outputs[0].B)[0]
			if r.Signed || r.Operation != s.Ref || !r.Created.Equal(start) || !r.Signature.C.IsZero() || r.Signature.DLEQ != nil {
				k.Errorf("got %+v", r)
			}
			k.facts(s.Ref, 0, 1)
		}},
		{"a reserved message cannot be reserved again", func(k *kit) {
			outputs := k.outputs(1)
			k.reserve(nil, outputs)
			k.refuse(mint.ErrOutputKnown, func(tx mint.Tx) error { return reserve(k.ctx, tx, k.saga(0, 1), nil, outputs) })
		}},
		{"a signed message cannot be reserved again", func(k *kit) {
			outputs := k.outputs(1)
			_, sigs := k.swap(nil, outputs)
			k.refuse(mint.ErrOutputKnown, func(tx mint.Tx) error { return reserve(k.ctx, tx, k.saga(0, 1), nil, outputs) })
			if r := k.signed(outputs[0].B)[0]; !r.Signed || !sameSignature(r.Signature, sigs[0]) {
				k.Errorf("got %+v", r)
			}
		}},
		{"the same B_ twice in one call is refused", func(k *kit) {
			o := k.outputs(1)[0]
			k.refuse(mint.ErrOutputKnown, func(tx mint.Tx) error {
				return reserve(k.ctx, tx, k.saga(0, 2), nil, []cashu.BlindedMessage{o, o})
			})
			if r := k.signed(o.B)[0]; r.Operation != 0 {
				k.Errorf("got %+v", r)
			}
		}},
		{"one known message among many refuses them all", func(k *kit) {
			known, others := k.outputs(1), k.outputs(20)
			k.reserve(nil, known)
			mixed := slices.Insert(slices.Clone(others), 10, known[0])
			k.refuse(mint.ErrOutputKnown, func(tx mint.Tx) error { return reserve(k.ctx, tx, k.saga(0, 21), nil, mixed) })
			for _, r := range k.signed(bsOf(others)...) {
				if r.Operation != 0 {
					k.Errorf("got %+v", r)
				}
			}
		}},
		{"refused messages leave nothing even when the transaction goes on", func(k *kit) {
			known, others := k.outputs(1), k.outputs(20)
			k.reserve(nil, known)
			var s *mint.Saga
			k.update(func(tx mint.Tx) error {
				s = k.saga(0, 1)
				if err := tx.AddSaga(k.ctx, s); err != nil {
					return err
				}
				if err := tx.AddOutputs(k.ctx, s.Operation, append(slices.Clone(others), known[0])); err == nil {
					return wrongCount("refusals", 0, 1)
				}
				return tx.AddOutputs(k.ctx, s.Operation, others[:1])
			})
			k.facts(s.Ref, 0, 1)
			for i, r := range k.signed(bsOf(others)...) {
				if (i == 0) != (r.Operation == s.Ref) {
					k.Errorf("output %d: got %+v", i, r)
				}
			}
		}},
		{"a removed message is absent and can be reserved again", func(k *kit) {
			outputs := k.outputs(2)
			s := k.reserve(nil, outputs)
			k.update(func(tx mint.Tx) error { return undo(k.ctx, tx, s) })
			if r := k.signed(outputs[0].B)[0]; r.Operation != 0 || r.Signed {
				k.Errorf("got %+v", r)
			}
			k.swap(nil, outputs)
		}},
		{"a signed message is not removed", func(k *kit) {
			outputs := k.outputs(2)
			s, _ := k.swap(nil, outputs)
			k.update(func(tx mint.Tx) error {
				n, err := tx.RemoveOutputs(k.ctx, s.Ref)
				if err == nil {
					err = wrongCount("removed", n, 0)
				}
				return err
			})
			if r := k.signed(outputs[1].B)[0]; !r.Signed {
				k.Errorf("got %+v", r)
			}
		}},
		{"a B_ and its twin with the other sign are two", func(k *kit) {
			o := k.outputs(1)[0]
			twin := o
			twin.B = k.twin(o.B)
			_, sigs := k.swap(nil, []cashu.BlindedMessage{twin})
			if r := k.signed(o.B)[0]; r.Operation != 0 {
				k.Errorf("the twin of a signed message is known: %+v", r)
			}
			if r := k.signed(twin.B)[0]; !r.Signed || !sameSignature(r.Signature, sigs[0]) {
				k.Errorf("got %+v", r)
			}
		}},
		{"a Y and a B_ of the same point are no conflict", func(k *kit) {
			p, o := k.proofs(1)[0], k.outputs(1)[0]
			o.B = p.Y
			k.swap([]mint.SpentProof{p}, []cashu.BlindedMessage{o})
			if k.state(p.Y) != mint.ProofSpent || !k.signed(o.B)[0].Signed {
				k.Error("one of them is missing")
			}
		}},
		{"looking up no message gives an empty list", func(k *kit) {
			for _, bs := range [][]bdhke.Point{nil, {}} {
				if records, err := k.store.Signatures(k.ctx, bs); err != nil || records == nil || len(records) != 0 {
					k.Errorf("got %v, %v", records, err)
				}
			}
		}},
		{"no outputs at all can be added, signed and removed", func(k *kit) {
			s := k.reserve(nil, nil)
			k.update(func(tx mint.Tx) error {
				if err := tx.AddOutputs(k.ctx, s.Operation, []cashu.BlindedMessage{}); err != nil {
					return err
				}
				if err := tx.SignOutputs(k.ctx, s.Ref, nil, nil); err != nil {
					return err
				}
				n, err := tx.RemoveOutputs(k.ctx, s.Ref)
				if err != nil {
					return err
				}
				return wrongCount("removed", n, 0)
			})
		}},
	}
}
