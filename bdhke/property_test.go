package bdhke_test

import (
	"testing"

	"pgregory.net/rapid"

	"mintmark/bdhke"
)

// genScalar draws scalars of all sizes: rapid likes small bytes, so the edges of
// the range come up too.
func genScalar() *rapid.Generator[bdhke.Scalar] {
	return rapid.Custom(func(t *rapid.T) bdhke.Scalar {
		b := rapid.SliceOfN(rapid.Byte(), 32, 32).Filter(func(b []byte) bool {
			_, err := bdhke.NewScalar(b)
			return err == nil
		}).Draw(t, "bytes")
		s, err := bdhke.NewScalar(b)
		if err != nil {
			t.Fatal(err)
		}
		return s
	})
}

func genPoint() *rapid.Generator[bdhke.Point] {
	return rapid.Custom(func(t *rapid.T) bdhke.Point { return genScalar().Draw(t, "log").Public() })
}

func TestPropertyPointsSurviveTheirEncodings(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		p := genPoint().Draw(t, "p")
		b := p.Bytes()
		if q, err := bdhke.ParsePoint(b[:]); err != nil || q != p {
			t.Fatalf("ParsePoint = %v, %v", q, err)
		}
		if q, err := bdhke.ParsePointHex(p.String()); err != nil || q != p {
			t.Fatalf("ParsePointHex = %v, %v", q, err)
		}
	})
}

func TestPropertyUnblindUndoesBlind(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		secret := rapid.SliceOf(rapid.Byte()).Draw(t, "secret")
		r, k := genScalar().Draw(t, "r"), genScalar().Draw(t, "k")
		y, err := bdhke.HashToCurve(secret)
		if err != nil {
			t.Fatal(err)
		}
		want, err := k.Mul(y)
		if err != nil {
			t.Fatal(err)
		}
		b, err := bdhke.Blind(secret, r)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := k.Mul(b)
		if err != nil {
			t.Fatal(err)
		}
		got, err := bdhke.Unblind(signed, r, k.Public())
		if err != nil || got != want {
			t.Fatalf("Unblind = %v, %v; want k*Y = %v", got, err, want)
		}
		if b == y {
			t.Fatal("the blinded message is the bare point")
		}
	})
}

func TestPropertyMultiplicationCommutes(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		a, b := genScalar().Draw(t, "a"), genScalar().Draw(t, "b")
		ab, err1 := a.Mul(b.Public())
		ba, err2 := b.Mul(a.Public())
		if err1 != nil || err2 != nil || ab != ba {
			t.Fatalf("a*(b*G) = %v, %v; b*(a*G) = %v, %v", ab, err1, ba, err2)
		}
	})
}

func TestBlindingThatEndsInInfinityIsRefused(t *testing.T) {
	t.Parallel()
	// C_ - r*K with C_ = r*K: nobody can have signed that.
	r := scalar(t, gx)
	k := point(t, generator)
	if c, err := bdhke.Unblind(r.Public(), r, k); err == nil {
		t.Errorf("Unblind = %v", c)
	}
	// Carol's C_ = C + r*A with C = -r*A.
	b := r.Public().Bytes()
	b[0] ^= 1
	minus, err := bdhke.ParsePoint(b[:])
	if err != nil {
		t.Fatal(err)
	}
	if bdhke.VerifyProofDLEQ(k, []byte("x"), minus, bdhke.DLEQ{S: [32]byte{31: 1}}, r) {
		t.Error("VerifyProofDLEQ accepts infinity")
	}
	// s*G - e*A with s = e and A = G.
	one := bdhke.DLEQ{E: [32]byte{31: 1}, S: [32]byte{31: 1}}
	if bdhke.VerifyDLEQ(k, k, k, one) {
		t.Error("VerifyDLEQ accepts infinity")
	}
}
