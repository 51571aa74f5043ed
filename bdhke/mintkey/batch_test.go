package mintkey

import (
	"fmt"
	"testing"

	"mintmark/bdhke"
)

// batchOf is n true proofs of a key.
func batchOf(t testing.TB, k Key, n int) (secrets [][]byte, cs []bdhke.Point) {
	t.Helper()
	for i := range n {
		secret := fmt.Appendf(nil, "secret %d", i)
		y, err := bdhke.HashToCurve(secret)
		if err != nil {
			t.Fatal(err)
		}
		c, err := k.Sign(y)
		if err != nil {
			t.Fatal(err)
		}
		secrets, cs = append(secrets, secret), append(cs, c)
	}
	return secrets, cs
}

func testKey(t testing.TB, last byte) Key {
	t.Helper()
	k, err := Parse(append(make([]byte, 31), last))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTrueProofsAreVerifiedByTheirSums(t *testing.T) {
	t.Parallel()
	k := testKey(t, 7)
	for _, n := range []int{1, 2, 3, 10, 70} {
		secrets, cs := batchOf(t, k, n)
		if !k.verifySums(secrets, cs) {
			t.Errorf("the sums of %d true proofs differ", n)
		}
		if !k.VerifyAll(secrets, cs) {
			t.Errorf("%d true proofs do not verify", n)
		}
	}
	if !k.VerifyAll(nil, nil) {
		t.Error("no proof at all does not verify")
	}
}

// What somebody would send who hopes that two errors cancel out, or that one is
// lost among many.
func TestNoErrorHidesInABatch(t *testing.T) {
	t.Parallel()
	k, other := testKey(t, 7), testKey(t, 8)
	add := func(p, q bdhke.Point) bdhke.Point {
		sum, err := p.Add(q)
		if err != nil {
			t.Fatal(err)
		}
		return sum
	}
	minus := func(p bdhke.Point) bdhke.Point {
		b := p.Bytes()
		b[0] ^= 1 // 02 and 03
		q, err := bdhke.ParsePoint(b[:])
		if err != nil {
			t.Fatal(err)
		}
		return q
	}
	d := testKey(t, 9).Public()
	for name, spoil := range map[string]func(secrets [][]byte, cs []bdhke.Point) ([][]byte, []bdhke.Point){
		"two errors that add up to nothing": func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) {
			c[1], c[4] = add(c[1], d), add(c[4], minus(d))
			return s, c
		},
		"three that do": func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) {
			c[1], c[2], c[3] = add(c[1], d), add(c[2], d), add(c[3], minus(add(d, d)))
			return s, c
		},
		"two signatures in each other's place": func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) {
			c[0], c[5] = c[5], c[0]
			return s, c
		},
		"one opposite":     func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) { c[2] = minus(c[2]); return s, c },
		"the first":        func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) { c[0] = d; return s, c },
		"the last":         func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) { c[len(c)-1] = d; return s, c },
		"no signature":     func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) { c[3] = bdhke.Point{}; return s, c },
		"another secret":   func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) { s[3] = []byte("x"); return s, c },
		"one of fewer":     func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) { return s, c[:5] },
		"one of more":      func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) { return s[:5], c },
		"the same twice":   func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) { c[1] = c[0]; return s, c },
		"all are the same": func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) { clear(c[1:]); return s, c },
		"all are of another key": func(s [][]byte, c []bdhke.Point) ([][]byte, []bdhke.Point) {
			_, c = batchOf(t, other, len(c))
			return s, c
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 { // the weights are drawn anew
				if secrets, cs := spoil(batchOf(t, k, 6)); k.VerifyAll(secrets, cs) {
					t.Fatal("the batch verifies")
				}
			}
		})
	}
	secrets, cs := batchOf(t, k, 6)
	if (Key{}).VerifyAll(secrets, cs) {
		t.Error("the zero key verifies a batch")
	}
}

func TestWeightsAreNeverTheSame(t *testing.T) {
	t.Parallel()
	seen := map[[2]uint64]bool{}
	for range 10 {
		for _, w := range drawWeights(50) {
			if w[0] == 0 || w[1] == 0 || seen[w] {
				t.Fatalf("the weight %x", w)
			}
			seen[w] = true
		}
	}
}

func BenchmarkVerifyAll(b *testing.B) {
	k := testKey(b, 7)
	for _, n := range []int{2, 3, 8, 32} {
		secrets, cs := batchOf(b, k, n)
		b.Run(fmt.Sprintf("proofs=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !k.VerifyAll(secrets, cs) {
					b.Fatal("invalid")
				}
			}
		})
	}
}
