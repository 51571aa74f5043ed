package storetest

import (
	"math"
	"strings"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

// proofValueCases: what goes in comes out.
func proofValueCases() []testCase {
	return []testCase{
		{"every amount of 64 bits comes back", func(k *kit) {
			amounts := []cashu.Amount{0, 1, math.MaxInt32, 1 << 31, 1 << 32, math.MaxInt64, 1 << 63, 1<<63 + 1, math.MaxUint64}
			proofs := k.proofs(len(amounts))
			for i := range proofs {
				proofs[i].Amount = amounts[i]
			}
			k.reserve(proofs, nil)
			for i, r := range k.records(ysOf(proofs)...) {
				if r.Amount != amounts[i] {
					k.Errorf("got %d, want %d", r.Amount, amounts[i])
				}
			}
		}},
		{"witnesses come back byte for byte", func(k *kit) {
			witnesses := []string{
				"", "{}", `{"signatures":["ab"]}`, "nul \x00 in it", "\x00", "🥜 and 👩‍👩‍👧‍👦", "\u2028\u2029", "a\u0301 is not \u00e1",
				"\xff\xfe is not UTF-8", "'; DROP TABLE proofs; --", strings.Repeat("x", 70_000), " ", "\n",
			}
			proofs := k.proofs(len(witnesses))
			for i := range proofs {
				proofs[i].Witness = witnesses[i]
			}
			k.swap(proofs, nil)
			for i, r := range k.records(ysOf(proofs)...) {
				if r.Witness != witnesses[i] {
					k.Errorf("got %.40q, want %.40q", r.Witness, witnesses[i])
				}
			}
		}},
		{"times past 2038 and 2106 come back", func(k *kit) {
			for _, at := range []time.Time{time.Unix(math.MaxInt32, 0), time.Unix(math.MaxInt32+1, 0), time.Unix(math.MaxUint32+1, 0), time.Date(2999, 1, 1, 0, 0, 0, 0, time.UTC)} {
				proofs := k.proofs(1)
				s := k.saga(1, 0)
				s.Created, s.LeaseUntil, s.Updated = at, at, at
				k.update(func(tx mint.Tx) error { return reserve(k.ctx, tx, s, proofs, nil) })
				got, err := k.store.Saga(k.ctx, s.Ref)
				if err != nil {
					k.Fatal(err)
				}
				if r := k.records(proofs[0].Y)[0]; !r.Created.Equal(at) || !got.Created.Equal(at) || !got.LeaseUntil.Equal(at) || !got.Updated.Equal(at) {
					k.Errorf("%v: got the proof's %v and the saga %+v", at, r.Created, got)
				}
			}
		}},
		{"a Y and its twin with the other sign are two", func(k *kit) {
			even := k.proofs(1)[0]
			odd := even
			odd.Y = k.twin(even.Y)
			k.swap([]mint.SpentProof{even}, nil)
			if got := k.state(odd.Y); got != mint.ProofUnspent {
				k.Errorf("the twin of a spent Y is %v", got)
			}
			k.reserve([]mint.SpentProof{odd}, nil)
			records := k.records(odd.Y, even.Y)
			if records[0].State != mint.ProofPending || records[1].State != mint.ProofSpent || records[0].Y != odd.Y || records[1].Y != even.Y {
				k.Errorf("got %+v", records)
			}
		}},
		{"both versions of keyset ids come back", func(k *kit) {
			long, err := cashu.KeysetIDFromBytes(append([]byte{1}, make([]byte, 32)...))
			if err != nil {
				k.Fatal(err)
			}
			proofs := k.proofs(2)
			proofs[1].KeysetID = long
			k.swap(proofs, nil)
			for i, r := range k.records(ysOf(proofs)...) {
				if r.KeysetID != proofs[i].KeysetID {
					k.Errorf("got %v, want %v", r.KeysetID, proofs[i].KeysetID)
				}
			}
		}},
		{"300 keysets are told apart", func(k *kit) {
			proofs := k.proofs(300)
			for i := range proofs {
				id, err := cashu.KeysetIDFromBytes([]byte{0, byte(i), byte(i >> 8), 7, 7, 7, 7, 7})
				if err != nil {
					k.Fatal(err)
				}
				proofs[i].KeysetID = id
			}
			k.reserve(proofs, nil)
			for i, r := range k.records(ysOf(proofs)...) {
				if r.KeysetID != proofs[i].KeysetID {
					k.Fatalf("got %v, want %v", r.KeysetID, proofs[i].KeysetID)
				}
			}
		}},
		{"a keyset met first in a rolled back transaction is met again", func(k *kit) {
			proofs := k.proofs(2)
			proofs[0].KeysetID, proofs[1].KeysetID = k.keyset(77), k.keyset(78)
			k.refuse(errRollback, func(tx mint.Tx) error {
				if err := reserve(k.ctx, tx, k.saga(1, 0), proofs[:1], nil); err != nil {
					return err
				}
				return errRollback
			})
			k.reserve(proofs[1:], nil) // must not take the other's place
			k.reserve(proofs[:1], nil)
			for i, r := range k.records(ysOf(proofs)...) {
				if r.KeysetID != proofs[i].KeysetID {
					k.Errorf("got %v, want %v", r.KeysetID, proofs[i].KeysetID)
				}
			}
		}},
		{"1000 proofs in one operation and 1000 Ys in one look", func(k *kit) {
			proofs := k.proofs(1000)
			s := k.reserve(proofs, nil)
			k.facts(s.Ref, 1000, 0)
			k.update(func(tx mint.Tx) error {
				n, err := tx.SpendProofs(k.ctx, s.Ref)
				if err == nil {
					err = wrongCount("spent", n, 1000)
				}
				return err
			})
			for i, r := range k.records(ysOf(proofs)...) {
				if r.State != mint.ProofSpent || r.SpentProof != proofs[i] {
					k.Fatalf("record %d: got %+v", i, r)
				}
			}
		}},
		{"1000 Ys that were never seen are unspent", func(k *kit) {
			ys := make([]bdhke.Point, 1000)
			for i := range ys {
				ys[i] = k.point()
			}
			for _, r := range k.records(ys...) {
				if r.State != mint.ProofUnspent || r.Operation != 0 {
					k.Fatalf("got %+v", r)
				}
			}
		}},
	}
}
