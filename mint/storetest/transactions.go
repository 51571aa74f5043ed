package storetest

import (
	"context"
	"errors"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
)

var errRollback = errors.New("roll back, please")

// transactionCases: all or nothing, seen by nobody before the commit, and one
// failure hurts nobody else.
func transactionCases() []testCase {
	return []testCase{
		{"a function that fails leaves nothing and its error comes back", func(k *kit) {
			proofs, outputs, s := k.proofs(2), k.outputs(2), k.saga(2, 2)
			k.quoted("a", 5)
			err := k.store.Update(k.ctx, mint.Durable, func(tx mint.Tx) error {
				if err := everything(k, tx, s, proofs, outputs); err != nil {
					return err
				}
				return errRollback
			})
			if err != errRollback {
				k.Errorf("got the error %v", err)
			}
			k.untouched(s, proofs, outputs)
		}},
		{"a function that panics leaves nothing and the store goes on", func(k *kit) {
			proofs, outputs, s := k.proofs(2), k.outputs(2), k.saga(2, 2)
			k.quoted("a", 5)
			err := k.store.Update(k.ctx, mint.Durable, func(tx mint.Tx) error {
				if err := everything(k, tx, s, proofs, outputs); err != nil {
					return err
				}
				panic("in the middle")
			})
			if err == nil {
				k.Error("the panic was no error")
			}
			k.untouched(s, proofs, outputs)
			k.swap(proofs, outputs)
		}},
		{"a refused step rolls the whole transaction back", func(k *kit) {
			known, proofs, outputs := k.proofs(1), k.proofs(2), k.outputs(2)
			k.reserve(known, nil)
			k.quoted("a", 5)
			s := k.saga(2, 2)
			k.refuse(mint.ErrProofKnown, func(tx mint.Tx) error {
				if err := everything(k, tx, s, proofs, outputs); err != nil {
					return err
				}
				return tx.AddProofs(k.ctx, s.Operation, known)
			})
			k.untouched(s, proofs, outputs)
		}},
		{"nobody sees a transaction before its commit", func(k *kit) {
			proofs, outputs := k.proofs(1), k.outputs(1)
			// Reads in the middle of a transaction would wait for it in some
			// databases, so the reader starts before and looks again and again.
			stop, seen := make(chan struct{}), make(chan bool, 1)
			ctx := k.ctx
			go func() {
				torn := false
				for {
					p, err := k.store.Proofs(ctx, ysOf(proofs))
					if err != nil {
						break
					}
					o, err := k.store.Signatures(ctx, bsOf(outputs))
					if err != nil {
						break
					}
					// Outputs are read later than proofs, so they may be
					// further on, never behind.
					torn = torn || p[0].State != mint.ProofUnspent && o[0].Operation == 0
					select {
					case <-stop:
						seen <- torn
						return
					default:
					}
				}
				seen <- true
			}()
			s := k.saga(1, 1)
			k.update(func(tx mint.Tx) error {
				if err := tx.AddSaga(k.ctx, s); err != nil {
					return err
				}
				if err := tx.AddProofs(k.ctx, s.Operation, proofs); err != nil {
					return err
				}
				time.Sleep(20 * time.Millisecond)
				return tx.AddOutputs(k.ctx, s.Operation, outputs)
			})
			close(stop)
			if <-seen {
				k.Error("half a transaction was seen")
			}
		}},
		{"a commit is seen by the next read, deferred or durable", func(k *kit) {
			for i := range 10 {
				for _, d := range []mint.Durability{mint.Deferred, mint.Durable} {
					proofs := k.proofs(1)
					s := k.saga(1, 0)
					if err := k.store.Update(k.ctx, d, func(tx mint.Tx) error { return reserve(k.ctx, tx, s, proofs, nil) }); err != nil {
						k.Fatal(err)
					}
					if got := k.state(proofs[0].Y); got != mint.ProofPending {
						k.Fatalf("round %d, durability %d: it is %v", i, d, got)
					}
				}
			}
		}},
		{"an update whose context has ended does nothing", func(k *kit) {
			ctx, cancel := context.WithCancel(k.ctx)
			cancel()
			proofs := k.proofs(1)
			err := k.store.Update(ctx, mint.Durable, func(tx mint.Tx) error {
				return reserve(k.ctx, tx, k.saga(1, 0), proofs, nil)
			})
			if !errors.Is(err, context.Canceled) {
				k.Errorf("got %v", err)
			}
			if got := k.state(proofs[0].Y); got != mint.ProofUnspent {
				k.Errorf("it is %v", got)
			}
		}},
		{"an update whose context ends half way rolls back or says that it is done", func(k *kit) {
			ctx, cancel := context.WithCancel(k.ctx)
			proofs := k.proofs(2)
			err := k.store.Update(ctx, mint.Durable, func(tx mint.Tx) error {
				s := k.saga(2, 0)
				if err := reserve(ctx, tx, s, proofs[:1], nil); err != nil {
					return err
				}
				cancel()
				return tx.AddProofs(ctx, s.Operation, proofs[1:])
			})
			want := mint.ProofUnspent
			if err == nil {
				want = mint.ProofPending
			}
			for _, r := range k.records(ysOf(proofs)...) {
				if r.State != want {
					k.Errorf("after %v: %v", err, r.State)
				}
			}
		}},
		{"a context that ends after the function's work does not hide the commit", func(k *kit) {
			for range 10 {
				ctx, cancel := context.WithCancel(k.ctx)
				proofs := k.proofs(1)
				err := k.store.Update(ctx, mint.Durable, func(tx mint.Tx) error {
					defer cancel()
					return reserve(k.ctx, tx, k.saga(1, 0), proofs, nil)
				})
				if committed := k.state(proofs[0].Y) == mint.ProofPending; committed != (err == nil) {
					k.Errorf("committed: %t, error: %v", committed, err)
				}
			}
		}},
		{"a read whose context has ended is an error", func(k *kit) {
			ctx, cancel := context.WithCancel(k.ctx)
			cancel()
			if _, err := k.store.Proofs(ctx, ysOf(k.proofs(1))); !errors.Is(err, context.Canceled) {
				k.Errorf("got %v", err)
			}
			_ = k.records(k.point())
		}},
	}
}

