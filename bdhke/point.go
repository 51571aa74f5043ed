package bdhke

import (
	"encoding/hex"
	"errors"
	"fmt"

	"mintmark/bdhke/internal/curve"
)

// PointSize is the length of a point on every wire: SEC1, compressed.
const PointSize = 33

// ErrInvalidPoint is returned for everything that is not a point of the curve in
// its one accepted encoding.
var ErrInvalidPoint = errors.New("invalid point")

// Point is a point of secp256k1 other than infinity. It is immutable, comparable
// with ==, and usable as a map key. The zero value is no point at all.
//
// It holds both coordinates: the signatory multiplies every point that it parses,
// and to find y a second time costs 4.4 µs where reading it costs 0.3
// (BenchmarkDecodeForArithmetic). A pointer to the library's decoded form would
// cost nothing, but == would compare addresses. See docs/adr/0001.
type Point struct {
	xy curve.Affine
}

// ParsePoint reads a compressed point: exactly 33 bytes, first byte 02 or 03, x
// below the field prime and on the curve. 65-byte, hybrid and infinity encodings
// are refused (NUT-00).
func ParsePoint(b []byte) (Point, error) {
	if len(b) != PointSize {
		return Point{}, fmt.Errorf("%w: %d bytes instead of %d", ErrInvalidPoint, len(b), PointSize)
	}
	if b[0] != 2 && b[0] != 3 {
		return Point{}, fmt.Errorf("%w: not compressed", ErrInvalidPoint)
	}
	xy, ok := curve.Decompress((*[32]byte)(b[1:]), b[0] == 3)
	if !ok {
		return Point{}, fmt.Errorf("%w: not on the curve", ErrInvalidPoint)
	}
	return Point{xy}, nil
}

// ParsePointHex reads 66 hex characters, upper or lower case.
func ParsePointHex(s string) (Point, error) {
	if len(s) != 2*PointSize {
		return Point{}, fmt.Errorf("%w: %d hex characters instead of %d", ErrInvalidPoint, len(s), 2*PointSize)
	}
	var b [PointSize]byte
	if _, err := hex.Decode(b[:], []byte(s)); err != nil {
		return Point{}, fmt.Errorf("%w: not hex", ErrInvalidPoint)
	}
	return ParsePoint(b[:])
}

// Bytes returns the compressed encoding; 33 zero bytes for the zero value.
func (p Point) Bytes() [PointSize]byte {
	var b [PointSize]byte
	if p.IsZero() {
		return b
	}
	b[0] = 2 + p.xy[curve.AffineSize-1]&1
	copy(b[1:], p.xy[:32])
	return b
}

// Key is Bytes under the name that says what for: a map key shared with code
// that only has the encoding.
func (p Point) Key() [PointSize]byte { return p.Bytes() }

// AppendBytes appends the compressed encoding to dst.
func (p Point) AppendBytes(dst []byte) []byte {
	b := p.Bytes()
	return append(dst, b[:]...)
}

// Uncompressed returns the 65 bytes that NUT-12 hashes: 04 || x || y.
func (p Point) Uncompressed() [65]byte {
	var b [65]byte
	if p.IsZero() {
		return b
	}
	b[0] = 4
	copy(b[1:], p.xy[:])
	return b
}

// String returns 66 lowercase hex characters; empty for the zero value.
func (p Point) String() string {
	if p.IsZero() {
		return ""
	}
	b := p.Bytes()
	return hex.EncodeToString(b[:])
}

// Equal tells whether p and q are the same point. The same as p == q.
func (p Point) Equal(q Point) bool { return p == q }

// IsZero tells that p is no point.
func (p Point) IsZero() bool { return p.xy.IsZero() }

// MarshalText writes the hex form and refuses the zero value.
func (p Point) MarshalText() ([]byte, error) { return p.AppendText(nil) }

// AppendText appends the hex form and refuses the zero value.
func (p Point) AppendText(dst []byte) ([]byte, error) {
	if p.IsZero() {
		return dst, fmt.Errorf("%w: no point to encode", ErrInvalidPoint)
	}
	b := p.Bytes()
	return hex.AppendEncode(dst, b[:]), nil
}

// UnmarshalText is ParsePointHex.
func (p *Point) UnmarshalText(text []byte) error {
	q, err := ParsePointHex(string(text))
	if err != nil {
		return err
	}
	*p = q
	return nil
}
