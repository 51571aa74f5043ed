package bolt11

import (
	"fmt"
	"log/slog"

	"gitlab.com/yawning/secp256k1-voi"
	"gitlab.com/yawning/secp256k1-voi/secec"
)

const redacted = "[redacted]"

// Key is a node's private key. Its arithmetic is constant-time and it prints as
// [redacted]. The zero value is no key.
type Key struct {
	private *secec.PrivateKey
}

// ParseKey reads a key from 32 big-endian bytes, from 1 to the group order
// minus 1.
func ParseKey(b []byte) (Key, error) {
	private, err := secec.NewPrivateKey(b)
	if err != nil {
		// The library's error would not hold the key, but nothing proves that.
		return Key{}, fmt.Errorf("node key is not a valid private key of 32 bytes")
	}
	return Key{private}, nil
}

// GenerateKey makes a key from the system's randomness.
func GenerateKey() (Key, error) {
	private, err := secec.GenerateKey()
	if err != nil {
		return Key{}, fmt.Errorf("make a node key: %w", err)
	}
	return Key{private}, nil
}

// Public is the compressed public key: the node's name.
func (k Key) Public() [33]byte {
	return [33]byte(k.private.PublicKey().CompressedBytes())
}

// Secret is the key itself, to be stored.
func (k Key) Secret() []byte { return k.private.Bytes() }

func (k Key) String() string               { return redacted }
func (k Key) GoString() string             { return redacted }
func (k Key) Format(f fmt.State, _ rune)   { _, _ = f.Write([]byte(redacted)) }
func (k Key) MarshalText() ([]byte, error) { return []byte(redacted), nil }
func (k Key) LogValue() slog.Value         { return slog.StringValue(redacted) }

// sign makes the deterministic (RFC 6979), low-s signature r, s, recovery id.
func (k Key) sign(digest []byte) ([]byte, error) {
	r, s, v, err := k.private.SignRaw(secec.RFC6979SHA256(), digest)
	if err != nil {
		return nil, fmt.Errorf("sign invoice: %w", err)
	}
	return secec.BuildCompactRecoverableSignature(r, s, v), nil
}

// payeeOf checks the signature and returns the key that made it. If the invoice
// names its payee, that key must have made it, with low s, and the recovery id
// does not matter. Otherwise the key is recovered, from either s.
func payeeOf(digest, signature, named []byte) ([33]byte, error) {
	r, s, v, err := secec.ParseCompactRecoverableSignature(signature)
	if err != nil {
		return [33]byte{}, fmt.Errorf("%w: numbers out of range", ErrSignature)
	}
	if named == nil {
		return recoverPayee(digest, r, s, v)
	}
	public, err := secec.NewPublicKey(named)
	if err != nil {
		return [33]byte{}, fmt.Errorf("%w: the payee is not a public key", ErrSignature)
	}
	if s.IsGreaterThanHalfN() != 0 {
		return [33]byte{}, fmt.Errorf("%w: s is not low", ErrSignature)
	}
	if !public.VerifyRaw(digest, r, s) {
		return [33]byte{}, fmt.Errorf("%w: not made by the payee", ErrSignature)
	}
	return [33]byte(public.CompressedBytes()), nil
}

func recoverPayee(digest []byte, r, s *secp256k1.Scalar, v byte) ([33]byte, error) {
	public, err := secec.RecoverPublicKey(digest, r, s, v)
	if err != nil {
		return [33]byte{}, fmt.Errorf("%w: no public key can be recovered", ErrSignature)
	}
	return [33]byte(public.CompressedBytes()), nil
}
