// Package curve is the seam between NUT-00/NUT-12 and a library of secp256k1
// arithmetic. Everything else in the tree speaks in bdhke's points and scalars;
// only this package knows which library does the work, so that another one
// (libsecp256k1 through cgo) can take its place behind a build tag.
//
// It trusts the library to be constant-time in every function that takes a
// *Scalar and is not called Vartime. A secret scalar must never be given to a
// function called Vartime, compared with ==, or turned into a big.Int.
package curve

// AffineSize is the length of an Affine.
const AffineSize = 64

// Affine is a point of the curve as x || y, both 32 bytes big endian. All zero
// is no point: (0, 0) is not on the curve, so nothing else has that encoding.
type Affine [AffineSize]byte

// IsZero tells that there is no point. Points are public: == is right here.
func (a *Affine) IsZero() bool { return *a == Affine{} }
