//go:build !libsecp256k1

package curve

// The backend that is used unless the build asks for another one:
// gitlab.com/yawning/secp256k1-voi, pure Go. Field arithmetic is generated from
// proofs (fiat-crypto), point formulas are complete, table look-ups touch every
// entry, and inversion is an exponentiation by a fixed power. Another backend
// implements the functions of this file and no more.

import secp "gitlab.com/yawning/secp256k1-voi"

// Backend names the library that multiplies points.
const Backend = "secp256k1-voi"

// Element is a decoded point, ready for arithmetic. It may be infinity.
type Element struct{ p secp.Point }

// Decode makes an Element of an Affine. The Affine must come from this package.
func Decode(a *Affine) (*Element, error) {
	e := new(Element)
	var b [65]byte
	b[0] = 4
	copy(b[1:], a[:])
	if _, err := e.p.SetUncompressedBytes(b[:]); err != nil {
		return nil, err
	}
	return e, nil
}

// decompressSlow is Decompress by the library alone.
func decompressSlow(x *[32]byte, odd bool) (Affine, bool) {
	var c [33]byte
	c[0] = 2
	if odd {
		c[0] = 3
	}
	copy(c[1:], x[:])
	var e Element
	if _, err := e.p.SetCompressedBytes(c[:]); err != nil {
		return Affine{}, false
	}
	return e.Affine()
}

// Affine encodes e; false when e is infinity.
func (e *Element) Affine() (Affine, bool) {
	b := e.p.UncompressedBytes()
	if len(b) != 65 {
		return Affine{}, false
	}
	return Affine(b[1:]), true
}

// Mul returns k*p in constant time.
func Mul(k *Scalar, p *Element) *Element {
	r := new(Element)
	r.p.ScalarMult(&k.v, &p.p)
	return r
}

// MulBase returns k*G in constant time.
func MulBase(k *Scalar) *Element {
	r := new(Element)
	r.p.ScalarBaseMult(&k.v)
	return r
}

// Add returns p + q.
func Add(p, q *Element) *Element {
	r := new(Element)
	r.p.Add(&p.p, &q.p)
	return r
}

// Sub returns p - q.
func Sub(p, q *Element) *Element {
	r := new(Element)
	r.p.Subtract(&p.p, &q.p)
	return r
}

// Equal compares two decoded points without leaving projective coordinates.
func (e *Element) Equal(f *Element) bool { return e.p.Equal(&f.p) == 1 }
