package wallet

import (
	"context"
	"errors"
	"slices"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
	"mintmark/wallet/secrets"
)

// locksmith makes the secrets of locked outputs of one request.
type locksmith struct {
	// shared blinds the keys of coins that are SIG_ALL: the mint wants them to
	// have the same lock. Others get a key each, so that it cannot tell that they
	// belong together.
	shared bdhke.Scalar
}

// secret makes the secret of an output. e goes to the receiver, with the coin; zero
// if no key is blinded. What e was made of is needed by nobody any more.
func (s *locksmith) secret(o want) (secret string, e bdhke.Point, err error) {
	lock := *o.lock
	if o.blind {
		// Blinded, a key that is there twice would pass for two.
		if _, err = lock.Secret(nil); err != nil {
			return "", e, err
		}
		ephemeral := s.shared
		if ephemeral.IsZero() {
			if ephemeral, err = bdhke.RandomScalar(nil); err != nil {
				return "", e, err
			}
		}
		if lock.SigAll {
			s.shared = ephemeral
		}
		if lock, err = lock.Blind(ephemeral); err != nil {
			return "", e, err
		}
		e = ephemeral.Public()
	}
	secret, err = lock.Secret(nil)
	return secret, e, err
}

// forgottenKeys is how many keys are tried that the wallet has not given out, as far
// as it knows: one that came back from its words does not know which it had.
const forgottenKeys = 20

// lockKeys are the keys that may open a lock: those given, and the wallet's own.
func (w *Wallet) lockKeys(ctx context.Context, given []bdhke.Scalar) ([]bdhke.Scalar, error) {
	n, err := w.store.KeyIndex(ctx, purposeP2PK)
	if err != nil {
		return nil, err
	}
	own, err := w.ownKeys(n + forgottenKeys)
	return append(slices.Clone(given), own...), err
}

// ownKeys are the wallet's first n keys.
func (w *Wallet) ownKeys(n uint32) ([]bdhke.Scalar, error) {
	keys := make([]bdhke.Scalar, n)
	for i := range keys {
		var err error
		if keys[i], err = w.secrets.Key(secrets.PurposeP2PK, uint32(i)); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// unlock puts the witnesses on coins that are locked, as far as it can.
func unlock(coins []token.Coin, outputs []cashu.BlindedMessage, keys []bdhke.Scalar, preimages [][32]byte) ([]token.Coin, error) {
	coins = slices.Clone(coins)
	var forAll []bdhke.Scalar // sign the whole request, for its first coin
	for i := range coins {
		c, err := conditions.Parse(coins[i].Secret)
		if err != nil {
			return nil, err
		}
		if c == nil {
			continue
		}
		for _, p := range preimages {
			if err := conditions.AddPreimage(&coins[i].Proof, p); err != nil && !errors.Is(err, conditions.ErrNotThisPreimage) {
				return nil, err
			}
		}
		if c.SigAll() && i > 0 {
			continue
		}
		fitting, err := fittingKeys(c, coins[i].E, keys)
		switch {
		case err != nil:
			return nil, err
		case c.SigAll():
			forAll = fitting
			continue
		}
		for _, key := range fitting {
			err := conditions.SignInput(&coins[i].Proof, key, nil)
			if err != nil && !errors.Is(err, conditions.ErrNotThisKey) {
				return nil, err
			}
		}
	}
	proofs := shown(coins)
	for _, key := range forAll {
		err := conditions.SignAll(conditions.Transaction{Inputs: proofs, Outputs: outputs}, key, nil)
		if err != nil && !errors.Is(err, conditions.ErrNotThisKey) {
			return nil, err
		}
	}
	for i := range coins {
		coins[i].Proof = proofs[i]
	}
	return coins, nil
}

// fittingKeys are the keys that may sign for a coin: these, and what they become
// where the sender has blinded them (NUT-28).
func fittingKeys(c *conditions.Condition, e bdhke.Point, keys []bdhke.Scalar) ([]bdhke.Scalar, error) {
	if e.IsZero() {
		return keys, nil
	}
	fitting := slices.Clone(keys)
	for _, key := range keys {
		blinded, err := c.Unblind(key, e)
		if errors.Is(err, conditions.ErrTooManySlots) {
			return keys, nil // no sender can have blinded them
		}
		if err != nil {
			return nil, err
		}
		fitting = append(fitting, blinded...)
	}
	return fitting, nil
}
