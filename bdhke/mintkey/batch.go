package mintkey

import (
	"crypto/rand"
	"encoding/binary"

	"mintmark/bdhke"
	"mintmark/bdhke/internal/curve"
)

// Claim says that C is the key's signature of the secret: k*hash_to_curve(secret)
// == C (NUT-00).
type Claim struct {
	Key    Key
	Secret []byte
	C      bdhke.Point
}

// VerifyAll tells whether all claims are true, like Verify on each of them, for
// half the work where many are of one key.
//
// Each claim gets a random weight w, and the sum of k*sum(w*Y) over the keys must
// be sum(w*C): one multiplication by each key, the rest is done with points that
// everybody knows. If one C is not k*Y, that holds for at most one of the 2^128
// weights that it may get, whatever the others are, and weights are drawn after the
// claims came in. So no two errors can be made to cancel out. Where the sums
// differ, the claims are judged one by one: the answer no is never that of the sums.
func VerifyAll(claims []Claim) bool {
	shared, alone := divide(claims)
	if len(shared) > 0 && !verifySums(shared) {
		for _, group := range shared {
			alone = append(alone, group...)
		}
	}
	for _, c := range alone {
		if !c.Key.Verify(c.Secret, c.C) {
			return false
		}
	}
	return true
}

// sharedBy is how many claims of a key make it cheaper to add them up than to
// multiply each by the key.
const sharedBy = 3

// divide finds the claims that share their key with enough others.
func divide(claims []Claim) (shared [][]Claim, alone []Claim) {
	byKey := make(map[bdhke.Point][]Claim)
	for _, c := range claims {
		byKey[c.Key.public] = append(byKey[c.Key.public], c)
	}
	for _, group := range byKey {
		if len(group) >= sharedBy {
			shared = append(shared, group)
		} else {
			alone = append(alone, group...)
		}
	}
	return shared, alone
}

// verifySums verifies groups of claims, each of one key.
func verifySums(groups [][]Claim) bool {
	sums := make([][]curve.Term, 1, 1+len(groups)) // of all C, then of the Y of each key
	for _, group := range groups {
		ys := make([]curve.Term, len(group))
		for i, w := range drawWeights(len(group)) {
			y, err := bdhke.HashToCurve(group[i].Secret)
			if err != nil || group[i].C.IsZero() {
				return false
			}
			ys[i] = curve.Term{Weight: w, Point: y.Affine()}
			sums[0] = append(sums[0], curve.Term{Weight: w, Point: group[i].C.Affine()})
		}
		sums = append(sums, ys)
	}
	points, ok := curve.SumsVartime(sums)
	if !ok {
		return false
	}
	var signed *curve.Element
	for i, group := range groups {
		k := group[0].Key.box.Open()
		// Decode checks that the sum is on the curve, as every point is checked
		// before a key meets it.
		y, err := curve.Decode(&points[1+i])
		if k == nil || err != nil {
			return false
		}
		if c := curve.Mul(k, y); signed == nil {
			signed = c
		} else {
			signed = curve.Add(signed, c)
		}
	}
	c, err := curve.Decode(&points[0])
	return err == nil && signed.Equal(c)
}

func drawWeights(n int) []curve.Weight {
	random := make([]byte, 16*n)
	rand.Read(random) // never fails: it would have ended the process
	weights := make([]curve.Weight, n)
	for i := range weights {
		weights[i] = curve.ShortWeight(binary.LittleEndian.Uint64(random[16*i:]), binary.LittleEndian.Uint64(random[16*i+8:]))
	}
	return weights
}
