package bdhke

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"log/slog"

	"mintmark/bdhke/internal/curve"
)

// ErrInvalidScalar is returned for everything that is not a number in 1..n-1.
var ErrInvalidScalar = errors.New("invalid scalar")

// Scalar is a secret number in 1..n-1: a blinding factor, or on its way to
// become a private key. It prints as [redacted] everywhere. The zero value is no
// scalar: Public gives the zero Point and Mul an error.
type Scalar struct {
	_ [0]func() // not comparable: == is not constant-time
	// Behind a pointer, so that printing a struct which holds a Scalar in an
	// unexported field shows an address: fmt calls no method there.
	v *curve.Scalar
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
	return Scalar{v: v}, nil
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
			return Scalar{v: v}, nil
		}
	}
}

// Bytes returns the secret, 32 bytes big endian; zeros for the zero value. For
// keeping it and for deriving from it, never for showing it.
func (s Scalar) Bytes() [32]byte {
	if s.v == nil {
		return [32]byte{}
	}
	return s.v.Bytes()
}

// IsZero tells that there is no scalar.
func (s Scalar) IsZero() bool { return s.v == nil }

// Public returns s*G, in constant time.
func (s Scalar) Public() Point {
	if s.v == nil {
		return Point{}
	}
	xy, _ := curve.MulBase(s.v).Affine() // never infinity: s is not 0 mod n
	return Point{xy}
}

// Mul returns s*p, in constant time. It fails only when s or p is a zero value.
func (s Scalar) Mul(p Point) (Point, error) {
	if s.v == nil {
		return Point{}, fmt.Errorf("%w: no scalar given", ErrInvalidScalar)
	}
	e, err := p.Element()
	if err != nil {
		return Point{}, err
	}
	return FromElement(curve.Mul(s.v, e))
}

const redacted = "[redacted]"

// String hides the secret.
func (Scalar) String() string { return redacted }

// GoString hides the secret.
func (Scalar) GoString() string { return redacted }

// Format hides the secret under every verb.
func (Scalar) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// MarshalText hides the secret, also from JSON.
func (Scalar) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue hides the secret.
func (Scalar) LogValue() slog.Value { return slog.StringValue(redacted) }
