// Package schnorr signs and verifies as BIP340 says, in the form that Cashu uses
// it: over a SHA256 hash, with the compressed keys of NUT-00 of which only the x
// coordinate counts (NUT-11, NUT-20).
//
// Verifying trusts nothing and takes variable time: all of it is public. Signing
// is constant-time in the key.
package schnorr

import (
	"encoding/hex"
	"errors"
	"fmt"
	"io"

	"gitlab.com/yawning/secp256k1-voi/secec/bitcoin"

	"mintmark/bdhke"
)

// Signature is 64 bytes: the x coordinate of R, then s.
type Signature [bitcoin.SchnorrSignatureSize]byte

// ErrSignature is returned for text that is not 128 hex characters.
var ErrSignature = errors.New("not a signature of 64 bytes in hex")

// ParseSignature reads 128 hex characters, upper or lower case. Whether they are
// a signature of anything, only a key can tell.
func ParseSignature(s string) (Signature, error) {
	var sig Signature
	if len(s) != 2*len(sig) {
		return Signature{}, ErrSignature
	}
	if _, err := hex.Decode(sig[:], []byte(s)); err != nil {
		return Signature{}, ErrSignature
	}
	return sig, nil
}

// String is 128 lowercase hex characters.
func (s Signature) String() string { return hex.EncodeToString(s[:]) }

// PublicKey is a key prepared for verifying several signatures. The zero value
// verifies nothing.
type PublicKey struct {
	key *bitcoin.SchnorrPublicKey
}

// NewPublicKey prepares a point. The zero point gives the zero key.
func NewPublicKey(p bdhke.Point) PublicKey {
	if p.IsZero() {
		return PublicKey{}
	}
	b := p.Bytes()
	key, err := bitcoin.NewSchnorrPublicKey(b[1:])
	if err != nil { // no point of bdhke is off the curve
		return PublicKey{}
	}
	return PublicKey{key}
}

// Verify tells whether sig signs the hash with this key.
func (k PublicKey) Verify(hash [32]byte, sig Signature) bool {
	return k.key != nil && k.key.Verify(hash[:], sig[:])
}

// Verify tells whether sig signs the hash with the key.
func Verify(key bdhke.Point, hash [32]byte, sig Signature) bool {
	return NewPublicKey(key).Verify(hash, sig)
}

// Sign signs the hash. Random bytes, nil for the system's, go into the nonce on
// top of the key and the hash, so even a broken source gives no nonce away.
func Sign(key bdhke.Scalar, hash [32]byte, random io.Reader) (Signature, error) {
	if key.IsZero() {
		return Signature{}, fmt.Errorf("signing: %w", bdhke.ErrInvalidScalar)
	}
	raw := key.Bytes()
	private, err := bitcoin.NewSchnorrPrivateKey(raw[:])
	if err != nil {
		return Signature{}, errors.New("signing: the key is not usable")
	}
	sig, err := private.Sign(random, hash[:], nil)
	if err != nil {
		return Signature{}, fmt.Errorf("signing: %w", err)
	}
	return Signature(sig), nil
}
