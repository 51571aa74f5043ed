package bdhke

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"

	"mintmark/bdhke/internal/curve"
)

// ErrInvalidScalar is returned for everything that is not a number in 1..n-1.
var ErrInvalidScalar = errors.New("invalid scalar")

// Scalar is a secret number in 1..n-1: a blinding factor, or a private key on its
// way to the keystore. It prints as [redacted] everywhere and cannot be compared
// with ==. The zero value is no scalar: Public gives the zero Point and Mul an
// error.
type Scalar struct {
	curve.Hidden
	box curve.Box
}

// NewScalar reads 32 bytes, big endian. Zero and numbers from the group order
// upwards are refused, never reduced.
func NewScalar(b []byte) (Scalar, error) {
	if len(b) != 32 {
		return Scalar{}, fmt.Errorf("%w: %d bytes instead of 32", ErrInvalidScalar, len(b))
	}
	v, err := curve.NewScalar((*[32]byte)(b))
	if err != nil {
		return Scalar{}, fmt.Errorf("%w: zero or not below the group order", ErrInvalidScalar)
	}
	return Scalar{box: curve.NewBox(v)}, nil
}

// RandomScalar draws a uniform scalar; nil means the system's randomness. Values
// outside 1..n-1 are drawn again, so there is no bias from a reduction.
func RandomScalar(r io.Reader) (Scalar, error) {
	if r == nil {
		r = rand.Reader
	}
	var b [32]byte
	for {
		if _, err := io.ReadFull(r, b[:]); err != nil {
			return Scalar{}, fmt.Errorf("drawing a random scalar: %w", err)
		}
		if v, err := curve.NewScalar(&b); err == nil {
			return Scalar{box: curve.NewBox(v)}, nil
		}
	}
}

// Bytes returns the secret, 32 bytes big endian; zeros for the zero value. For
// keeping it and for deriving from it, never for showing it.
func (s Scalar) Bytes() [32]byte {
	if s.IsZero() {
		return [32]byte{}
	}
	return s.Secret().Bytes()
}

// Equal compares in constant time. Zero values equal nothing.
func (s Scalar) Equal(t Scalar) bool {
	return !s.IsZero() && !t.IsZero() && s.Secret().Equal(t.Secret())
}

// Wipe overwrites the secret in memory, in all copies of s, which are zero values
// from then on. Nobody may use s meanwhile.
func (s Scalar) Wipe() { s.box.Wipe() }

// IsZero tells that there is no scalar.
func (s Scalar) IsZero() bool { return s.Secret() == nil }

// Add returns s+t modulo the group order, in constant time. It fails when either
// is a zero value or the sum is zero. Derivations add (BIP32, NUT-28).
func (s Scalar) Add(t Scalar) (Scalar, error) {
	if s.IsZero() || t.IsZero() {
		return Scalar{}, fmt.Errorf("%w: no scalar given", ErrInvalidScalar)
	}
	v := curve.AddScalars(s.Secret(), t.Secret())
	if v == nil {
		return Scalar{}, fmt.Errorf("%w: the sum is zero", ErrInvalidScalar)
	}
	return Scalar{box: curve.NewBox(v)}, nil
}

// Public returns s*G, in constant time.
func (s Scalar) Public() Point {
	if s.IsZero() {
		return Point{}
	}
	xy, _ := curve.MulBase(s.Secret()).Affine() // never infinity: s is not 0 mod n
	return Point{xy}
}

// Mul returns s*p, in constant time. It fails only when s or p is a zero value.
func (s Scalar) Mul(p Point) (Point, error) {
	if s.IsZero() {
		return Point{}, fmt.Errorf("%w: no scalar given", ErrInvalidScalar)
	}
	e, err := p.Element()
	if err != nil {
		return Point{}, err
	}
	return FromElement(curve.Mul(s.Secret(), e))
}
