package mintkey_test

import (
	"testing"

	"mintmark/bdhke"
)

// The names are stable, so that benchstat can compare two commits.

func BenchmarkSign(b *testing.B) {
	k, m := key(b, order[:63]+"0"), point(b, blinded)
	b.Run("dleq=no", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := k.Sign(m); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("dleq=yes", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, _, err := k.SignWithDLEQ(m); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func BenchmarkVerify(b *testing.B) {
	k := key(b, two)
	secret := []byte("407915bc212be61a77e3e6d2aeb4c727980bda51cd06a6afc29e2861768a7837")
	y, err := bdhke.HashToCurve(secret)
	if err != nil {
		b.Fatal(err)
	}
	c, err := k.Sign(y)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if !k.Verify(secret, c) {
			b.Fatal("invalid")
		}
	}
}
