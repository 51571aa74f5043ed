package keystore

import (
	"context"
	"fmt"
	"testing"

	"mintmark/cashu"
)

func BenchmarkSign(b *testing.B) {
	ks := mustOpen(b, testConfig(b))
	k := mustRotate(b, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(32)})
	for _, n := range []int{1, 8, 64} {
		messages := testMessages(b, k, n)
		b.Run(fmt.Sprintf("messages=%d", n), func(b *testing.B) {
			for b.Loop() {
				if _, err := ks.Sign(context.Background(), messages); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "sigs/s")
		})
	}
}

func BenchmarkVerify(b *testing.B) {
	ks := mustOpen(b, testConfig(b))
	k := mustRotate(b, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(32)})
	for _, n := range []int{1, 8, 64} {
		proofs := testProofs(b, ks, k, n)
		b.Run(fmt.Sprintf("proofs=%d", n), func(b *testing.B) {
			for b.Loop() {
				if err := ks.Verify(context.Background(), proofs); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "proofs/s")
		})
	}
}

// What a start costs: one keyset of 32 amounts, derived and proved.
func BenchmarkDeriveKeyset(b *testing.B) {
	root := mustPath(b, nuts250Seed, purpose)
	r := row{unit: "sat", unitIndex: cashu.UnitSat.DerivationIndex(), index: 1, version: cashu.V2, amounts: powersOfTwo(32)}
	for b.Loop() {
		if _, err := derive(root, r); err != nil {
			b.Fatal(err)
		}
	}
}

// What a start costs with a long history: every keyset is derived and proved.
func BenchmarkOpenWithTwoHundredKeysets(b *testing.B) {
	cfg := testConfig(b)
	ks := mustOpen(b, cfg)
	for range 200 {
		mustRotate(b, ks, RotateParams{Unit: "sat", Amounts: powersOfTwo(32)})
	}
	if err := ks.Close(); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		ks, err := Open(context.Background(), cfg)
		if err != nil {
			b.Fatal(err)
		}
		if n := len(ks.Keysets().Keysets); n != 200 {
			b.Fatalf("%d keysets", n)
		}
		if err := ks.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
