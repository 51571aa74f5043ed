// Package bdhke is the arithmetic of blind signatures on secp256k1: hash to
// curve, blind, unblind (NUT-00) and the check of discrete-log-equality proofs
// (NUT-12). The signing half lives in bdhke/mintkey, so that a program which
// must not touch a private key can be kept from linking it.
//
// It trusts nothing that it is given: points are accepted only as 33 bytes on
// the curve, scalars only in 1..n-1, and infinity is never returned. It must
// never do variable-time work with a secret scalar.
package bdhke

import (
	"fmt"

	"mintmark/bdhke/internal/curve"
)

// Blind hides a secret from the mint: B_ = hash_to_curve(secret) + r*G. A
// wallet never uses the same secret and r twice.
func Blind(secret []byte, r Scalar) (Point, error) {
	if r.IsZero() {
		return Point{}, fmt.Errorf("%w: no blinding factor", ErrInvalidScalar)
	}
	y, err := HashToCurve(secret)
	if err != nil {
		return Point{}, err
	}
	e, err := y.Element()
	if err != nil {
		return Point{}, err
	}
	return FromElement(curve.Add(e, curve.MulBase(r.Secret())))
}

// Unblind turns a blind signature into one of the secret: C = C_ - r*K, with K
// the mint's public key of the amount.
func Unblind(c Point, r Scalar, k Point) (Point, error) {
	if r.IsZero() {
		return Point{}, fmt.Errorf("%w: no blinding factor", ErrInvalidScalar)
	}
	ce, err := c.Element()
	if err != nil {
		return Point{}, err
	}
	ke, err := k.Element()
	if err != nil {
		return Point{}, err
	}
	return FromElement(curve.Sub(ce, curve.Mul(r.Secret(), ke)))
}
