package mintkey

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"testing"

	"mintmark/bdhke"
)

// claimsOf is n true claims of a key.
func claimsOf(t testing.TB, k Key, n int) []Claim {
	t.Helper()
	var claims []Claim
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
		claims = append(claims, Claim{k, secret, c})
	}
	return claims
}

func testKey(t testing.TB, last byte) Key {
	t.Helper()
	k, err := Parse(append(make([]byte, 31), last))
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestTrueClaimsAreVerifiedByTheirSums(t *testing.T) {
	t.Parallel()
	for _, counts := range [][]int{nil, {1}, {2}, {3}, {10}, {70}, {1, 1, 1}, {2, 1, 5}, {3, 3, 3, 3}} {
		var claims []Claim
		for i, n := range counts {
			claims = append(claims, claimsOf(t, testKey(t, byte(7+i)), n)...)
		}
		rand.Shuffle(len(claims), func(i, j int) { claims[i], claims[j] = claims[j], claims[i] })
		shared, alone := divide(claims)
		if len(shared) > 0 && !verifySums(shared) {
			t.Errorf("the sums of %v true claims differ", counts)
		}
		if !VerifyAll(claims) {
			t.Errorf("%v true claims do not verify", counts)
		}
		left := len(claims) - len(alone)
		for _, group := range shared {
			left -= len(group)
		}
		if left != 0 {
			t.Errorf("of %v claims %d are nowhere", counts, left)
		}
	}
}

// What somebody would send who hopes that two errors cancel out, or that one is
// lost among many. The first six claims are of one key, the other four of another.
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
	for name, spoil := range map[string]func(c []Claim){
		"two errors that add up to nothing": func(c []Claim) { c[1].C, c[4].C = add(c[1].C, d), add(c[4].C, minus(d)) },
		"two of two keys that do":           func(c []Claim) { c[1].C, c[7].C = add(c[1].C, d), add(c[7].C, minus(d)) },
		"three that do": func(c []Claim) {
			c[1].C, c[2].C, c[3].C = add(c[1].C, d), add(c[2].C, d), add(c[3].C, minus(add(d, d)))
		},
		"two signatures in each other's place":             func(c []Claim) { c[0].C, c[5].C = c[5].C, c[0].C },
		"two signatures of two keys in each other's place": func(c []Claim) { c[0].C, c[6].C = c[6].C, c[0].C },
		"two keys in each other's place":                   func(c []Claim) { c[0].Key, c[6].Key = other, k },
		"one opposite":                                     func(c []Claim) { c[2].C = minus(c[2].C) },
		"the first":                                        func(c []Claim) { c[0].C = d },
		"the last":                                         func(c []Claim) { c[9].C = d },
		"no signature":                                     func(c []Claim) { c[3].C = bdhke.Point{} },
		"another secret":                                   func(c []Claim) { c[3].Secret = []byte("x") },
		"no secret":                                        func(c []Claim) { c[3].Secret = nil },
		"no key":                                           func(c []Claim) { c[3].Key = Key{} },
		"two without a key":                                func(c []Claim) { c[3].Key, c[4].Key = Key{}, Key{} },
		"another key":                                      func(c []Claim) { c[3].Key = other },
		"a third key, once":                                func(c []Claim) { c[3].Key = testKey(t, 10) },
		"the same signature twice":                         func(c []Claim) { c[1].C = c[0].C },
		"all of another key": func(c []Claim) {
			for i := range c {
				c[i].Key = testKey(t, 11)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			for range 20 { // the weights are drawn anew
				claims := append(claimsOf(t, k, 6), claimsOf(t, other, 4)...)
				if spoil(claims); VerifyAll(claims) {
					t.Fatal("the batch verifies")
				}
			}
		})
	}
}

func TestWipedKeysVerifyNoBatch(t *testing.T) {
	t.Parallel()
	k := testKey(t, 7)
	claims := claimsOf(t, k, 6)
	k.Wipe()
	if VerifyAll(claims) {
		t.Error("a key that was wiped verifies")
	}
}

// Each half of each weight: with one that is the same for all, a weight would have
// half of the randomness that it needs.
func TestWeightsAreNeverTheSame(t *testing.T) {
	t.Parallel()
	seen := map[uint64]bool{0: true}
	for range 10 {
		for _, w := range drawWeights(50) {
			halves := reflect.ValueOf(w).FieldByName("halves")
			for i := range halves.Len() {
				half := halves.Index(i).FieldByName("words").Index(0).Uint()
				if seen[half] {
					t.Fatalf("the weight %v has a half that was there before", w)
				}
				seen[half] = true
			}
		}
	}
}

func BenchmarkVerifyAll(b *testing.B) {
	for _, shape := range []struct{ keys, each int }{{1, 2}, {1, 3}, {1, 8}, {1, 32}, {8, 1}, {8, 2}, {8, 4}} {
		var claims []Claim
		for i := range shape.keys {
			claims = append(claims, claimsOf(b, testKey(b, byte(7+i)), shape.each)...)
		}
		b.Run(fmt.Sprintf("keys=%d/proofs=%d", shape.keys, len(claims)), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if !VerifyAll(claims) {
					b.Fatal("invalid")
				}
			}
		})
	}
}
