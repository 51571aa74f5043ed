package bdhke_test

import (
	"crypto/sha256"
	"encoding/binary"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"pgregory.net/rapid"

	"mintmark/bdhke"
)

// Another library's answers to the same questions.

func btcecMul(s bdhke.Scalar, p bdhke.Point) [33]byte {
	raw, b := s.Bytes(), p.Bytes()
	var k btcec.ModNScalar
	k.SetBytes(&raw)
	pub, err := btcec.ParsePubKey(b[:])
	if err != nil {
		panic(err)
	}
	var in, out btcec.JacobianPoint
	pub.AsJacobian(&in)
	btcec.ScalarMultNonConst(&k, &in, &out)
	out.ToAffine()
	return [33]byte(btcec.NewPublicKey(&out.X, &out.Y).SerializeCompressed())
}

func TestPropertyMultiplicationAgreesWithBtcec(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		k, p := genScalar().Draw(t, "k"), genPoint().Draw(t, "p")
		got, err := k.Mul(p)
		if err != nil || got.Bytes() != btcecMul(k, p) {
			t.Fatalf("k*P = %v, %v; btcec has %x", got, err, btcecMul(k, p))
		}
		raw := k.Bytes()
		_, pub := btcec.PrivKeyFromBytes(raw[:])
		if g := k.Public(); g.Bytes() != [33]byte(pub.SerializeCompressed()) {
			t.Fatalf("k*G = %v; btcec has %x", g, pub.SerializeCompressed())
		}
	})
}

func TestPropertyParsingAgreesWithBtcec(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		b := rapid.SliceOfN(rapid.Byte(), 33, 33).Draw(t, "b")
		b[0] = 2 + b[0]&1
		p, err := bdhke.ParsePoint(b)
		pub, errBtcec := btcec.ParsePubKey(b)
		if (err == nil) != (errBtcec == nil) {
			t.Fatalf("ParsePoint(%x): %v; btcec: %v", b, err, errBtcec)
		}
		if err == nil && p.Uncompressed() != [65]byte(pub.SerializeUncompressed()) {
			t.Fatalf("ParsePoint(%x) = %x; btcec: %x", b, p.Uncompressed(), pub.SerializeUncompressed())
		}
	})
}

func TestPropertyHashToCurveAgreesWithBtcec(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		msg := rapid.SliceOf(rapid.Byte()).Draw(t, "msg")
		got, err := bdhke.HashToCurve(msg)
		if err != nil {
			t.Fatal(err)
		}
		h := sha256.Sum256(append([]byte("Secp256k1_HashToCurve_Cashu_"), msg...))
		for ctr := uint32(0); ; ctr++ {
			x := sha256.Sum256(binary.LittleEndian.AppendUint32(h[:], ctr))
			if pub, err := btcec.ParsePubKey(append([]byte{2}, x[:]...)); err == nil {
				if got.Bytes() != [33]byte(pub.SerializeCompressed()) {
					t.Fatalf("HashToCurve(%x) = %v; btcec: %x", msg, got, pub.SerializeCompressed())
				}
				return
			}
		}
	})
}

func TestPropertyUnblindAgreesWithBtcec(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		c, r, key := genPoint().Draw(t, "c"), genScalar().Draw(t, "r"), genPoint().Draw(t, "key")
		rk := btcecMul(r, key)
		pub, err := btcec.ParsePubKey(rk[:])
		if err != nil {
			t.Fatal(err)
		}
		cb := c.Bytes()
		cpub, err := btcec.ParsePubKey(cb[:])
		if err != nil {
			t.Fatal(err)
		}
		var a, b, sum btcec.JacobianPoint
		cpub.AsJacobian(&a)
		pub.AsJacobian(&b)
		b.Y.Negate(1).Normalize()
		btcec.AddNonConst(&a, &b, &sum)
		got, errUnblind := bdhke.Unblind(c, r, key)
		if (sum.X.IsZero() && sum.Y.IsZero()) || sum.Z.IsZero() {
			if errUnblind == nil {
				t.Fatalf("Unblind = %v instead of infinity refused", got)
			}
			return
		}
		sum.ToAffine()
		want := btcec.NewPublicKey(&sum.X, &sum.Y).SerializeCompressed()
		if errUnblind != nil || got.Bytes() != [33]byte(want) {
			t.Fatalf("Unblind = %v, %v; btcec: %x", got, errUnblind, want)
		}
	})
}
