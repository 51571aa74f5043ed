package bdhke

import (
	"fmt"

	"mintmark/bdhke/internal/curve"
)

// Backend names the library that multiplies points: secp256k1-voi, or
// libsecp256k1 in a build with that tag.
const Backend = curve.Backend

// The functions here are for bdhke/mintkey. Their types live in an internal
// package, so nobody outside of this folder can call them.

// Element decodes p for arithmetic; the zero Point is an error.
func (p Point) Element() (*curve.Element, error) {
	e, err := curve.Decode(&p.xy)
	if err != nil {
		return nil, fmt.Errorf("%w: no point given", ErrInvalidPoint)
	}
	return e, nil
}

// Affine returns both coordinates of p; all zero for the zero Point.
func (p Point) Affine() curve.Affine { return p.xy }

// FromElement encodes the result of arithmetic; infinity is an error.
func FromElement(e *curve.Element) (Point, error) {
	xy, ok := e.Affine()
	if !ok {
		return Point{}, fmt.Errorf("%w: infinity", ErrInvalidPoint)
	}
	return Point{xy}, nil
}

// Secret returns the number behind s; nil for the zero value.
func (s Scalar) Secret() *curve.Scalar { return s.box.Open() }
