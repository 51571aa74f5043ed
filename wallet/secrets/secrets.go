// Package secrets derives the secrets and blinding factors of coins from a seed
// (NUT-13), so that a wallet can be restored from twelve words.
//
// It is pure and trusts its caller with the seed and with counters: the same
// counter gives the same secret, and a wallet must not use one twice. It must
// never print what it derives, and never do variable-time work with it.
package secrets

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/bip32"
)

const (
	purpose = 129372 // the number of Cashu
	// keyPurpose is beside it, for keys that are not coins.
	keyPurpose = 129373

	// MaxCounter is the last counter that a keyset of version 1 has.
	MaxCounter = math.MaxInt32
)

// Source derives from one seed. It is safe for concurrent use.
type Source struct {
	root *bip32.Node // m/129372'/0'
	keys *bip32.Node // m/129373'
	seed seed
}

// seed is behind two pointers: inside of other values fmt calls no methods, and
// follows one.
type seed struct{ box *struct{ raw *[]byte } }

// Format prints [redacted] under every verb.
func (s Source) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// New takes the 64 bytes of BIP39, and copies what it needs of them.
func New(bytes []byte) (*Source, error) {
	master, err := bip32.Master(bytes)
	if err != nil {
		return nil, err
	}
	root, err := master.Path(purpose, 0)
	if err != nil {
		return nil, err
	}
	keys, err := master.Hardened(keyPurpose)
	if err != nil {
		return nil, err
	}
	raw := append([]byte{}, bytes...)
	return &Source{root: root, keys: keys, seed: seed{&struct{ raw *[]byte }{&raw}}}, nil
}

// Mark is the same for the same seed, and tells nothing else about it.
func (s *Source) Mark() []byte {
	mac := hmac.New(sha256.New, *s.seed.box.raw)
	mac.Write([]byte("Mintmark wallet: mark of the seed"))
	return mac.Sum(nil)[:16]
}

// Seal makes of text something that only this seed opens, for the same purpose.
func (s *Source) Seal(purpose string, text []byte) ([]byte, error) {
	box, err := s.box()
	if err != nil {
		return nil, err
	}
	return box.Seal(nil, nil, text, []byte(purpose)), nil
}

// Open opens what Seal has made.
func (s *Source) Open(purpose string, sealed []byte) ([]byte, error) {
	box, err := s.box()
	if err != nil {
		return nil, err
	}
	text, err := box.Open(nil, nil, sealed, []byte(purpose))
	if err != nil {
		return nil, errors.New("what was sealed with the seed is damaged, or of another seed")
	}
	return text, nil
}

func (s *Source) box() (cipher.AEAD, error) {
	mac := hmac.New(sha256.New, *s.seed.box.raw)
	mac.Write([]byte("Mintmark wallet: seal"))
	block, err := aes.NewCipher(mac.Sum(nil))
	if err != nil {
		return nil, fmt.Errorf("sealing with the seed: %w", err)
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// Secret is the secret of a coin and its blinding factor. The secret is text: its
// 64 characters are what is hashed.
func (s *Source) Secret(id cashu.KeysetID, counter uint32) (secret string, r bdhke.Scalar, err error) {
	switch {
	case id.IsZero():
		return "", r, errors.New("deriving a secret without a keyset")
	case counter > MaxCounter:
		return "", r, fmt.Errorf("counter %d is beyond the last one", counter)
	case id.Version() == cashu.V1:
		return s.version1(id, counter)
	}
	return s.version2(id, counter)
}

// version1 is m/129372'/0'/keyset'/counter'/{0,1} of BIP32.
func (s *Source) version1(id cashu.KeysetID, counter uint32) (string, bdhke.Scalar, error) {
	number := uint32(binary.BigEndian.Uint64(id.Bytes()) % (1<<31 - 1))
	node, err := s.root.Path(number, counter)
	if err != nil {
		return "", bdhke.Scalar{}, err
	}
	secret, err := node.Normal(0)
	if err != nil {
		return "", bdhke.Scalar{}, err
	}
	blinding, err := node.Normal(1)
	if err != nil {
		return "", bdhke.Scalar{}, err
	}
	text := secret.Key().Bytes()
	return hex.EncodeToString(text[:]), blinding.Key(), nil
}

// version2 is an HMAC of the whole keyset id and the counter.
func (s *Source) version2(id cashu.KeysetID, counter uint32) (string, bdhke.Scalar, error) {
	text := s.hmac(id, counter, 0)
	digest := s.hmac(id, counter, 1)
	r, err := reduced(digest)
	return hex.EncodeToString(text), r, err
}

func (s *Source) hmac(id cashu.KeysetID, counter uint32, kind byte) []byte {
	mac := hmac.New(sha256.New, *s.seed.box.raw)
	mac.Write([]byte("Cashu_KDF_HMAC_SHA256"))
	mac.Write(id.Bytes())
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(counter)))
	mac.Write([]byte{kind})
	return mac.Sum(nil)
}

// reduced is the number modulo the group order. 2^256 is less than twice the
// order, so what is not a scalar is one after a single subtraction, or zero.
func reduced(digest []byte) (bdhke.Scalar, error) {
	if r, err := bdhke.NewScalar(digest); err == nil {
		return r, nil
	}
	less := make([]byte, len(digest))
	var borrow uint16
	for i := len(digest) - 1; i >= 0; i-- {
		d := uint16(digest[i]) - uint16(order[i]) - borrow
		less[i], borrow = byte(d), d>>8&1
	}
	if borrow != 0 { // below the order and no scalar: zero
		return bdhke.NewScalar(digest)
	}
	return bdhke.NewScalar(less)
}

// order is that of the group.
var order = [32]byte{
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xfe,
	0xba, 0xae, 0xdc, 0xe6, 0xaf, 0x48, 0xa0, 0x3b, 0xbf, 0xd2, 0x5e, 0x8c, 0xd0, 0x36, 0x41, 0x41,
}

// Purpose is what a key is for that is not a coin's.
type Purpose uint32

const (
	PurposeP2PK  Purpose = 10 // keys that tokens are locked to (NUT-11)
	PurposeQuote Purpose = 20 // keys that lock mint quotes (NUT-20)
)

// Key is the private key number index of a purpose: m/129373'/purpose'/0'/0'/index,
// as CDK derives them.
func (s *Source) Key(p Purpose, index uint32) (bdhke.Scalar, error) {
	node, err := s.keys.Path(uint32(p), 0, 0)
	if err != nil {
		return bdhke.Scalar{}, err
	}
	if node, err = node.Normal(index); err != nil {
		return bdhke.Scalar{}, err
	}
	return node.Key(), nil
}
