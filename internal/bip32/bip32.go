// Package bip32 derives private keys from a seed (BIP32), in constant time.
//
// It trusts its callers with seeds and keys. It must never print one, hand out an
// extended public key, or let the time that a step takes depend on a secret: the
// libraries that exist compute the public key of every level in variable time.
package bip32

import (
	"crypto/hmac"
	"crypto/sha512"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"mintmark/bdhke"
)

// HardenedOffset is where the numbers of hardened children begin.
const HardenedOffset = 1 << 31

var (
	// ErrNoKey: this step of a derivation has no key (chance 2^-127).
	ErrNoKey = errors.New("the seed has no key at this place")
	// ErrNoSeed: there is nothing to derive from.
	ErrNoSeed = errors.New("there is no seed")
)

// Node is an extended private key.
type Node struct {
	key   bdhke.Scalar
	chain [32]byte
}

// Format prints [redacted] under every verb.
func (n Node) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// Master is the root of all keys of the seed, which stays the caller's.
func Master(seed []byte) (*Node, error) {
	if len(seed) == 0 {
		return nil, ErrNoSeed
	}
	mac := hmac.New(sha512.New, []byte("Bitcoin seed"))
	mac.Write(seed)
	return newNode(mac.Sum(nil), bdhke.Scalar{})
}

// Key is the private key of the node.
func (n *Node) Key() bdhke.Scalar { return n.key }

// Wipe overwrites the key and the chain code in memory; nothing can be derived from
// n any more. Nobody may use n, or its Key, meanwhile.
func (n *Node) Wipe() {
	n.key.Wipe()
	clear(n.chain[:])
}

// Hardened is the hardened child with the given number, without the hardening
// bit. It needs no public key on the way: one HMAC and one addition modulo the
// group order.
func (n *Node) Hardened(number uint32) (*Node, error) {
	if number >= HardenedOffset {
		return nil, fmt.Errorf("child number %d is 2^31 or more", number)
	}
	var data [37]byte
	defer clear(data[:])
	secret := n.key.Bytes()
	defer clear(secret[:])
	copy(data[1:33], secret[:])
	binary.BigEndian.PutUint32(data[33:], number|HardenedOffset)
	return n.step(data[:])
}

// Normal is the child with the given number that is not hardened.
func (n *Node) Normal(number uint32) (*Node, error) {
	if number >= HardenedOffset {
		return nil, fmt.Errorf("child number %d is 2^31 or more", number)
	}
	public := n.key.Public().Bytes()
	return n.step(binary.BigEndian.AppendUint32(public[:], number))
}

// Path walks hardened children from n.
func (n *Node) Path(numbers ...uint32) (*Node, error) {
	for _, number := range numbers {
		next, err := n.Hardened(number)
		if err != nil {
			return nil, err
		}
		n = next
	}
	return n, nil
}

func (n *Node) step(data []byte) (*Node, error) {
	if n.key.IsZero() { // wiped: what came out would be a key that everybody knows
		return nil, ErrNoKey
	}
	mac := hmac.New(sha512.New, n.chain[:])
	mac.Write(data)
	return newNode(mac.Sum(nil), n.key)
}

// newNode splits the 64 bytes of an HMAC into a tweak, which is added to the
// parent's key (none for the master), and a chain code. It wipes the input.
func newNode(digest []byte, parent bdhke.Scalar) (*Node, error) {
	defer clear(digest)
	key, err := bdhke.NewScalar(digest[:32])
	if err == nil && !parent.IsZero() {
		key, err = key.Add(parent)
	}
	if err != nil {
		return nil, ErrNoKey
	}
	n := &Node{key: key}
	copy(n.chain[:], digest[32:])
	return n, nil
}
