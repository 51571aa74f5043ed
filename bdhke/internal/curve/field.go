package curve

import (
	"encoding/binary"
	"math/bits"
)

// fe is a number modulo p = 2^256 - 2^32 - 977, least significant word first. It
// may be any of the 2^256 values; canonical brings it below p.
//
// It exists for two purposes, the square root of Decompress and the sums of
// SumVartime: the library's arithmetic, which must also be fit for secrets, takes
// several times as long. It works on public data only. No promise of constant time
// is made, and no secret may come here.
type fe [4]uint64

// fold is 2^256 mod p.
const fold = 0x1000003D1

// curveB is the 7 of y^2 = x^3 + 7.
const curveB = 7

func feFromBytes(b *[32]byte) fe {
	return fe{
		binary.BigEndian.Uint64(b[24:]),
		binary.BigEndian.Uint64(b[16:]),
		binary.BigEndian.Uint64(b[8:]),
		binary.BigEndian.Uint64(b[:]),
	}
}

func (x *fe) put(b []byte) {
	binary.BigEndian.PutUint64(b, x[3])
	binary.BigEndian.PutUint64(b[8:], x[2])
	binary.BigEndian.PutUint64(b[16:], x[1])
	binary.BigEndian.PutUint64(b[24:], x[0])
}

// addSmall returns x + n.
func (x *fe) addSmall(n uint64) fe {
	var z fe
	var c uint64
	z[0], c = bits.Add64(x[0], n, 0)
	z[1], c = bits.Add64(x[1], 0, c)
	z[2], c = bits.Add64(x[2], 0, c)
	z[3], c = bits.Add64(x[3], 0, c)
	z[0], c = bits.Add64(z[0], fold&-c, 0)
	z[1] += c // x wrapped, so z is tiny and no further carry is possible
	return z
}

// add sets z = x+y.
func (z *fe) add(x, y *fe) {
	z0, c := bits.Add64(x[0], y[0], 0)
	z1, c := bits.Add64(x[1], y[1], c)
	z2, c := bits.Add64(x[2], y[2], c)
	z3, c := bits.Add64(x[3], y[3], c)
	z0, c = bits.Add64(z0, fold&-c, 0)
	z1, c = bits.Add64(z1, 0, c)
	z2, c = bits.Add64(z2, 0, c)
	z3, c = bits.Add64(z3, 0, c)
	// After a second carry what is left is below fold: adding it ends there.
	z[0], z[1], z[2], z[3] = z0+fold&-c, z1, z2, z3
}

// sub sets z = x-y.
func (z *fe) sub(x, y *fe) {
	z0, b := bits.Sub64(x[0], y[0], 0)
	z1, b := bits.Sub64(x[1], y[1], b)
	z2, b := bits.Sub64(x[2], y[2], b)
	z3, b := bits.Sub64(x[3], y[3], b)
	z0, b = bits.Sub64(z0, fold&-b, 0)
	z1, b = bits.Sub64(z1, 0, b)
	z2, b = bits.Sub64(z2, 0, b)
	z3, b = bits.Sub64(z3, 0, b)
	// After a second borrow what is left is above 2^256 - fold.
	z[0], z[1], z[2], z[3] = z0-fold&-b, z1, z2, z3
}

// isZero tells whether x is 0 modulo p.
func (x *fe) isZero() bool {
	return x[0]|x[1]|x[2]|x[3] == 0 ||
		x[0] == ^uint64(fold)+1 && x[1]&x[2]&x[3] == ^uint64(0)
}

// canonical returns x below p, and whether it already was.
func (x *fe) canonical() (fe, bool) {
	// x >= p exactly when x + fold reaches 2^256.
	var z fe
	var c uint64
	z[0], c = bits.Add64(x[0], fold, 0)
	z[1], c = bits.Add64(x[1], 0, c)
	z[2], c = bits.Add64(x[2], 0, c)
	z[3], c = bits.Add64(x[3], 0, c)
	if c == 0 {
		return *x, true
	}
	return z, false
}

// negate returns -x. x must be canonical.
func (x *fe) negate() fe {
	if *x == (fe{}) {
		return fe{}
	}
	var z fe
	var b uint64
	z[0], b = bits.Sub64(^uint64(fold)+1, x[0], 0)
	z[1], b = bits.Sub64(^uint64(0), x[1], b)
	z[2], b = bits.Sub64(^uint64(0), x[2], b)
	z[3], _ = bits.Sub64(^uint64(0), x[3], b)
	return z
}

