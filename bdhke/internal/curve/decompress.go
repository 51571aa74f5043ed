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
