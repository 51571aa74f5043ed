package bdhke

import (
	"crypto/sha256"
	"encoding/hex"

	"mintmark/bdhke/internal/curve"
)

// DLEQ proves that one private key a stands behind A = a*G and C_ = a*B_
// (NUT-12). E is the raw challenge hash, compared as bytes; S is a scalar.
type DLEQ struct {
	E [32]byte
	S [32]byte
}

// DLEQChallenge is hash_e of NUT-12: SHA256 over the lowercase hex text of the
// uncompressed points, one after the other.
func DLEQChallenge(r1, r2, a, c Point) [32]byte {
	var buf [4 * 130]byte
	for i, p := range [...]*Point{&r1, &r2, &a, &c} {
		u := p.Uncompressed()
		hex.Encode(buf[i*130:], u[:])
	}
	return sha256.Sum256(buf[:])
}

// generator is G.
var generator = func() curve.Affine {
	one := curve.ReduceScalar(&[32]byte{31: 1})
	xy, _ := curve.MulBase(one).Affine()
	return xy
}()

// VerifyDLEQ checks the proof that came with a blind signature: a is the mint's
// public key of the amount, b the blinded message, c the blind signature. All
// of it is public, so the work is done in variable time.
func VerifyDLEQ(a, b, c Point, d DLEQ) bool {
	s, err := curve.NewScalar(&d.S)
	if err != nil {
		return false
	}
	if a.IsZero() || b.IsZero() || c.IsZero() {
		return false
	}
	ws, we := curve.WeightVartime(s), curve.WeightVartime(curve.ReduceScalar(&d.E).Negate())
	r, ok := curve.SumsVartime([][]curve.Term{
		{{Weight: ws, Point: generator}, {Weight: we, Point: a.xy}},
		{{Weight: ws, Point: b.xy}, {Weight: we, Point: c.xy}},
	})
	if !ok {
		return false
	}
	r1, r2 := Point{r[0]}, Point{r[1]}
	return DLEQChallenge(r1, r2, a, c) == d.E
}

// VerifyProofDLEQ is the check of a receiver who was given the blinding factor
// (Carol of NUT-12): it rebuilds B_ and C_ from the secret, C and r.
func VerifyProofDLEQ(a Point, secret []byte, c Point, d DLEQ, r Scalar) bool {
	b, err := Blind(secret, r)
	if err != nil {
		return false
	}
	ra, err := r.Mul(a)
	if err != nil {
		return false
	}
	ce, err := c.Element()
	if err != nil {
		return false
	}
	re, err := ra.Element()
	if err != nil {
		return false
	}
	blinded, err := FromElement(curve.Add(ce, re))
	if err != nil {
		return false
	}
	return VerifyDLEQ(a, b, blinded, d)
}
