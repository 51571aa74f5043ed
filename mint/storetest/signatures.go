package storetest

import (
	"math"
	"slices"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

// signatureCases: a signature is stored once, under its own message, and comes
// back byte for byte.
func signatureCases() []testCase {
	sign := func(k *kit, ref mint.OperationRef, outputs []cashu.BlindedMessage, sigs []cashu.BlindSignature) func(mint.Tx) error {
		return func(tx mint.Tx) error { return tx.SignOutputs(k.ctx, ref, outputs, sigs) }
	}
	return []testCase{
		{"a signature comes back with its proof", func(k *kit) {
			outputs := k.outputs(5)
			s, sigs := k.swap(nil, outputs)
			for i, r := range k.signed(bsOf(outputs)...) {
				if !r.Signed || r.Operation != s.Ref || !sameSignature(r.Signature, sigs[i]) || !r.Created.Equal(start) {
					k.Errorf("output %d: got %+v, want %+v", i, r, sigs[i])
				}
			}
			k.facts(s.Ref, 0, 0)
		}},
		{"a signature without a proof comes back without one", func(k *kit) {
			outputs := k.outputs(2)
			s, sigs := k.reserve(nil, outputs), k.signatures(outputs)
			sigs[0].DLEQ = nil
			k.update(sign(k, s.Ref, outputs, sigs))
			for i, r := range k.signed(bsOf(outputs)...) {
				if !sameSignature(r.Signature, sigs[i]) {
					k.Errorf("output %d: got %+v", i, r)
				}
			}
		}},
		{"signatures belong to their messages in whatever order they are stored", func(k *kit) {
			outputs := k.outputs(7)
			s, sigs := k.reserve(nil, outputs), k.signatures(outputs)
			slices.Reverse(outputs)
			slices.Reverse(sigs)
			k.update(sign(k, s.Ref, outputs, sigs))
			for i, r := range k.signed(bsOf(outputs)...) {
				if !sameSignature(r.Signature, sigs[i]) {
					k.Errorf("output %d: got %+v", i, r)
				}
			}
		}},
		{"records come in the order asked, duplicates and strangers included", func(k *kit) {
			outputs := k.outputs(2)
			_, sigs := k.swap(nil, outputs[:1])
			k.reserve(nil, outputs[1:])
			ask := []bdhke.Point{outputs[1].B, k.point(), outputs[0].B, outputs[1].B, outputs[0].B}
			for i, r := range k.signed(ask...) {
				want := ask[i] == outputs[0].B
				if r.B != ask[i] || r.Signed != want || want && !sameSignature(r.Signature, sigs[0]) {
					k.Errorf("record %d: got %+v", i, r)
				}
			}
		}},
		{"a message is not signed twice", func(k *kit) {
			outputs := k.outputs(2)
			s, sigs := k.swap(nil, outputs)
			k.refuse(mint.ErrForbiddenState, sign(k, s.Ref, outputs, k.signatures(outputs)))
			k.refuse(mint.ErrForbiddenState, sign(k, s.Ref, outputs[:1], k.signatures(outputs[:1])))
			if r := k.signed(outputs[0].B)[0]; !sameSignature(r.Signature, sigs[0]) {
				k.Errorf("got %+v", r)
			}
		}},
		{"a message is not signed twice in one call", func(k *kit) {
			outputs := k.outputs(2)
			s := k.reserve(nil, outputs)
			twice := []cashu.BlindedMessage{outputs[0], outputs[0]}
			k.refuse(mint.ErrForbiddenState, sign(k, s.Ref, twice, k.signatures(twice)))
			k.facts(s.Ref, 0, 2)
		}},
		{"a message of another operation is not signed", func(k *kit) {
			a, b := k.outputs(1), k.outputs(1)
			k.reserve(nil, a)
			s := k.reserve(nil, b)
			k.refuse(mint.ErrForbiddenState, sign(k, s.Ref, a, k.signatures(a)))
			if r := k.signed(a[0].B)[0]; r.Signed {
				k.Errorf("got %+v", r)
			}
		}},
		{"a message that was not reserved is not signed", func(k *kit) {
			s := k.reserve(nil, k.outputs(1))
			stranger := k.outputs(1)
			k.refuse(mint.ErrForbiddenState, sign(k, s.Ref, stranger, k.signatures(stranger)))
			k.refuse(mint.ErrForbiddenState, sign(k, s.Ref+1000, stranger, k.signatures(stranger)))
		}},
		{"one wrong message refuses the signatures of all", func(k *kit) {
			outputs := k.outputs(5)
			s := k.reserve(nil, outputs)
			mixed := append(slices.Clone(outputs[:4]), k.outputs(1)[0])
			k.refuse(mint.ErrForbiddenState, sign(k, s.Ref, mixed, k.signatures(mixed)))
			for _, r := range k.signed(bsOf(outputs)...) {
				if r.Signed {
					k.Errorf("got %+v", r)
				}
			}
			k.facts(s.Ref, 0, 5)
		}},
		{"as many signatures as messages, or none is stored", func(k *kit) {
			outputs := k.outputs(3)
			s := k.reserve(nil, outputs)
			k.refuse(mint.ErrForbiddenState, sign(k, s.Ref, outputs, k.signatures(outputs[:2])))
			k.refuse(mint.ErrForbiddenState, sign(k, s.Ref, outputs[:2], k.signatures(outputs)))
			k.facts(s.Ref, 0, 3)
		}},
		{"outputs can be signed in several calls and the rest let go", func(k *kit) {
			outputs := k.outputs(5)
			s, sigs := k.reserve(nil, outputs), k.signatures(outputs)
			k.update(sign(k, s.Ref, outputs[3:4], sigs[3:4]))
			k.update(sign(k, s.Ref, outputs[:2], sigs[:2]))
			k.facts(s.Ref, 0, 2)
			k.update(func(tx mint.Tx) error {
				n, err := tx.RemoveOutputs(k.ctx, s.Ref)
				if err == nil {
					err = wrongCount("removed", n, 2)
				}
				return err
			})
			for i, r := range k.signed(bsOf(outputs)...) {
				want := i == 0 || i == 1 || i == 3
				if r.Signed != want || want && !sameSignature(r.Signature, sigs[i]) || !want && r.Operation != 0 {
					k.Errorf("output %d: got %+v", i, r)
				}
			}
		}},
		{"outputs can be added in several calls", func(k *kit) {
			outputs := k.outputs(5)
			s := k.saga(0, 5)
			k.update(func(tx mint.Tx) error {
				if err := reserve(k.ctx, tx, s, nil, outputs[:1]); err != nil {
					return err
				}
				return tx.AddOutputs(k.ctx, s.Operation, outputs[1:3])
			})
			k.update(func(tx mint.Tx) error { return tx.AddOutputs(k.ctx, s.Operation, outputs[3:]) })
			sigs := k.signatures(outputs)
			k.update(sign(k, s.Ref, outputs, sigs))
			for i, r := range k.signed(bsOf(outputs)...) {
				if !r.Signed || !sameSignature(r.Signature, sigs[i]) {
					k.Errorf("output %d: got %+v", i, r)
				}
			}
		}},
		{"amount and keyset are those of the signature", func(k *kit) {
			outputs := k.outputs(2)
			outputs[0].Amount, outputs[1].Amount = 0, 0 // blanks (NUT-08)
			s, sigs := k.reserve(nil, outputs), k.signatures(outputs)
			sigs[0].Amount, sigs[1].Amount, sigs[1].ID = 64, math.MaxUint64, k.keyset(9)
			k.update(sign(k, s.Ref, outputs, sigs))
			for i, r := range k.signed(bsOf(outputs)...) {
				if !sameSignature(r.Signature, sigs[i]) {
					k.Errorf("got %+v, want %+v", r.Signature, sigs[i])
				}
			}
		}},
		{"1000 outputs are reserved, signed and read at once", func(k *kit) {
			outputs := k.outputs(1000)
			_, sigs := k.swap(nil, outputs)
			for i, r := range k.signed(bsOf(outputs)...) {
				if !r.Signed || !sameSignature(r.Signature, sigs[i]) {
					k.Fatalf("output %d: got %+v", i, r)
				}
			}
		}},
		{"a transaction sees its own signatures", func(k *kit) {
			outputs := k.outputs(2)
			s, sigs := k.reserve(nil, outputs), k.signatures(outputs)
			k.update(func(tx mint.Tx) error {
				if err := tx.SignOutputs(k.ctx, s.Ref, outputs, sigs); err != nil {
					return err
				}
				records, err := tx.Signatures(k.ctx, bsOf(outputs))
				if err == nil && (!records[1].Signed || !sameSignature(records[1].Signature, sigs[1])) {
					k.Errorf("got %+v", records)
				}
				return err
			})
		}},
	}
}
