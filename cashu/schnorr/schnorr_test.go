package schnorr_test

import (
	"bytes"
	"crypto/sha256"
	"errors"
	"strings"
	"testing"

	"github.com/btcsuite/btcd/btcec/v2"
	"pgregory.net/rapid"

	"mintmark/bdhke"
	"mintmark/cashu/schnorr"
)

func drawKey(t *rapid.T) (bdhke.Scalar, []byte) {
	for {
		raw := rapid.SliceOfN(rapid.Byte(), 32, 32).Draw(t, "key")
		if key, err := bdhke.NewScalar(raw); err == nil {
			return key, raw
		}
	}
}

// peerVerify is BIP340 as its text says, over the arithmetic of another library.
func peerVerify(public *btcec.PublicKey, hash [32]byte, sig []byte) bool {
	x := public.SerializeCompressed()[1:]
	even, err := btcec.ParsePubKey(append([]byte{2}, x...))
	if err != nil {
		return false
	}
	var s, e btcec.ModNScalar
	if s.SetByteSlice(sig[32:]) {
		return false
	}
	challenge := challenge(sig[:32], x, hash)
	e.SetBytes(&challenge)
	var p, sg, ep, r btcec.JacobianPoint
	even.AsJacobian(&p)
	btcec.ScalarBaseMultNonConst(&s, &sg)
	btcec.ScalarMultNonConst(e.Negate(), &p, &ep)
	btcec.AddNonConst(&sg, &ep, &r)
	if r.Z.IsZero() {
		return false
	}
	r.ToAffine()
	return !r.Y.IsOdd() && bytes.Equal(r.X.Bytes()[:], sig[:32])
}

func peerSign(key []byte, hash [32]byte) schnorr.Signature {
	var d, k, e btcec.ModNScalar
	d.SetByteSlice(key)
	_, public := btcec.PrivKeyFromBytes(key)
	if public.SerializeCompressed()[0] == 3 {
		d.Negate()
	}
	nonce := sha256.Sum256(append(append([]byte("nonce"), key...), hash[:]...)) // good enough here
	k.SetBytes(&nonce)
	_, r := btcec.PrivKeyFromBytes(nonce[:])
	if r.SerializeCompressed()[0] == 3 {
		k.Negate()
	}
	challenge := challenge(r.SerializeCompressed()[1:], public.SerializeCompressed()[1:], hash)
	e.SetBytes(&challenge)
	s := e.Mul(&d).Add(&k).Bytes()
	return schnorr.Signature(append(r.SerializeCompressed()[1:], s[:]...))
}

func challenge(r, x []byte, hash [32]byte) [32]byte {
	tag := sha256.Sum256([]byte("BIP0340/challenge"))
	return sha256.Sum256(bytes.Join([][]byte{tag[:], tag[:], r, x, hash[:]}, nil))
}

func TestPropertySignaturesAreThoseOfAnotherLibrary(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key, raw := drawKey(t)
		_, public := btcec.PrivKeyFromBytes(raw)
		hash := sha256.Sum256(rapid.SliceOf(rapid.Byte()).Draw(t, "message"))
		sig, err := schnorr.Sign(key, hash, nil)
		if err != nil {
			t.Fatal(err)
		}
		if !peerVerify(public, hash, sig[:]) {
			t.Fatal("our signature is none over the arithmetic of btcec")
		}
		if !schnorr.Verify(key.Public(), hash, peerSign(raw, hash)) {
			t.Fatal("a signature over the arithmetic of btcec does not verify")
		}
	})
}

func TestPropertyAnyChangedBitSpoilsASignature(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		key, _ := drawKey(t)
		hash := sha256.Sum256([]byte("message"))
		sig, err := schnorr.Sign(key, hash, nil)
		if err != nil {
			t.Fatal(err)
		}
		public := key.Public()
		bit := rapid.IntRange(0, 8*(64+32)-1).Draw(t, "bit")
		if at := bit / 8; at < 64 {
			sig[at] ^= 1 << (bit % 8)
		} else {
			hash[at-64] ^= 1 << (bit % 8)
		}
		if schnorr.Verify(public, hash, sig) {
			t.Fatalf("verifies with bit %d changed", bit)
		}
	})
}

func TestOnlyTheXCoordinateOfAKeyCounts(t *testing.T) {
	t.Parallel()
	key, err := bdhke.NewScalar(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	twin, err := key.Negate()
	if err != nil {
		t.Fatal(err)
	}
	hash := sha256.Sum256([]byte("message"))
	sig, err := schnorr.Sign(key, hash, nil)
	if err != nil {
		t.Fatal(err)
	}
	if !schnorr.Verify(key.Public(), hash, sig) || !schnorr.Verify(twin.Public(), hash, sig) {
		t.Error("the sign of y matters")
	}
}

func TestNothingIsVerifiedOrSignedWithoutAKey(t *testing.T) {
	t.Parallel()
	if schnorr.Verify(bdhke.Point{}, [32]byte{}, schnorr.Signature{}) {
		t.Error("no key verifies a signature")
	}
	if _, err := schnorr.Sign(bdhke.Scalar{}, [32]byte{}, nil); !errors.Is(err, bdhke.ErrInvalidScalar) {
		t.Errorf("no key signs: %v", err)
	}
	key, err := bdhke.NewScalar(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := schnorr.Sign(key, [32]byte{}, strings.NewReader("short")); err == nil {
		t.Error("signs with half of the random bytes")
	}
}

func TestSignaturesAreReadStrictly(t *testing.T) {
	t.Parallel()
	text := strings.Repeat("0a", 64)
	for _, ok := range []string{text, strings.ToUpper(text)} {
		if sig, err := schnorr.ParseSignature(ok); err != nil || sig.String() != text {
			t.Errorf("%q is read as %v, %v", ok, sig, err)
		}
	}
	for _, bad := range []string{"", text[2:], text + "00", text[1:], "zz" + text[2:], " " + text[1:]} {
		if _, err := schnorr.ParseSignature(bad); !errors.Is(err, schnorr.ErrSignature) {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

func BenchmarkVerify(b *testing.B) {
	key, err := bdhke.NewScalar(bytes.Repeat([]byte{7}, 32))
	if err != nil {
		b.Fatal(err)
	}
	hash := sha256.Sum256([]byte("message"))
	sig, err := schnorr.Sign(key, hash, nil)
	if err != nil {
		b.Fatal(err)
	}
	public := key.Public()
	for b.Loop() {
		if !schnorr.Verify(public, hash, sig) {
			b.Fatal("does not verify")
		}
	}
}
