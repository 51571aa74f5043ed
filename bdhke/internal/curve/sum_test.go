package curve

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math/big"
	"math/rand/v2"
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

func (r random) weight() Weight { return Weight{r.Uint64(), r.Uint64()} }

// lambda as the specification of the curve has it, not as the code does.
func lambda() *secp.Scalar {
	b := [32]byte(unhex("5363ad4cc05c30e0a5261c028812645a122e22ea20816678df02967c1b23bd72"))
	l, err := secp.NewScalarFromCanonicalBytes(&b)
	if err != nil {
		panic(err)
	}
	return l
}

func unhex(s string) []byte {
	b, err := hex.DecodeString(s)
	if err != nil {
		panic(err)
	}
	return b
}

// librarySum is the same sum by secp256k1-voi, one multiplication after the other.
func librarySum(t testing.TB, weights []Weight, points []Affine) (Affine, bool) {
	t.Helper()
	sum := secp.NewIdentityPoint()
	for i, w := range weights {
		k := secp.NewScalarFromUint64(w[1])
		k.Multiply(k, lambda())
		k.Add(k, secp.NewScalarFromUint64(w[0]))
		p, err := secp.NewPointFromCoords((*[32]byte)(points[i][:32]), (*[32]byte)(points[i][32:]))
		if err != nil {
			t.Fatal(err)
		}
		sum.Add(sum, secp.NewIdentityPoint().ScalarMult(k, p))
	}
	b := sum.UncompressedBytes()
	if len(b) != 65 {
		return Affine{}, false
	}
	return Affine(b[1:]), true
}

func checkSum(t testing.TB, weights []Weight, points []Affine) {
	t.Helper()
	got, ok := SumVartime(weights, points)
	want, wantOK := librarySum(t, weights, points)
	if got != want || ok != wantOK {
		t.Fatalf("the sum of %x times %x is %x (%v), secp256k1-voi has %x (%v)", weights, points, got, ok, want, wantOK)
	}
}

func opposite(a Affine) Affine {
	y := feFromBytes((*[32]byte)(a[32:]))
	y = y.negate()
	y.put(a[32:])
	return a
}

// edgeWeights have digits that are all zero, all set, or carry from one end to the
// other.
func edgeWeights() []Weight {
	words := []uint64{0, 1, 2, 7, 8, 9, 15, 1 << 32, 1 << 63, 0xaaaaaaaaaaaaaaaa, ^uint64(0) - 7, ^uint64(0)}
	var all []Weight
	for _, a := range words {
		all = append(all, Weight{a, 0}, Weight{0, a}, Weight{a, a}, Weight{a, ^a})
	}
	return all
}

func TestSumsAgreeWithTheLibrary(t *testing.T) {
	t.Parallel()
	r := newRandom(1)
	for _, n := range []int{0, 1, 2, 3, 7, 33} {
		for range 20 {
			var weights []Weight
			var points []Affine
			for range n {
				weights, points = append(weights, r.weight()), append(points, r.point())
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
	for i, a := range edgeWeights() {
		checkSum(t, []Weight{a}, []Affine{p})
		for j, b := range edgeWeights() {
			if (i+j)%5 != 0 && a != b {
				continue // a multiplication takes long under the race detector
			}
			for _, q := range []Affine{p, opposite(p), turned, opposite(turned)} {
				checkSum(t, []Weight{a, b}, []Affine{p, q})
				checkSum(t, []Weight{a, b, b}, []Affine{opposite(p), q, q})
			}
		}
	}
}

func TestDigitsSpellTheNumber(t *testing.T) {
	t.Parallel()
	r := newRandom(4)
	numbers := []uint64{0, 1, 7, 8, 9, ^uint64(0), ^uint64(0) - 7, 1 << 63}
	for range 10000 {
		numbers = append(numbers, r.Uint64())
	}
	for _, k := range numbers {
		var digits [digitCount]int8
		recode(&digits, k)
		sum, quiet := new(big.Int), width
		for i := len(digits) - 1; i >= 0; i-- {
			sum.Lsh(sum, 1).Add(sum, big.NewInt(int64(digits[i])))
			quiet++
			if d := digits[i]; d != 0 {
				if d%2 == 0 || d > tableSize*2 || d < -tableSize*2 || quiet < width {
					t.Fatalf("the digits of %d: %v", k, digits)
				}
				quiet = 0
			}
		}
		if sum.Cmp(new(big.Int).SetUint64(k)) != 0 {
			t.Fatalf("the digits of %d make %v", k, sum)
		}
	}
}

func FuzzSum(f *testing.F) {
	for i, w := range edgeWeights() {
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
		checkSum(t, []Weight{{a, b}, r.weight(), {b, a}}, points)
	})
}

func BenchmarkSum(b *testing.B) {
	r := newRandom(3)
	for _, n := range []int{1, 2, 8, 32} {
		weights, points := make([]Weight, n), make([]Affine, n)
		for i := range n {
			weights[i], points[i] = r.weight(), r.point()
		}
		b.Run(fmt.Sprintf("points=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				SumVartime(weights, points)
			}
		})
	}
}
