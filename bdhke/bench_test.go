package bdhke_test

import (
	"testing"

	"mintmark/bdhke"
)

// The names are stable, so that benchstat can compare two commits.

var sink any

func BenchmarkParse(b *testing.B) {
	raw := unhex(b, generator)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bdhke.ParsePoint(raw); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkParseHex(b *testing.B) {
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bdhke.ParsePointHex(generator); err != nil {
			b.Fatal(err)
		}
	}
}

// Over many messages: the work depends on how many attempts each one needs.
func BenchmarkHashToCurve(b *testing.B) {
	msg := []byte("407915bc212be61a77e3e6d2aeb4c727980bda51cd06a6afc29e2861768a7837")
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		msg[0], msg[1], msg[2] = byte(i), byte(i>>8), byte(i>>16)
		if _, err := bdhke.HashToCurve(msg); err != nil {
			b.Fatal(err)
		}
	}
}

// What keeping both coordinates in a Point saves each multiplication.
func BenchmarkDecodeForArithmetic(b *testing.B) {
	p := point(b, generator)
	raw := p.Bytes()
	b.Run("from=coordinates", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			e, err := p.Element()
			if err != nil {
				b.Fatal(err)
			}
			sink = e
		}
	})
	b.Run("from=compressed", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			q, err := bdhke.ParsePoint(raw[:])
			if err != nil {
				b.Fatal(err)
			}
			e, err := q.Element()
			if err != nil {
				b.Fatal(err)
			}
			sink = e
		}
	})
}

func BenchmarkMul(b *testing.B) {
	k, p := scalar(b, gx), point(b, generator)
	b.Run("base=any", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			if _, err := k.Mul(p); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("base=G", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			k.Public()
		}
	})
	b.Run("base=any/impl=btcec-variable-time", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			btcecMul(k, p)
		}
	})
}

func BenchmarkBlind(b *testing.B) {
	secret, r := []byte("407915bc212be61a77e3e6d2aeb4c727980bda51cd06a6afc29e2861768a7837"), scalar(b, gx)
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bdhke.Blind(secret, r); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkUnblind(b *testing.B) {
	r := scalar(b, gx)
	k := point(b, generator)
	c, err := bdhke.HashToCurve(nil)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := bdhke.Unblind(c, r, k); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkVerifyDLEQ(b *testing.B) {
	p := point(b, "02a9acc1e48c25eeeb9289b5031cc57da9fe72f3fe2861d264bdc074209b107ba2")
	g := point(b, generator)
	d := bdhke.DLEQ{
		E: [32]byte(unhex(b, "9818e061ee51d5c8edc3342369a554998ff7b4381c8652d724cdf46429be73d9")),
		S: [32]byte(unhex(b, "9818e061ee51d5c8edc3342369a554998ff7b4381c8652d724cdf46429be73da")),
	}
	b.ReportAllocs()
	for b.Loop() {
		if !bdhke.VerifyDLEQ(g, p, p, d) {
			b.Fatal("invalid")
		}
	}
}
