package curve

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
	"slices"
	"testing"

	secp "gitlab.com/yawning/secp256k1-voi"
)

// random is a source of numbers and points that are the same in every run.
type random struct{ *rand.Rand }

func newRandom(seed uint64) random { return random{rand.New(rand.NewPCG(seed, 1))} }

func (r random) bytes() (b [32]byte) {
	for i := 0; i < 32; i += 8 {
		binary.BigEndian.PutUint64(b[i:], r.Uint64())
	}
	return b
}

func (r random) point() Affine {
	for {
		x := r.bytes()
		if a, ok := Decompress(&x, r.Uint64()&1 == 1); ok {
			return a
		}
	}
}

// pair is a short weight before it is one.
type pair [2]uint64

func (r random) pair() pair { return pair{r.Uint64(), r.Uint64()} }

// lambda as the specification of the curve has it, not as the code does.
func lambda(t testing.TB) *secp.Scalar {
	t.Helper()
	b := [32]byte(unhex(t, "5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72"))
	l, err := secp.NewScalarFromCanonicalBytes(&b)
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func unhex(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(s)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// number is a + b*lambda.
func (p pair) number(t testing.TB) *Scalar {
	t.Helper()
	k := new(Scalar)
	k.v.Multiply(secp.NewScalarFromUint64(p[1]), lambda(t))
	k.v.Add(&k.v, secp.NewScalarFromUint64(p[0]))
	return k
}

// librarySum is a sum by secp256k1-voi, one multiplication after the other.
func librarySum(t testing.TB, scalars []*Scalar, points []Affine) (Affine, bool) {
	t.Helper()
	sum := secp.NewIdentityPoint()
	for i, k := range scalars {
		p, err := secp.NewPointFromCoords((*[32]byte)(points[i][:32]), (*[32]byte)(points[i][32:]))
		if err != nil {
			t.Fatal(err)
		}
		sum.Add(sum, secp.NewIdentityPoint().ScalarMult(&k.v, p))
	}
	b := sum.UncompressedBytes()
	if len(b) != 65 {
		return Affine{}, false
	}
	return Affine(b[1:]), true
}

// checkSum compares the sum with that of the library, with short weights and with
// the same numbers split.
func checkSum(t testing.TB, weights []pair, points []Affine) {
	t.Helper()
	var scalars []*Scalar
	var short, split []Term
	for i, w := range weights {
		k := w.number(t)
		scalars = append(scalars, k)
		short = append(short, Term{ShortWeight(w[0], w[1]), points[i]})
		split = append(split, Term{WeightVartime(k), points[i]})
	}
	want, wantOK := librarySum(t, scalars, points)
	for name, terms := range map[string][]Term{"short": short, "split": split} {
		got, ok := SumsVartime([][]Term{terms})
		if ok != wantOK || ok && got[0] != want {
			t.Fatalf("%s: the sum of %x times %x is %x (%v), secp256k1-voi has %x (%v)", name, weights, points, got, ok, want, wantOK)
		}
	}
}

func opposite(a Affine) Affine {
	y := feFromBytes((*[32]byte)(a[32:]))
	y = y.negate()
	y.put(a[32:])
	return a
}

// edgePairs have digits that are all zero, all set, or carry from one end to the
// other.
func edgePairs() []pair {
	words := []uint64{0, 1, 2, 7, 8, 9, 15, 1 << 32, 1 << 63, 0xaaaaaaaaaaaaaaaa, ^uint64(0) - 7, ^uint64(0)}
	var all []pair
	for _, a := range words {
		all = append(all, pair{a, 0}, pair{0, a}, pair{a, a}, pair{a, ^a})
	}
	return all
}

func TestSumsAgreeWithTheLibrary(t *testing.T) {
	t.Parallel()
	r := newRandom(1)
	for _, n := range []int{0, 1, 2, 3, 7, 33} {
		for range 20 {
			var weights []pair
			var points []Affine
			for range n {
				weights, points = append(weights, r.pair()), append(points, r.point())
			}
			checkSum(t, weights, points)
		}
	}
}

// Whoever sends points may send the same one twice, or one and its opposite, or
// one and lambda times that, and the formulas for adding know none of these.
func TestSumsOfRelatedPointsAgreeWithTheLibrary(t *testing.T) {
	t.Parallel()
	r := newRandom(2)
	p := r.point()
	turned := p // lambda*P
	x := feFromBytes((*[32]byte)(p[:32]))
	x.mul(&x, &beta)
	x, _ = x.canonical()
	x.put(turned[:32])
	for i, a := range edgePairs() {
		checkSum(t, []pair{a}, []Affine{p})
		for j, b := range edgePairs() {
			if (i+j)%5 != 0 && a != b {
				continue // a multiplication takes long under the race detector
			}
			for _, q := range []Affine{p, opposite(p), turned, opposite(turned)} {
				checkSum(t, []pair{a, b}, []Affine{p, q})
				checkSum(t, []pair{a, b, b}, []Affine{opposite(p), q, q})
			}
		}
	}
}

// Numbers of the full length, whose halves have either sign.
func TestSumsOfWholeScalarsAgreeWithTheLibrary(t *testing.T) {
	t.Parallel()
	r := newRandom(7)
	one := ReduceScalar(&[32]byte{31: 1})
	edges := []*Scalar{one, one.Negate(), ReduceScalar(&[32]byte{0: 0x80}), ReduceScalar(&[32]byte{15: 1})}
	for i := range 60 {
		b := r.bytes()
		scalars := []*Scalar{ReduceScalar(&b), edges[i%len(edges)]}
		points := []Affine{r.point(), r.point()}
		if i%3 == 0 {
			points[1] = opposite(points[0])
		}
		var terms []Term
		for j, k := range scalars {
			terms = append(terms, Term{WeightVartime(k), points[j]})
		}
		want, _ := librarySum(t, scalars, points)
		if got, ok := SumsVartime([][]Term{terms}); !ok || got[0] != want {
			t.Fatalf("%x times %x is %x (%v), secp256k1-voi has %x", scalars[0].Bytes(), points, got, ok, want)
		}
	}
}

func TestSeveralSumsAreEachTheirOwn(t *testing.T) {
	t.Parallel()
	r := newRandom(5)
	var sums [][]Term
	var want []Affine
	for _, n := range []int{1, 5, 2, 11} {
		var terms []Term
		var scalars []*Scalar
		var points []Affine
		for i := range n {
			w, p := r.pair(), r.point()
			k := w.number(t)
			scalars, points = append(scalars, k), append(points, p)
			if i%2 == 0 {
				terms = append(terms, Term{ShortWeight(w[0], w[1]), p})
			} else {
				terms = append(terms, Term{WeightVartime(k), p})
			}
		}
		sum, _ := librarySum(t, scalars, points)
		sums, want = append(sums, terms), append(want, sum)
	}
	got, ok := SumsVartime(sums)
	if !ok || !slices.Equal(got, want) {
		t.Errorf("%x (%v), want %x", got, ok, want)
	}
	p := r.point()
	one := ShortWeight(1, 0)
	sums[2] = []Term{{one, p}, {one, opposite(p)}}
	if got, ok := SumsVartime(sums); ok {
		t.Errorf("with infinity among them: %x", got)
	}
}

func TestAScalarIsSplitIntoHalvesOfHalfItsLength(t *testing.T) {
	t.Parallel()
	r := newRandom(6)
	scalars := []*Scalar{ReduceScalar(&[32]byte{}), ReduceScalar(&[32]byte{31: 1}), ReduceScalar(&[32]byte{31: 1}).Negate()}
	l := &Scalar{v: *lambda(t)}
	scalars = append(scalars, l, l.Negate(), MulAdd(l, l, scalars[1]))
	for range 5000 {
		b := r.bytes()
		scalars = append(scalars, ReduceScalar(&b))
	}
	for _, s := range scalars {
		w := WeightVartime(s)
		var parts [2]*Scalar
		for i, h := range w.halves {
			if h.words[2]|h.words[3] != 0 {
				t.Errorf("%x: a half is %x", s.Bytes(), h.words)
			}
			parts[i] = &Scalar{v: *number(h.words)}
			if h.negative {
				parts[i] = parts[i].Negate()
			}
		}
		if !MulAdd(parts[1], l, parts[0]).Equal(s) {
			t.Fatalf("%x is split into %v", s.Bytes(), w)
		}
	}
}

func TestDigitsSpellTheNumber(t *testing.T) {
	t.Parallel()
	r := newRandom(4)
	ones := ^uint64(0)
	numbers := [][4]uint64{{}, {1}, {7}, {8}, {9}, {ones}, {ones - 7}, {1 << 63}, {0, 1}, {ones, ones}, {ones, ones, ones, ones}, {0, 0, 0, 1 << 63}}
	for range 3000 {
		numbers = append(numbers, [4]uint64{r.Uint64()}, [4]uint64{r.Uint64(), r.Uint64()}, [4]uint64{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()})
	}
	for _, k := range numbers {
		var digits [digitCount]int8
		length := recode(&digits, &k)
		sum, quiet := new(big.Int), width
		for i := len(digits) - 1; i >= 0; i-- {
			sum.Lsh(sum, 1).Add(sum, big.NewInt(int64(digits[i])))
			quiet++
			if d := digits[i]; d != 0 {
				if d%2 == 0 || d > tableSize*2 || d < -tableSize*2 || quiet < width || i >= length {
					t.Fatalf("the %d digits of %x: %v", length, k, digits)
				}
				quiet = 0
			}
		}
		want := new(big.Int)
		for i := range 4 {
			want.Lsh(want, 64).Or(want, new(big.Int).SetUint64(k[3-i]))
		}
		if sum.Cmp(want) != 0 {
			t.Fatalf("the digits of %x make %x", k, sum)
		}
	}
}

func FuzzSum(f *testing.F) {
	for i, w := range edgePairs() {
		f.Add(w[0], w[1], uint64(i), uint8(i))
	}
	f.Fuzz(func(t *testing.T, a, b, seed uint64, kind uint8) {
		r := newRandom(seed)
		p := r.point()
		points := []Affine{p, r.point(), p}
		if kind&1 == 1 {
			points[1] = opposite(p)
		}
		if kind&2 == 2 {
			points[2] = opposite(points[1])
		}
		checkSum(t, []pair{{a, b}, r.pair(), {b, a}}, points)
	})
}

func BenchmarkSums(b *testing.B) {
	r := newRandom(3)
	for _, n := range []int{1, 2, 8, 32} {
		var short, split []Term
		for range n {
			w, p, k := r.pair(), r.point(), r.bytes()
			short = append(short, Term{ShortWeight(w[0], w[1]), p})
			split = append(split, Term{WeightVartime(ReduceScalar(&k)), p})
		}
		for name, terms := range map[string][]Term{"short": short, "split": split} {
			b.Run(fmt.Sprintf("weights=%s/points=%d", name, n), func(b *testing.B) {
				b.ReportAllocs()
				for b.Loop() {
					SumsVartime([][]Term{terms})
				}
			})
		}
	}
}
