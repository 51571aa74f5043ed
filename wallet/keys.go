package wallet

import (
	"context"

	"mintmark/bdhke"
	"mintmark/wallet/secrets"
)

// NewKey makes a key of the wallet that tokens can be locked to. It comes back
// from the seed.
func (w *Wallet) NewKey(ctx context.Context) (bdhke.Point, error) {
	var index uint32
	err := w.store.Update(ctx, func(tx Tx) (err error) {
		index, err = tx.TakeKeyIndex(ctx, purposeP2PK)
		return err
	})
	if err != nil {
		return bdhke.Point{}, err
	}
	key, err := w.secrets.Key(secrets.PurposeP2PK, index)
	if err != nil {
		return bdhke.Point{}, err
	}
	return key.Public(), nil
}

// Keys lists the keys that NewKey has made, oldest first.
func (w *Wallet) Keys(ctx context.Context) ([]bdhke.Point, error) {
	n, err := w.store.KeyIndex(ctx, purposeP2PK)
	if err != nil {
		return nil, err
	}
	secret, err := w.ownKeys(n)
	if err != nil {
		return nil, err
	}
	keys := make([]bdhke.Point, len(secret))
	for i, k := range secret {
		keys[i] = k.Public()
	}
	return keys, nil
}

const purposeP2PK = "p2pk"
