package curve

// Decompress finds the point of an x coordinate; false when there is none. In
// variable time: for points that anybody may see, and for hash to curve.
//
// The result carries its own proof. With c = x^3 + 7, the candidate y satisfies
// either y^2 = c, and (x, y) is on the curve, or y^2 = -c, and c is no square
// because -1 is none. Should neither hold, the arithmetic here is broken, and the
// library decides. What is later multiplied passes the library's own check of
// the curve equation in Decode besides.
func Decompress(xb *[32]byte, odd bool) (Affine, bool) {
	x := feFromBytes(xb)
	if _, ok := x.canonical(); !ok {
		return Affine{}, false
	}
	c := x.squareTimes(1)
	c.mul(&c, &x)
	c = c.addSmall(curveB)
	c, _ = c.canonical()

	y := c.root()
	y, _ = y.canonical()
	square := y.squareTimes(1)
	square, _ = square.canonical()
	if square != c {
		if square == c.negate() {
			return Affine{}, false
		}
		return decompressSlow(xb, odd)
	}
	if (y[0]&1 == 1) != odd {
		y = y.negate()
	}
	var a Affine
	copy(a[:], xb[:])
	y.put(a[32:])
	return a, true
}

// root returns x^((p+1)/4), which is the square root of x if there is one. The
// exponent is 223 ones, a zero, 22 ones, then 00001100.
func (x *fe) root() fe {
	var x2, x3, x6, x9, x11, x22, x44, x88, x176, x220, x223, t fe // xN: x^(2^N - 1)
	step := func(z, base *fe, n int, tail *fe) {
		t = base.squareTimes(n)
		z.mul(&t, tail)
	}
	step(&x2, x, 1, x)
	step(&x3, &x2, 1, x)
	step(&x6, &x3, 3, &x3)
	step(&x9, &x6, 3, &x3)
	step(&x11, &x9, 2, &x2)
	step(&x22, &x11, 11, &x11)
	step(&x44, &x22, 22, &x22)
	step(&x88, &x44, 44, &x44)
	step(&x176, &x88, 88, &x88)
	step(&x220, &x176, 44, &x44)
	step(&x223, &x220, 3, &x3)
	var z fe
	step(&z, &x223, 23, &x22)
	step(&z, &z, 6, &x2)
	return z.squareTimes(2)
}
