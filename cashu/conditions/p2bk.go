package conditions

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"

	"mintmark/bdhke"
)

// Blinded keys (NUT-28): the sender adds to every key of a lock a number that only
// sender and receiver can compute, so that the mint does not see whose coins it
// swaps. For the mint they are keys like any others.

// MaxSlots is how many keys of one secret can be blinded: data, then pubkeys, then
// refund. The hash of an HTLC takes slot 0, so its keys begin at 1.
const MaxSlots = 11

const blindingDomain = "Cashu_P2BK_v1"

// ErrTooManySlots: more keys than NUT-28 has places for.
var ErrTooManySlots = errors.New("too many keys to blind")

// BlindingFactor is the number of one slot. The sender calls it with the ephemeral
// secret e and the receiver's key P, the receiver with the secret p and the
// ephemeral key E: both have e*P = p*E.
func BlindingFactor(secret bdhke.Scalar, public bdhke.Point, slot int) (bdhke.Scalar, error) {
	shared, err := agree(secret, public)
	if err != nil {
		return bdhke.Scalar{}, err
	}
	return factor(shared, slot)
}

// agree is the point that sender and receiver have in common.
func agree(secret bdhke.Scalar, public bdhke.Point) (bdhke.Point, error) {
	shared, err := secret.Mul(public)
	if err != nil {
		return bdhke.Point{}, fmt.Errorf("agreeing on a blinding factor: %w", err)
	}
	return shared, nil
}

func factor(shared bdhke.Point, slot int) (bdhke.Scalar, error) {
	if slot < 0 || slot >= MaxSlots {
		return bdhke.Scalar{}, ErrTooManySlots
	}
	x := shared.Bytes()
	in := append([]byte(blindingDomain), x[1:]...)
	in = append(in, byte(slot))
	h := sha256.Sum256(in)
	r, err := bdhke.NewScalar(h[:])
	if err != nil { // one in 2^128
		h = sha256.Sum256(append(in, 0xff))
		r, err = bdhke.NewScalar(h[:])
	}
	return r, err
}

// BlindKey is what the sender puts into a slot instead of the receiver's key.
func BlindKey(key bdhke.Point, ephemeral bdhke.Scalar, slot int) (bdhke.Point, error) {
	r, err := BlindingFactor(ephemeral, key, slot)
	if err != nil {
		return bdhke.Point{}, err
	}
	return key.Add(r.Public())
}

// UnblindKey is the secret key of a blinded one, when it was made of the
// receiver's key for this slot; false when it was not. The sender may have known
// the receiver's key with either sign of y.
func UnblindKey(secret bdhke.Scalar, ephemeral, blinded bdhke.Point, slot int) (bdhke.Scalar, bool, error) {
	shared, err := agree(secret, ephemeral)
	if err != nil {
		return bdhke.Scalar{}, false, err
	}
	return unblind(secret, shared, blinded, slot)
}

func unblind(secret bdhke.Scalar, shared, blinded bdhke.Point, slot int) (bdhke.Scalar, bool, error) {
	r, err := factor(shared, slot)
	if err != nil {
		return bdhke.Scalar{}, false, err
	}
	negated, err := secret.Negate()
	if err != nil {
		return bdhke.Scalar{}, false, err
	}
	for _, s := range []bdhke.Scalar{secret, negated} {
		k, err := s.Add(r)
		if err != nil {
			continue // -r as a key: as likely as guessing one
		}
		if k.Public() == blinded {
			return k, true, nil
		}
	}
	return bdhke.Scalar{}, false, nil
}

// Blind returns the lock with every key blinded. A wallet draws a fresh ephemeral
// secret for each coin and sends its public key along (p2pk_e); only coins that
// are SIG_ALL together share one, because their keys must be the same.
func (l Lock) Blind(ephemeral bdhke.Scalar) (Lock, error) {
	slot := 0
	blind := func(keys []bdhke.Point) ([]bdhke.Point, error) {
		keys = slices.Clone(keys)
		for i := range keys {
			var err error
			if keys[i], err = BlindKey(keys[i], ephemeral, slot); err != nil {
				return nil, err
			}
			slot++
		}
		return keys, nil
	}
	if l.Key.IsZero() {
		slot = 1
	} else {
		key, err := blind([]bdhke.Point{l.Key})
		if err != nil {
			return Lock{}, err
		}
		l.Key = key[0]
	}
	var err error
	if l.Pubkeys, err = blind(l.Pubkeys); err != nil {
		return Lock{}, err
	}
	l.Refund, err = blind(l.Refund)
	return l, err
}

// Unblind finds the secret keys of those slots that were blinded for the
// receiver, in the order of the slots. A condition with more keys than slots has
// none.
func (c *Condition) Unblind(secret bdhke.Scalar, ephemeral bdhke.Point) ([]bdhke.Scalar, error) {
	keys := slices.Concat(c.main.keys, c.refund.keys)
	first := 0
	if c.kind == KindHTLC {
		first = 1
	}
	if first+len(keys) > MaxSlots {
		return nil, ErrTooManySlots
	}
	shared, err := agree(secret, ephemeral)
	if err != nil {
		return nil, err
	}
	var found []bdhke.Scalar
	for i, key := range keys {
		k, ok, err := unblind(secret, shared, key, first+i)
		if err != nil {
			return nil, err
		}
		if ok {
			found = append(found, k)
		}
	}
	return found, nil
}