// mul sets z = x*y.
func (z *fe) mul(x, y *fe) {
	// One column after the other of the multiplication as it is done by hand, by
	// rows of x; written out, because the words then stay in registers.
	x0, y0, y1, y2, y3 := x[0], y[0], y[1], y[2], y[3]
	h0, r0 := bits.Mul64(x0, y0)
	h1, l1 := bits.Mul64(x0, y1)
	h2, l2 := bits.Mul64(x0, y2)
	h3, l3 := bits.Mul64(x0, y3)
	r1, c := bits.Add64(h0, l1, 0)
	r2, c := bits.Add64(h1, l2, c)
	r3, c := bits.Add64(h2, l3, c)
	r4 := h3 + c

	x0 = x[1]
	h0, l0 := bits.Mul64(x0, y0)
	h1, l1 = bits.Mul64(x0, y1)
	h2, l2 = bits.Mul64(x0, y2)
	h3, l3 = bits.Mul64(x0, y3)
	r1, c = bits.Add64(r1, l0, 0)
	r2, c = bits.Add64(r2, l1, c)
	r3, c = bits.Add64(r3, l2, c)
	r4, c = bits.Add64(r4, l3, c)
	r5 := h3 + c
	r2, c = bits.Add64(r2, h0, 0)
	r3, c = bits.Add64(r3, h1, c)
	r4, c = bits.Add64(r4, h2, c)
	r5 += c

	x0 = x[2]
	h0, l0 = bits.Mul64(x0, y0)
	h1, l1 = bits.Mul64(x0, y1)
	h2, l2 = bits.Mul64(x0, y2)
	h3, l3 = bits.Mul64(x0, y3)
	r2, c = bits.Add64(r2, l0, 0)
	r3, c = bits.Add64(r3, l1, c)
	r4, c = bits.Add64(r4, l2, c)
	r5, c = bits.Add64(r5, l3, c)
	r6 := h3 + c
	r3, c = bits.Add64(r3, h0, 0)
	r4, c = bits.Add64(r4, h1, c)
	r5, c = bits.Add64(r5, h2, c)
	r6 += c

	x0 = x[3]
	h0, l0 = bits.Mul64(x0, y0)
	h1, l1 = bits.Mul64(x0, y1)
	h2, l2 = bits.Mul64(x0, y2)
	h3, l3 = bits.Mul64(x0, y3)
	r3, c = bits.Add64(r3, l0, 0)
	r4, c = bits.Add64(r4, l1, c)
	r5, c = bits.Add64(r5, l2, c)
	r6, c = bits.Add64(r6, l3, c)
	r7 := h3 + c
	r4, c = bits.Add64(r4, h0, 0)
	r5, c = bits.Add64(r5, h1, c)
	r6, c = bits.Add64(r6, h2, c)
	r7 += c
	z[0], z[1], z[2], z[3] = reduce(r0, r1, r2, r3, r4, r5, r6, r7)
}

// reduce folds 512 bits into 256 twice, and a last carry once more.
func reduce(r0, r1, r2, r3, r4, r5, r6, r7 uint64) (z0, z1, z2, z3 uint64) {
	h0, l0 := bits.Mul64(r4, fold)
	h1, l1 := bits.Mul64(r5, fold)
	h2, l2 := bits.Mul64(r6, fold)
	h3, l3 := bits.Mul64(r7, fold)
	var c, d uint64
	r0, c = bits.Add64(r0, l0, 0)
	r1, c = bits.Add64(r1, l1, c)
	r2, c = bits.Add64(r2, l2, c)
	r3, c = bits.Add64(r3, l3, c)
	r1, d = bits.Add64(r1, h0, 0)
	r2, d = bits.Add64(r2, h1, d)
	r3, d = bits.Add64(r3, h2, d)
	h, l := bits.Mul64(h3+c+d, fold)
	r0, c = bits.Add64(r0, l, 0)
	r1, c = bits.Add64(r1, h, c)
	r2, c = bits.Add64(r2, 0, c)
	r3, c = bits.Add64(r3, 0, c)
	// A carry here leaves less than 2^67 behind, so the next cannot carry on
	// past the second word.
	r0, c = bits.Add64(r0, fold&-c, 0)
	return r0, r1 + c, r2, r3
}

// squareTimes returns x squared n times over. The words stay in registers
// between the rounds; that is where the time of a square root goes.
func (x *fe) squareTimes(n int) fe {
	x0, x1, x2, x3 := x[0], x[1], x[2], x[3]
	for range n {
		h01, r1 := bits.Mul64(x0, x1)
		h02, l02 := bits.Mul64(x0, x2)
		h03, l03 := bits.Mul64(x0, x3)
		h12, l12 := bits.Mul64(x1, x2)
		h13, l13 := bits.Mul64(x1, x3)
		h23, l23 := bits.Mul64(x2, x3)
		r2, c := bits.Add64(h01, l02, 0)
		r3, c := bits.Add64(h02, l03, c)
		r4, c := bits.Add64(h03, l13, c)
		r5, c := bits.Add64(h13, l23, c)
		r6 := h23 + c
		r3, c = bits.Add64(r3, l12, 0)
		r4, c = bits.Add64(r4, h12, c)
		r5, c = bits.Add64(r5, 0, c)
		r6 += c

		// Twice the mixed products, plus the squares.
		r7 := r6 >> 63
		r6 = r6<<1 | r5>>63
		r5 = r5<<1 | r4>>63
		r4 = r4<<1 | r3>>63
		r3 = r3<<1 | r2>>63
		r2 = r2<<1 | r1>>63
		r1 <<= 1
		h0, r0 := bits.Mul64(x0, x0)
		h1, l1 := bits.Mul64(x1, x1)
		h2, l2 := bits.Mul64(x2, x2)
		h3, l3 := bits.Mul64(x3, x3)
		r1, c = bits.Add64(r1, h0, 0)
		r2, c = bits.Add64(r2, l1, c)
		r3, c = bits.Add64(r3, h1, c)
		r4, c = bits.Add64(r4, l2, c)
		r5, c = bits.Add64(r5, h2, c)
		r6, c = bits.Add64(r6, l3, c)
		r7 += h3 + c
		x0, x1, x2, x3 = reduce(r0, r1, r2, r3, r4, r5, r6, r7)
	}
	return fe{x0, x1, x2, x3}
}
