package curve

import (
	"crypto/sha256"
	"encoding/binary"
	"math/big"
	"math/rand/v2"
	"testing"
)

var prime, _ = new(big.Int).SetString("fffffffffffffffffffffffffffffffffffffffffffffffffffffffefffffc2f", 16)

func (x *fe) big() *big.Int {
	var b [32]byte
	x.put(b[:])
	return new(big.Int).SetBytes(b[:])
}

// edges are the values where a carry is most likely to be forgotten.
func edges() []fe {
	words := []uint64{0, 1, 2, fold - 1, fold, fold + 1, 1 << 32, 1<<63 - 1, 1 << 63, ^uint64(fold), ^uint64(fold) + 1, ^uint64(fold) + 2, ^uint64(0) - 1, ^uint64(0)}
	var all []fe
	for _, lo := range words {
		for _, hi := range words {
			all = append(all, fe{lo, hi, hi, hi}, fe{lo, 0, 0, hi}, fe{lo, ^uint64(0), ^uint64(0), hi})
		}
	}
	return all
}

func wantField(t *testing.T, what string, got fe, want *big.Int) {
	t.Helper()
	c, _ := got.canonical()
	if want = new(big.Int).Mod(want, prime); c.big().Cmp(want) != 0 {
		t.Fatalf("%s: got %x, want %x", what, c.big(), want)
	}
}

func checkField(t *testing.T, x, y fe) {
	t.Helper()
	bx, by := x.big(), y.big()
	var z fe
	z.mul(&x, &y)
	wantField(t, "mul", z, new(big.Int).Mul(bx, by))
	wantField(t, "square", x.squareTimes(1), new(big.Int).Mul(bx, bx))
	wantField(t, "square twice", x.squareTimes(2), new(big.Int).Exp(bx, big.NewInt(4), prime))
	wantField(t, "add 7", x.addSmall(7), new(big.Int).Add(bx, big.NewInt(7)))
	c, was := x.canonical()
	if was != (bx.Cmp(prime) < 0) {
		t.Fatalf("canonical(%x) says it was canonical: %v", bx, was)
	}
	wantField(t, "negate", c.negate(), new(big.Int).Neg(bx))
	z.add(&x, &y)
	wantField(t, "add", z, new(big.Int).Add(bx, by))
	z.sub(&x, &y)
	wantField(t, "sub", z, new(big.Int).Sub(bx, by))
	if x.isZero() != (c == fe{}) {
		t.Fatalf("isZero(%x) = %v", bx, x.isZero())
	}
}

func TestFieldAgreesWithBigIntAtTheEdges(t *testing.T) {
	t.Parallel()
	all := edges()
	for i, x := range all {
		checkField(t, x, all[(i*7+3)%len(all)])
		for _, y := range all {
			var z fe
			z.mul(&x, &y)
			wantField(t, "mul", z, new(big.Int).Mul(x.big(), y.big()))
			z.add(&x, &y)
			wantField(t, "add", z, new(big.Int).Add(x.big(), y.big()))
			z.sub(&x, &y)
			wantField(t, "sub", z, new(big.Int).Sub(x.big(), y.big()))
		}
	}
}

func TestFieldAgreesWithBigIntOnRandomNumbers(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	for range 20000 {
		checkField(t, fe{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()}, fe{r.Uint64(), r.Uint64(), r.Uint64(), r.Uint64()})
	}
}

func TestInversesAgreeWithBigInt(t *testing.T) {
	t.Parallel()
	for _, x := range edges() {
		want := new(big.Int).ModInverse(new(big.Int).Mod(x.big(), prime), prime)
		if want == nil {
			want = new(big.Int) // 0 has none, and gives 0
		}
		wantField(t, "inverse", x.inverse(), want)
	}
}

func checkDecompress(t *testing.T, x *[32]byte) {
	t.Helper()
	for _, odd := range []bool{false, true} {
		got, ok := Decompress(x, odd)
		want, wantOK := decompressSlow(x, odd)
		if got != want || ok != wantOK {
			t.Fatalf("Decompress(%x, %v) = %x, %v; the library says %x, %v", *x, odd, got, ok, want, wantOK)
		}
	}
}

func TestDecompressAgreesWithTheLibrary(t *testing.T) {
	t.Parallel()
	for _, x := range edges() {
		var b [32]byte
		x.put(b[:])
		checkDecompress(t, &b)
	}
	for i := range uint64(3000) {
		var seed [8]byte
		binary.BigEndian.PutUint64(seed[:], i)
		x := sha256.Sum256(seed[:])
		checkDecompress(t, &x)
	}
}

func FuzzDecompress(f *testing.F) {
	for _, x := range edges()[:64] {
		var b [32]byte
		x.put(b[:])
		f.Add(b[:])
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		var x [32]byte
		copy(x[:], b)
		checkDecompress(t, &x)
	})
}

func BenchmarkDecompress(b *testing.B) {
	x := sha256.Sum256([]byte("x"))
	for ; ; x = sha256.Sum256(x[:]) {
		if _, ok := Decompress(&x, false); ok {
			break
		}
	}
	b.Run("impl=ours", func(b *testing.B) {
		for b.Loop() {
			Decompress(&x, false)
		}
	})
	b.Run("impl=library", func(b *testing.B) {
		for b.Loop() {
			decompressSlow(&x, false)
		}
	})
}
