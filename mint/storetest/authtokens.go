package storetest

import (
	"errors"
	"sync"
	"sync/atomic"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

// authTokenCases: a blind authentication token is used once.
func authTokenCases() []testCase {
	return []testCase{
		{"an authentication token is used once", func(k *kit) {
			y := k.point()
			k.useToken(nil, k.keyset(1), y)
			k.useToken(mint.ErrProofKnown, k.keyset(1), y)
			k.useToken(nil, k.keyset(1), k.point())
		}},
		{"the same Y under another keyset is another token", func(k *kit) {
			y := k.point()
			k.useToken(nil, k.keyset(1), y)
			k.useToken(nil, k.keyset(2), y)
		}},
		{"authentication tokens and money do not know of each other", func(k *kit) {
			proofs := k.proofs(1)
			k.swap(proofs, nil)
			k.useToken(nil, proofs[0].KeysetID, proofs[0].Y)
			y := k.point()
			k.useToken(nil, k.keyset(1), y)
			if got := k.state(y); got != mint.ProofUnspent {
				k.Errorf("money with the Y of a used token is %v", got)
			}
		}},
		{"a token is not used by a transaction that fails", func(k *kit) {
			y, broken := k.point(), errors.New("broken")
			k.refuse(broken, func(tx mint.Tx) error {
				return errors.Join(tx.UseAuthToken(k.ctx, k.keyset(1), y), broken)
			})
			k.useToken(nil, k.keyset(1), y)
		}},
		{"a returned token can be used again, and others stay used", func(k *kit) {
			y, other := k.point(), k.point()
			k.useToken(nil, k.keyset(1), y)
			k.useToken(nil, k.keyset(1), other)
			k.update(func(tx mint.Tx) error { return tx.ReturnAuthToken(k.ctx, k.keyset(1), y) })
			k.update(func(tx mint.Tx) error { return tx.ReturnAuthToken(k.ctx, k.keyset(1), y) })
			k.useToken(mint.ErrProofKnown, k.keyset(1), other)
			k.useToken(nil, k.keyset(1), y)
			k.useToken(mint.ErrProofKnown, k.keyset(1), y)
		}},
		{"used tokens of one keyset are forgotten in portions", func(k *kit) {
			kept := k.point()
			k.useToken(nil, k.keyset(2), kept)
			for range 5 {
				k.useToken(nil, k.keyset(1), k.point())
			}
			for _, want := range []int{2, 2, 1, 0} {
				k.update(func(tx mint.Tx) error {
					n, err := tx.ForgetAuthTokens(k.ctx, k.keyset(1), 2)
					if err == nil {
						err = wrongCount("forgot", n, want)
					}
					return err
				})
			}
			k.useToken(mint.ErrProofKnown, k.keyset(2), kept)
		}},
		{"of many that use one token at the same time one does", func(k *kit) {
			for range 10 {
				y := k.point()
				var used atomic.Int64
				var all sync.WaitGroup
				for range 16 {
					all.Go(func() {
						switch err := k.tryToken(k.keyset(1), y); {
						case err == nil:
							used.Add(1)
						case !errors.Is(err, mint.ErrProofKnown):
							k.Errorf("using a token: %v", err)
						}
					})
				}
				all.Wait()
				if n := used.Load(); n != 1 {
					k.Fatalf("%d used one token", n)
				}
			}
		}},
	}
}

// useToken uses a token, which must end with this error.
func (k *kit) useToken(want error, keyset cashu.KeysetID, y bdhke.Point) {
	k.Helper()
	if err := k.tryToken(keyset, y); !errors.Is(err, want) {
		k.Fatalf("using a token: got the error %v, want %v", err, want)
	}
}

func (k *kit) tryToken(keyset cashu.KeysetID, y bdhke.Point) error {
	return k.store.Update(k.ctx, mint.Deferred, func(tx mint.Tx) error { return tx.UseAuthToken(k.ctx, keyset, y) })
}