// everything makes one change of every kind.
func everything(k *kit, tx mint.Tx, s *mint.Saga, proofs []mint.SpentProof, outputs []cashu.BlindedMessage) error {
	if err := reserve(k.ctx, tx, s, proofs, outputs); err != nil {
		return err
	}
	if err := tx.ReserveIssue(k.ctx, "a", s.Ref, 5); err != nil {
		return err
	}
	if err := tx.SetConfig(k.ctx, "everything", "was here"); err != nil {
		return err
	}
	if err := tx.SaveKeysets(k.ctx, k.snapshot(1, 1, 1)); err != nil {
		return err
	}
	if err := finish(k.ctx, tx, s, outputs, k.signatures(outputs)); err != nil {
		return err
	}
	return tx.AddMintQuote(k.ctx, k.quote("b"))
}

// untouched fails the case if anything of everything is left.
func (k *kit) untouched(s *mint.Saga, proofs []mint.SpentProof, outputs []cashu.BlindedMessage) {
	k.Helper()
	if got := k.state(proofs[0].Y); got != mint.ProofUnspent {
		k.Errorf("the proof is %v", got)
	}
	if r := k.signed(outputs[0].B)[0]; r.Operation != 0 || r.Signed {
		k.Errorf("the output is %+v", r)
	}
	if q := k.readQuote("a"); q.Pending != 0 || q.AmountIssued != 0 {
		k.Errorf("the quote is %+v", q)
	}
	_, operation := k.store.Operation(k.ctx, s.Ref)
	_, config := k.store.Config(k.ctx, "everything")
	_, keysets := k.store.Keysets(k.ctx)
	_, quote := k.store.MintQuote(k.ctx, "bolt11", "b")
	for what, err := range map[string]error{"operation": operation, "config": config, "keysets": keysets, "quote": quote} {
		if !errors.Is(err, mint.ErrNotFound) {
			k.Errorf("the %s: %v", what, err)
		}
	}
	k.facts(s.Ref, 0, 0)
}
