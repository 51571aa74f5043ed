package curve

import (
	"math/rand/v2"
	"testing"

	secp "gitlab.com/yawning/secp256k1-voi"
)

// Every function of the seam against the points of secp256k1-voi, whatever
// backend is built in: scalars and points that are ordinary, at the edges, equal,
// opposite, and infinite.
func TestTheBackendAgreesWithSecp256k1Voi(t *testing.T) {
	t.Parallel()
	source := rand.New(rand.NewPCG(1, 2))
	scalars := []*Scalar{
		ReduceScalar(&[32]byte{}),
		ReduceScalar(&[32]byte{31: 1}),
		ReduceScalar(&[32]byte{31: 2}),
		ReduceScalar(&[32]byte{31: 1}).Negate(),
		ReduceScalar(&[32]byte{0: 0x80}),
		ReduceScalar(&[32]byte{15: 1}),
	}
	for range 10 {
		var b [32]byte
		for i := range b {
			b[i] = byte(source.Uint32())
		}
		scalars = append(scalars, ReduceScalar(&b))
	}
	scalars = append(scalars, scalars[len(scalars)-1].Negate())

	same := func(what string, got *Element, want *secp.Point) {
		t.Helper()
		encoded := want.UncompressedBytes()
		a, ok := got.Affine()
		if ok != (len(encoded) == 65) || ok && string(a[:]) != string(encoded[1:]) {
			t.Errorf("%s: %x (%v), secp256k1-voi has %x", what, a, ok, encoded)
		}
	}
	for _, a := range scalars {
		p, wantP := MulBase(a), secp.NewIdentityPoint().ScalarBaseMult(&a.v)
		same("a*G", p, wantP)
		for _, b := range scalars {
			q, wantQ := MulBase(b), secp.NewIdentityPoint().ScalarBaseMult(&b.v)
			same("b*P", Mul(b, p), secp.NewIdentityPoint().ScalarMult(&b.v, wantP))
			same("P + Q", Add(p, q), secp.NewIdentityPoint().Add(wantP, wantQ))
			same("P - Q", Sub(p, q), secp.NewIdentityPoint().Subtract(wantP, wantQ))
			if got, want := p.Equal(q), wantP.Equal(wantQ) == 1; got != want {
				t.Errorf("P == Q: %v, secp256k1-voi says %v", got, want)
			}
		}
	}
}
