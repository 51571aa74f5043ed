package keystore

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"

	"mintmark/bdhke"
)

const (
	hardenedOffset = 1 << 31
	// purpose is the first step of every path: the number of Cashu (NUT-13,
	// nuts#250).
	purpose = 129372
)

// errNoKey: this step of a derivation has no key (BIP32: chance 2^-127).
var errNoKey = errors.New("the seed has no key at this place")

// node is an extended private key of BIP32. Only hardened children exist here:
// they need no public key on the way, so a derivation is one HMAC and one
// addition modulo the group order per step, both in constant time.
type node struct {
	key   bdhke.Scalar
	chain [32]byte
}

// masterNode is the BIP32 master of the seed.
func masterNode(seed Seed) (*node, error) {
	if seed.IsZero() {
		return nil, errors.New("there is no seed")
	}
	mac := hmac.New(sha512.New, []byte("Bitcoin seed"))
	mac.Write(seed.bytes())
	return newNode(mac.Sum(nil), bdhke.Scalar{})
}

// child is the hardened child with the given number, without the hardening bit.
func (n *node) child(number uint32) (*node, error) {
	if number >= hardenedOffset {
		return nil, fmt.Errorf("child number %d is 2^31 or more", number)
	}
	var data [37]byte
	defer clear(data[:])
	secret := n.key.Bytes()
	defer clear(secret[:])
	copy(data[1:33], secret[:])
	binary.BigEndian.PutUint32(data[33:], number|hardenedOffset)
	mac := hmac.New(sha512.New, n.chain[:])
	mac.Write(data[:])
	return newNode(mac.Sum(nil), n.key)
}

// newNode splits the 64 bytes of an HMAC into a tweak, which is added to the
// parent's key (none for the master), and a chain code. It wipes the input.
func newNode(digest []byte, parent bdhke.Scalar) (*node, error) {
	defer clear(digest)
	key, err := bdhke.NewScalar(digest[:32])
	if err == nil && !parent.IsZero() {
		key, err = key.Add(parent)
	}
	if err != nil {
		return nil, errNoKey
	}
	n := &node{key: key}
	copy(n.chain[:], digest[32:])
	return n, nil
}

// path walks hardened children from n.
func (n *node) path(numbers ...uint32) (*node, error) {
	for _, number := range numbers {
		next, err := n.child(number)
		if err != nil {
			return nil, err
		}
		n = next
	}
	return n, nil
}
