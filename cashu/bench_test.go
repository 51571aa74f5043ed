package cashu_test

import (
	"fmt"
	"strconv"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// swap builds a request of n inputs and n outputs, every point different.
func swap(b *testing.B, n int) cashu.SwapRequest {
	b.Helper()
	var r cashu.SwapRequest
	for i := range n {
		p, err := bdhke.HashToCurve([]byte(strconv.Itoa(i)))
		if err != nil {
			b.Fatal(err)
		}
		r.Inputs = append(r.Inputs, cashu.Proof{Amount: 1 << (i % 32), ID: keysetID(b, idV2), Secret: secretText, C: p})
		r.Outputs = append(r.Outputs, cashu.BlindedMessage{Amount: 1 << (i % 32), ID: keysetID(b, idV2), B: p})
	}
	return r
}

func BenchmarkDecodeSwap(b *testing.B) {
	for _, n := range []int{2, 100} {
		b.Run(fmt.Sprintf("inputs=%d", n), func(b *testing.B) {
			text, err := cashu.Encode(swap(b, n))
			if err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(len(text)))
			b.ReportAllocs()
			for b.Loop() {
				var r cashu.SwapRequest
				if err := cashu.Decode(text, &r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkEncodeSignatures(b *testing.B) {
	for _, n := range []int{2, 100} {
		b.Run(fmt.Sprintf("signatures=%d", n), func(b *testing.B) {
			var r cashu.SwapResponse
			for _, o := range swap(b, n).Outputs {
				r.Signatures = append(r.Signatures, cashu.BlindSignature{Amount: o.Amount, ID: o.ID, C: o.B, DLEQ: &bdhke.DLEQ{E: [32]byte{1}}})
			}
			b.ReportAllocs()
			for b.Loop() {
				if _, err := cashu.Encode(r); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkVerifyQuoteSignature(b *testing.B) {
	key, outputs := point(b, pointG), amendedOutputs(b)
	b.ReportAllocs()
	for b.Loop() {
		if !cashu.VerifyQuoteSignature(key, amended[0].quote, outputs, amended[0].sig) {
			b.Fatal("invalid")
		}
	}
}

func BenchmarkDeriveKeysetID(b *testing.B) {
	k := keys(b, sixtyFourKeys)
	b.Run("version=1", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cashu.DeriveKeysetIDV1(k)
		}
	})
	b.Run("version=2", func(b *testing.B) {
		b.ReportAllocs()
		for b.Loop() {
			cashu.DeriveKeysetIDV2(k, "sat", 100, 1)
		}
	})
}
