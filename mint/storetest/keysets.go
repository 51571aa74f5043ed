package storetest

import (
	"errors"
	"fmt"
	"math"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/signatory"
)

// snapshot makes n keysets of so many keys each.
func (k *kit) snapshot(epoch uint64, n, keys int) signatory.Snapshot {
	s := signatory.Snapshot{Identity: k.point(), Epoch: epoch}
	for i := range n {
		points := map[cashu.Amount]bdhke.Point{}
		for j := range keys {
			points[1<<j] = k.point()
		}
		set, err := cashu.NewKeys(points)
		if err != nil {
			k.Fatal(err)
		}
		s.Keysets = append(s.Keysets, cashu.Keyset{
			ID: cashu.DeriveKeysetIDV1(set), Unit: "sat", Active: i == 0, InputFeePPK: uint64(i) * 100,
			FinalExpiry: uint64(i) << 40, Keys: set, IssuerVersion: fmt.Sprintf("test/%d 🪙", i),
		})
	}
	return s
}

// same fails the case unless the store has this snapshot.
func (k *kit) same(want signatory.Snapshot) {
	k.Helper()
	got, err := k.store.Keysets(k.ctx)
	if err != nil {
		k.Fatal(err)
	}
	if got.Identity != want.Identity || got.Epoch != want.Epoch || len(got.Keysets) != len(want.Keysets) {
		k.Fatalf("got epoch %d with %d keysets", got.Epoch, len(got.Keysets))
	}
	for i, w := range want.Keysets {
		g := got.Keysets[i]
		keys := g.Keys.Equal(w.Keys)
		g.Keys, w.Keys = cashu.Keys{}, cashu.Keys{}
		if !keys || g.ID != w.ID || g.Unit != w.Unit || g.Active != w.Active || g.InputFeePPK != w.InputFeePPK ||
			g.FinalExpiry != w.FinalExpiry || g.IssuerVersion != w.IssuerVersion {
			k.Errorf("keyset %d: got %+v, want %+v", i, g, w)
		}
	}
}

// keysetCases: the keysets are remembered whole; so is the configuration.
func keysetCases() []testCase {
	save := func(k *kit, s signatory.Snapshot) func(mint.Tx) error {
		return func(tx mint.Tx) error { return tx.SaveKeysets(k.ctx, s) }
	}
	return []testCase{
		{"a new store has no keysets", func(k *kit) {
			if _, err := k.store.Keysets(k.ctx); !errors.Is(err, mint.ErrNotFound) {
				k.Errorf("got %v", err)
			}
		}},
		{"keysets are read as they were written", func(k *kit) {
			s := k.snapshot(math.MaxUint64, 3, 64)
			s.Keysets[1].InputFeePPK, s.Keysets[1].FinalExpiry = math.MaxUint64, math.MaxUint64
			k.update(save(k, s))
			k.same(s)
		}},
		{"a snapshot replaces the one before", func(k *kit) {
			first, second := k.snapshot(1, 3, 2), k.snapshot(2, 2, 2)
			second.Keysets = append(second.Keysets, first.Keysets[1])
			k.update(save(k, first))
			k.update(save(k, second))
			k.same(second)
		}},
		{"a snapshot that is rolled back replaces nothing", func(k *kit) {
			first := k.snapshot(1, 2, 2)
			k.update(save(k, first))
			k.refuse(errRollback, func(tx mint.Tx) error { return errors.Join(save(k, k.snapshot(2, 1, 1))(tx), errRollback) })
			k.same(first)
		}},
		{"a snapshot without keysets is one", func(k *kit) {
			s := k.snapshot(7, 0, 0)
			k.update(save(k, s))
			k.same(s)
		}},
		{"200 keysets are remembered", func(k *kit) {
			s := k.snapshot(200, 200, 2)
			k.update(save(k, s))
			k.same(s)
		}},
		{"keysets that proofs name are numbered apart from the snapshot", func(k *kit) {
			proofs := k.proofs(1)
			k.reserve(proofs, nil)
			k.update(save(k, k.snapshot(1, 3, 2)))
			if r := k.records(proofs[0].Y)[0]; r.KeysetID != proofs[0].KeysetID {
				k.Errorf("got %+v", r)
			}
		}},
		{"configuration that was never set is not found", func(k *kit) {
			if _, err := k.store.Config(k.ctx, mint.ConfigIdentity); !errors.Is(err, mint.ErrNotFound) {
				k.Errorf("got %v", err)
			}
		}},
		{"configuration is read as it was set, and set again", func(k *kit) {
			for _, value := range []string{"02ab", "", "🪙 \x00 \xff", "last"} {
				k.update(func(tx mint.Tx) error { return tx.SetConfig(k.ctx, mint.ConfigIdentity, value) })
				if got, err := k.store.Config(k.ctx, mint.ConfigIdentity); err != nil || got != value {
					k.Errorf("got %q, %v, want %q", got, err, value)
				}
			}
			if _, err := k.store.Config(k.ctx, "another"); !errors.Is(err, mint.ErrNotFound) {
				k.Errorf("another key: %v", err)
			}
		}},
		{"configuration is forgotten, also when it is not there", func(k *kit) {
			k.update(func(tx mint.Tx) error {
				if err := tx.SetConfig(k.ctx, "a", "kept"); err != nil {
					return err
				}
				return tx.SetConfig(k.ctx, mint.ConfigIdentity, "02ab")
			})
			for range 2 {
				k.update(func(tx mint.Tx) error { return tx.DeleteConfig(k.ctx, mint.ConfigIdentity) })
				if got, err := k.store.Config(k.ctx, mint.ConfigIdentity); !errors.Is(err, mint.ErrNotFound) {
					k.Errorf("got %q, %v", got, err)
				}
			}
			if got, err := k.store.Config(k.ctx, "a"); err != nil || got != "kept" {
				k.Errorf("the other one: %q, %v", got, err)
			}
		}},
		{"configuration set in a transaction is seen in it", func(k *kit) {
			k.update(func(tx mint.Tx) error {
				if err := tx.SetConfig(k.ctx, "a", "b"); err != nil {
					return err
				}
				got, err := tx.Config(k.ctx, "a")
				if got != "b" {
					k.Errorf("got %q", got)
				}
				return err
			})
		}},
	}
}
