package bdhke

import (
	"fmt"

	"mintmark/bdhke/internal/curve"
)

// Sums of points and negated scalars: what derived keys are made of (NUT-28).

// Add returns p+q. It fails when either is the zero value or when they add up to
// infinity.
func (p Point) Add(q Point) (Point, error) {
	a, err := p.Element()
	if err != nil {
		return Point{}, err
	}
	b, err := q.Element()
	if err != nil {
		return Point{}, err
	}
	return FromElement(curve.Add(a, b))
}

// Negate returns n-s, in constant time; an error for the zero value.
func (s Scalar) Negate() (Scalar, error) {
	if s.IsZero() {
		return Scalar{}, fmt.Errorf("%w: no scalar given", ErrInvalidScalar)
	}
	return Scalar{box: curve.NewBox(s.Secret().Negate())}, nil
}
