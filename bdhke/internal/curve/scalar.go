package curve

// Numbers modulo the group order are secp256k1-voi's under every backend: what it
// generates from proofs (fiat-crypto) is constant-time, knows zero, reduces what
// has to be reduced, and takes a thousandth of the time of a multiplication of
// points.

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
