package curve

// jacobian is a point with x = X/Z^2 and y = Y/Z^3, infinity when Z is 0. The
// formulas are those that everybody uses for curves with a = 0, with every
// exception decided by a branch: public points only.
type jacobian struct{ x, y, z fe }

// flat is a point with Z = 1, so never infinity.
type flat struct{ x, y fe }

func (p *jacobian) set(q *flat) { *p = jacobian{q.x, q.y, fe{1}} }

// double sets p = 2p. No point of this curve has order two, so it needs no
// exception: infinity stays infinity.
func (p *jacobian) double() {
	var a, b, c, d, e, t fe
	a.mul(&p.x, &p.x)
	b.mul(&p.y, &p.y)
	c.mul(&b, &b)
	t.add(&p.x, &b)
	d.mul(&t, &t)
	d.sub(&d, &a)
	d.sub(&d, &c)
	d.add(&d, &d) // 2((X + B)^2 - A - C) = 4XY^2
	e.add(&a, &a)
	e.add(&e, &a) // 3X^2
	p.z.mul(&p.y, &p.z)
	p.z.add(&p.z, &p.z)
	p.x.mul(&e, &e)
	p.x.sub(&p.x, &d)
	p.x.sub(&p.x, &d)
	t.sub(&d, &p.x)
	p.y.mul(&e, &t)
	c.add(&c, &c)
	c.add(&c, &c)
	c.add(&c, &c) // 8Y^4
	p.y.sub(&p.y, &c)
}

// addFlat sets p = p + q.
func (p *jacobian) addFlat(q *flat) {
	if p.z.isZero() {
		p.set(q)
		return
	}
	var zz, u, s fe
	zz.mul(&p.z, &p.z)
	u.mul(&q.x, &zz)
	s.mul(&q.y, &zz)
	s.mul(&s, &p.z)
	p.join(&p.x, &p.y, &u, &s, nil)
}

// add sets p = p + q.
func (p *jacobian) add(q *jacobian) {
	if q.z.isZero() {
		return
	}
	if p.z.isZero() {
		*p = *q
		return
	}
	var pz, qz, u1, s1, u2, s2 fe
	pz.mul(&p.z, &p.z)
	qz.mul(&q.z, &q.z)
	u1.mul(&p.x, &qz)
	s1.mul(&p.y, &qz)
	s1.mul(&s1, &q.z)
	u2.mul(&q.x, &pz)
	s2.mul(&q.y, &pz)
	s2.mul(&s2, &p.z)
	p.join(&u1, &s1, &u2, &s2, &q.z)
}

// join ends an addition: (u1, s1) and (u2, s2) are both points over the common Z,
// which is that of p times z; no z is 1. They may be equal or opposite.
func (p *jacobian) join(u1, s1, u2, s2, z *fe) {
	var h, r fe
	h.sub(u2, u1)
	r.sub(s2, s1)
	if h.isZero() {
		if r.isZero() {
			p.double()
		} else {
			*p = jacobian{}
		}
		return
	}
	var hh, hhh, v, t, y fe
	hh.mul(&h, &h)
	hhh.mul(&h, &hh)
	v.mul(u1, &hh)
	y.mul(s1, &hhh)
	p.x.mul(&r, &r)
	p.x.sub(&p.x, &hhh)
	p.x.sub(&p.x, &v)
	p.x.sub(&p.x, &v)
	t.sub(&v, &p.x)
	p.y.mul(&r, &t)
	p.y.sub(&p.y, &y)
	p.z.mul(&p.z, &h)
	if z != nil {
		p.z.mul(&p.z, z)
	}
}

// negated returns -q.
func (q *flat) negated() flat {
	n := flat{x: q.x}
	n.y.sub(&fe{}, &q.y)
	return n
}

// flatten brings points to Z = 1 with one inversion for all of them. None may be
// infinity.
func flatten(to []flat, from []jacobian) {
	before := make([]fe, len(from)) // the product of all Z before this one
	product := fe{1}
	for i := range from {
		before[i] = product
		product.mul(&product, &from[i].z)
	}
	rest := product.inverse()
	for i := len(from) - 1; i >= 0; i-- {
		var inverse, square fe
		inverse.mul(&rest, &before[i])
		rest.mul(&rest, &from[i].z)
		square.mul(&inverse, &inverse)
		to[i].x.mul(&from[i].x, &square)
		inverse.mul(&inverse, &square)
		to[i].y.mul(&from[i].y, &inverse)
	}
}

// encode encodes points, with one inversion for all of them. None may be infinity.
func encode(points []jacobian) []Affine {
	flats, encoded := make([]flat, len(points)), make([]Affine, len(points))
	flatten(flats, points)
	for i := range flats {
		x, _ := flats[i].x.canonical()
		y, _ := flats[i].y.canonical()
		x.put(encoded[i][:32])
		y.put(encoded[i][32:])
	}
	return encoded
}
