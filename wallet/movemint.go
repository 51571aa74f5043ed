package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// ErrNotTheMint: whoever answers at the new address does not have the keysets of the
// mint.
var ErrNotTheMint = errors.New("this is another mint")

// MoveMint follows a mint to another address, with all coins, quotes and history of
// it. The mint must show every keyset there that the wallet knows, with the same keys.
// That proves less than it seems, for public keys can be copied: whoever is at the new
// address will be shown the coins, so its owner must have heard of it from the mint.
// Operations under way must end before, except tokens that are out.
func (w *Wallet) MoveMint(ctx context.Context, from, to string) error {
	var err error
	if from, err = mintclient.NormalURL(from); err != nil {
		return err
	}
	c, err := w.client(to)
	if err != nil {
		return err
	}
	to = c.URL()
	if err := w.sameKeysets(ctx, c, from); err != nil {
		return err
	}
	err = w.store.Update(ctx, func(tx Tx) error {
		if _, err := tx.Mint(ctx, from); err != nil { // before the operations: none begins now
			return err
		}
		for _, list := range []func(context.Context) ([]Saga, error){tx.Sagas, tx.Abandoned} {
			sagas, err := list(ctx)
			if err != nil {
				return err
			}
			for _, s := range sagas {
				if s.MintURL == from && s.State != SendTokenCreated {
					return &OperationError{ID: s.ID, Err: fmt.Errorf("a %s at %s must end before", s.Kind, from)}
				}
			}
		}
		return tx.MoveMint(ctx, from, to)
	})
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("the mint %s is not known: %w", from, err)
	}
	if err != nil {
		return err
	}
	_, err = w.RefreshMint(ctx, to)
	return err
}

// sameKeysets asks at an address for the keysets that are known of a mint.
func (w *Wallet) sameKeysets(ctx context.Context, c *mintclient.Client, from string) error {
	known, err := w.store.Keysets(ctx, from)
	if err != nil {
		return err
	}
	listed, err := c.Keysets(ctx)
	if err != nil {
		return err
	}
	for _, k := range known {
		i := slices.IndexFunc(listed, func(l cashu.KeysetInfo) bool { return l.ID == k.ID })
		if i < 0 {
			return fmt.Errorf("%w: it does not have the keyset %v", ErrNotTheMint, k.ID)
		}
		shown, err := c.Keys(ctx, listed[i])
		if err != nil {
			return err
		}
		if !shown.Keys.Equal(k.Keys) || shown.Unit != k.Unit {
			return fmt.Errorf("%w: it has other keys in the keyset %v", ErrNotTheMint, k.ID)
		}
	}
	return nil
}
