//go:build libsecp256k1 && cgo

package curve

// The backend of the build tag libsecp256k1: the C library of Bitcoin Core,
// through cgo. Secret scalars meet only its ECDH function, which multiplies in
// constant time and hands the whole point to a callback, and the creation of
// public keys, which blinds besides. Needs 0.2 or newer with the ECDH module.

/*
#cgo LDFLAGS: -lsecp256k1
#cgo noescape mm_on_curve
#cgo nocallback mm_on_curve
#cgo noescape mm_decompress
#cgo nocallback mm_decompress
#cgo noescape mm_mul
#cgo nocallback mm_mul
#cgo noescape mm_mul_base
#cgo nocallback mm_mul_base
#cgo noescape mm_add
#cgo nocallback mm_add
#include "libsecp256k1.h"
*/
import "C"

import (
	"crypto/rand"
	"crypto/subtle"
	"errors"
)

// Backend names the library that multiplies points.
const Backend = "libsecp256k1"

// blinded is the library's context for multiplications of the generator, blinded
// once with the system's randomness and only read from then on.
var blinded = func() *C.secp256k1_context {
	var seed [32]byte
	rand.Read(seed[:]) // never fails: it would have ended the process
	ctx := C.mm_context(uchar(seed[:]))
	clear(seed[:])
	if ctx == nil {
		panic("libsecp256k1 makes no context")
	}
	return ctx
}()

func uchar(b []byte) *C.uchar { return (*C.uchar)(&b[0]) }

var errNotOnCurve = errors.New("not on the curve")

// Element is a decoded point, ready for arithmetic. It may be infinity, which is
// the zero value here: the library has no form for it.
type Element struct{ xy Affine }

// Decode makes an Element of an Affine. The Affine must come from this package.
func Decode(a *Affine) (*Element, error) {
	if C.mm_on_curve(uchar(a[:])) != 1 {
		return nil, errNotOnCurve
	}
	return &Element{*a}, nil
}

// decompressSlow is Decompress by the library alone.
func decompressSlow(x *[32]byte, odd bool) (Affine, bool) {
	var c [33]byte
	c[0] = 2
	if odd {
		c[0] = 3
	}
	copy(c[1:], x[:])
	var a Affine
	ok := C.mm_decompress(uchar(a[:]), uchar(c[:])) == 1
	return a, ok
}

// Affine encodes e; false when e is infinity.
func (e *Element) Affine() (Affine, bool) { return e.xy, !e.xy.IsZero() }

// Mul returns k*p in constant time.
func Mul(k *Scalar, p *Element) *Element {
	r := new(Element)
	if p.xy.IsZero() {
		return r
	}
	b := k.Bytes()
	if C.mm_mul(uchar(r.xy[:]), uchar(b[:]), uchar(p.xy[:])) != 1 {
		*r = Element{} // k is zero; the library has multiplied by one instead
	}
	clear(b[:])
	return r
}

// MulBase returns k*G in constant time.
func MulBase(k *Scalar) *Element {
	r := new(Element)
	b := k.Bytes()
	if C.mm_mul_base(blinded, uchar(r.xy[:]), uchar(b[:])) != 1 {
		*r = Element{}
	}
	clear(b[:])
	return r
}

// Add returns p + q.
func Add(p, q *Element) *Element { return add(p, q, 0) }

// Sub returns p - q.
func Sub(p, q *Element) *Element { return add(p, q, 1) }

func add(p, q *Element, negate C.int) *Element {
	r := new(Element)
	switch {
	case q.xy.IsZero():
		*r = *p
	case p.xy.IsZero() && negate == 0:
		*r = *q
	case p.xy.IsZero():
		*r = *Mul(minusOne, q)
	case C.mm_add(uchar(r.xy[:]), uchar(p.xy[:]), uchar(q.xy[:]), negate) != 1:
		*r = Element{}
	}
	return r
}

var minusOne = ReduceScalar(&[32]byte{31: 1}).Negate()

// Equal compares two decoded points, in constant time: one of them may be the
// signature that somebody tries to guess byte by byte.
func (e *Element) Equal(f *Element) bool { return subtle.ConstantTimeCompare(e.xy[:], f.xy[:]) == 1 }
