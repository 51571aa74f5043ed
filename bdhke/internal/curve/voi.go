package curve

// The backend: gitlab.com/yawning/secp256k1-voi, pure Go. Field and scalar
// arithmetic are generated from proofs (fiat-crypto), point formulas are complete,
// table look-ups touch every entry, and inversion is an exponentiation by a fixed
// power. Another backend implements the functions of this file and no more.

import (
	"errors"

	secp "gitlab.com/yawning/secp256k1-voi"
)

// ErrScalar is a scalar that is not 32 bytes, zero, or not below the order.
var ErrScalar = errors.New("scalar is not in 1..n-1")

// Scalar is a number modulo the group order, secret unless its user knows better.
type Scalar struct {
	Hidden
	v secp.Scalar
}

// NewScalar reads a canonical, non-zero scalar, in constant time.
func NewScalar(b *[32]byte) (*Scalar, error) {
	s := new(Scalar)
	if _, err := s.v.SetCanonicalBytes(b); err != nil {
		return nil, ErrScalar
	}
	if s.v.IsZero() == 1 {
		return nil, ErrScalar
	}
	return s, nil
}

// ReduceScalar reads any 32 bytes modulo the order; the result may be zero. For
// challenges, never for keys.
func ReduceScalar(b *[32]byte) *Scalar {
	s := new(Scalar)
	s.v.SetBytes(b)
	return s
}

// Bytes returns the 32 bytes of s, big endian.
func (s *Scalar) Bytes() [32]byte { return [32]byte(s.v.Bytes()) }

// Equal compares in constant time.
func (s *Scalar) Equal(t *Scalar) bool { return s.v.Equal(&t.v) == 1 }

// AddScalars returns a + b; nil when that is zero. In constant time but for that.
func AddScalars(a, b *Scalar) *Scalar {
	var z Scalar
	z.v.Add(&a.v, &b.v)
	if z.v.IsZero() == 1 {
		return nil
	}
	return &z
}

// MulAdd returns a*b + c in constant time.
func MulAdd(a, b, c *Scalar) *Scalar {
	r := new(Scalar)
	r.v.Multiply(&a.v, &b.v)
	r.v.Add(&r.v, &c.v)
	return r
}

// Negate returns -s in constant time.
func (s *Scalar) Negate() *Scalar {
	r := new(Scalar)
	r.v.Negate(&s.v)
	return r
}

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

// MulBaseAddMulVartime returns a*G + b*p. Public scalars only.
func MulBaseAddMulVartime(a, b *Scalar, p *Element) *Element {
	r := new(Element)
	r.p.DoubleScalarMultBasepointVartime(&a.v, &b.v, &p.p)
	return r
}

// MulAddMulVartime returns a*p + b*q. Public scalars only.
func MulAddMulVartime(a *Scalar, p *Element, b *Scalar, q *Element) *Element {
	r := new(Element)
	r.p.MultiScalarMultVartime([]*secp.Scalar{&a.v, &b.v}, []*secp.Point{&p.p, &q.p})
	return r
}
