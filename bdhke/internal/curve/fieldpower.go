package curve

// ladder holds the powers that the square root and the inverse share: xN is
// x^(2^N - 1).
type ladder struct{ x2, x22, x223 fe }

// raise returns base^(2^n) * tail.
func raise(base *fe, n int, tail *fe) (z fe) {
	z = base.squareTimes(n)
	z.mul(&z, tail)
	return z
}

func (x *fe) climb() ladder {
	x2 := raise(x, 1, x)
	x3 := raise(&x2, 1, x)
	x6 := raise(&x3, 3, &x3)
	x9 := raise(&x6, 3, &x3)
	x11 := raise(&x9, 2, &x2)
	x22 := raise(&x11, 11, &x11)
	x44 := raise(&x22, 22, &x22)
	x88 := raise(&x44, 44, &x44)
	x176 := raise(&x88, 88, &x88)
	x220 := raise(&x176, 44, &x44)
	return ladder{x2, x22, raise(&x220, 3, &x3)}
}

// root returns x^((p+1)/4), which is the square root of x if there is one. The
// exponent is 223 ones, a zero, 22 ones, then 00001100.
func (x *fe) root() fe {
	l := x.climb()
	z := raise(&l.x223, 23, &l.x22)
	z = raise(&z, 6, &l.x2)
	return z.squareTimes(2)
}

// inverse returns x^(p-2), which is 1/x, and 0 for 0. The exponent is 223 ones, a
// zero, 22 ones, then 0000101101.
func (x *fe) inverse() fe {
	l := x.climb()
	z := raise(&l.x223, 23, &l.x22)
	z = raise(&z, 5, x)
	z = raise(&z, 3, &l.x2)
	return raise(&z, 2, x)
}
