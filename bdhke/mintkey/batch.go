package mintkey

import (
	"crypto/rand"
	"encoding/binary"

	"mintmark/bdhke"
	"mintmark/bdhke/internal/curve"
)

// batchAtLeast is how many proofs make it cheaper to add them up than to multiply
// each by the key.
const batchAtLeast = 3

// VerifyAll tells whether every C is this key's signature of the secret at the same
// place, like Verify on each of them, for half the work where there are many.
//
// Each proof gets a random weight w, and k*sum(w*Y) must be sum(w*C): one
// multiplication by the key for all, the rest is done with points that everybody
// knows. If one C is not k*Y, the sums are equal for one in 2^128 weights, which
// are drawn after the proofs came in. So no two errors can be made to cancel out.
// Where the sums differ, the proofs are judged one by one: the answer no is never
// that of the sums.
func (k Key) VerifyAll(secrets [][]byte, cs []bdhke.Point) bool {
	if len(secrets) != len(cs) {
		return false
	}
	if len(cs) >= batchAtLeast && k.verifySums(secrets, cs) {
		return true
	}
	for i, c := range cs {
		if !k.Verify(secrets[i], c) {
			return false
		}
	}
	return true
}

func (k Key) verifySums(secrets [][]byte, cs []bdhke.Point) bool {
	scalar := k.box.Open()
	if scalar == nil {
		return false
	}
	n := len(cs)
	ys, signatures := make([]curve.Affine, n), make([]curve.Affine, n)
	for i, c := range cs {
		y, err := bdhke.HashToCurve(secrets[i])
		if err != nil || c.IsZero() {
			return false
		}
		ys[i], signatures[i] = y.Affine(), c.Affine()
	}
	weights := drawWeights(n)
	y, ok := sum(weights, ys)
	if !ok {
		return false
	}
	c, ok := sum(weights, signatures)
	return ok && curve.Mul(scalar, y).Equal(c)
}

// sum is a weighted sum that the library has checked to be on the curve, as it
// checks every point before a key meets it.
func sum(weights []curve.Weight, points []curve.Affine) (*curve.Element, bool) {
	a, ok := curve.SumVartime(weights, points)
	if !ok {
		return nil, false
	}
	e, err := curve.Decode(&a)
	return e, err == nil
}

func drawWeights(n int) []curve.Weight {
	random := make([]byte, 16*n)
	rand.Read(random) // never fails: it would have ended the process
	weights := make([]curve.Weight, n)
	for i := range weights {
		weights[i] = curve.Weight{binary.LittleEndian.Uint64(random[16*i:]), binary.LittleEndian.Uint64(random[16*i+8:])}
	}
	return weights
}
