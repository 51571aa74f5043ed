// Package mintkey is the mint's half of blind signatures: the private key of one
// amount, and what is done with it (NUT-00, NUT-12). Only the keystore links it.
//
// It trusts its caller to have authorised the signature. It must never give the
// scalar away, print it, or do variable-time work with it.
package mintkey

import (
	"crypto/hmac"
	"crypto/sha256"
	"errors"
	"fmt"

	"mintmark/bdhke"
	"mintmark/bdhke/internal/curve"
)

var errNoKey = errors.New("no private key")

// Key is the private key of one amount of one keyset, with its public point. It
// prints as [redacted] everywhere. The zero value is no key.
type Key struct {
	curve.Hidden
	box    curve.Box
	public bdhke.Point
}

// New makes a key of a scalar, and computes the public point.
func New(s bdhke.Scalar) Key {
	if s.IsZero() {
		return Key{}
	}
	return Key{box: curve.NewBox(s.Secret()), public: s.Public()}
}

// Parse reads 32 bytes, big endian, in 1..n-1.
func Parse(b []byte) (Key, error) {
	s, err := bdhke.NewScalar(b)
	if err != nil {
		return Key{}, fmt.Errorf("reading a private key: %w", err)
	}
	return New(s), nil
}

// Wipe overwrites the scalar in memory, in all copies of k: they sign and verify
// nothing any more. Nobody may use k meanwhile.
func (k Key) Wipe() { k.box.Wipe() }

// Public returns K = k*G, computed once.
func (k Key) Public() bdhke.Point { return k.public }

// Sign returns C_ = k*B_ (NUT-00), in constant time.
func (k Key) Sign(b bdhke.Point) (bdhke.Point, error) {
	_, c, err := k.sign(b)
	return c, err
}

func (k Key) sign(b bdhke.Point) (*curve.Element, bdhke.Point, error) {
	scalar := k.box.Open()
	if scalar == nil {
		return nil, bdhke.Point{}, errNoKey
	}
	be, err := b.Element()
	if err != nil {
		return nil, bdhke.Point{}, err
	}
	c, err := bdhke.FromElement(curve.Mul(scalar, be))
	return be, c, err
}

// SignWithDLEQ signs and proves that the public key's scalar was used. The nonce
// is the deterministic one of NUT-12, so signing the same message again gives
// the same bytes.
func (k Key) SignWithDLEQ(b bdhke.Point) (bdhke.Point, bdhke.DLEQ, error) {
	be, c, err := k.sign(b)
	if err != nil {
		return bdhke.Point{}, bdhke.DLEQ{}, err
	}
	r, err := k.nonce(b, c)
	if err != nil {
		return bdhke.Point{}, bdhke.DLEQ{}, err
	}
	r1, err := bdhke.FromElement(curve.MulBase(r))
	if err != nil {
		return bdhke.Point{}, bdhke.DLEQ{}, err
	}
	r2, err := bdhke.FromElement(curve.Mul(r, be))
	if err != nil {
		return bdhke.Point{}, bdhke.DLEQ{}, err
	}
	d := bdhke.DLEQ{E: bdhke.DLEQChallenge(r1, r2, k.public, c)}
	d.S = curve.MulAdd(curve.ReduceScalar(&d.E), k.box.Open(), r).Bytes()
	return c, d, nil
}

const nonceDomain = "Cashu_DLEQ_R_v1"

func (k Key) nonce(b, c bdhke.Point) (*curve.Scalar, error) {
	key := k.box.Open().Bytes()
	ua, ub, uc := k.public.Uncompressed(), b.Uncompressed(), c.Uncompressed()
	for ctr := range 256 {
		m := hmac.New(sha256.New, key[:])
		m.Write([]byte(nonceDomain))
		m.Write(ua[:])
		m.Write(ub[:])
		m.Write(uc[:])
		m.Write([]byte{byte(ctr)})
		var sum [32]byte
		m.Sum(sum[:0])
		if r, err := curve.NewScalar(&sum); err == nil {
			return r, nil
		}
	}
	return nil, errors.New("no nonce for the proof of equality")
}

// Verify tells whether c is this key's signature of the secret:
// k*hash_to_curve(secret) == C. False also for zero values.
func (k Key) Verify(secret []byte, c bdhke.Point) bool {
	scalar := k.box.Open()
	if scalar == nil || c.IsZero() {
		return false
	}
	y, err := bdhke.HashToCurve(secret)
	if err != nil {
		return false
	}
	ye, err := y.Element()
	if err != nil {
		return false
	}
	ce, err := c.Element()
	if err != nil {
		return false
	}
	return curve.Mul(scalar, ye).Equal(ce)
}
