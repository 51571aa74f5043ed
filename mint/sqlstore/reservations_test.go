package sqlstore_test

import (
	"errors"
	"testing"

	"mintmark/mint"
)

// A process remembers what it has reserved. What another one has made of it
// meanwhile counts all the same.
func TestWhatAnotherProcessDidToReservedOutputsCounts(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	for name, meanwhile := range map[string]func(mint.Tx, *swap) error{
		"all were removed": func(tx mint.Tx, s *swap) error {
			_, err := tx.RemoveOutputs(ctx, s.saga.Ref)
			return err
		},
		"one was signed": func(tx mint.Tx, s *swap) error {
			return tx.SignOutputs(ctx, s.saga.Ref, s.outputs[:1], s.sigs[:1])
		},
		"all were signed": func(tx mint.Tx, s *swap) error {
			return tx.SignOutputs(ctx, s.saga.Ref, s.outputs, s.sigs)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f, r := newForge(7), openReplicas(t, 2)
			mine, others := r.stores[0], r.stores[1]
			s, stranger := f.swap(3), f.swap(3)
			if err := s.reserve(ctx, mine); err != nil {
				t.Fatal(err)
			}
			if err := others.Update(ctx, mint.Durable, func(tx mint.Tx) error { return meanwhile(tx, s) }); err != nil {
				t.Fatal(err)
			}
			before, err := others.Signatures(ctx, bsOfSwap(s))
			if err != nil {
				t.Fatal(err)
			}
			err = mine.Update(ctx, mint.Durable, func(tx mint.Tx) error {
				return tx.SignOutputs(ctx, s.saga.Ref, s.outputs, stranger.sigs)
			})
			if !errors.Is(err, mint.ErrForbiddenState) {
				t.Errorf("signed once more: %v", err)
			}
			after, err := others.Signatures(ctx, bsOfSwap(s))
			if err != nil {
				t.Fatal(err)
			}
			for i := range after {
				if b, a := before[i], after[i]; a.Signed != b.Signed || a.Operation != b.Operation || a.Signature.C != b.Signature.C {
					t.Errorf("output %d was %+v and is %+v", i, b, a)
				}
			}
		})
	}
}
