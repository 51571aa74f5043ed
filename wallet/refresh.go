package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// RefreshMint asks a mint for what it offers and for its keysets, and remembers
// the answer. A mint that has changed the keys of a keyset, or uses the id of
// another mint's, is refused with ErrExists.
func (w *Wallet) RefreshMint(ctx context.Context, mintURL string) (Mint, error) {
	c, err := w.client(mintURL)
	if err != nil {
		return Mint{}, err
	}
	info, err := c.Info(ctx)
	if err != nil {
		return Mint{}, err
	}
	w.door(c.URL()).learn(info, w.now().Unix())
	listed, odd, err := c.ListKeysets(ctx)
	if err != nil {
		return Mint{}, err
	}
	_, before := w.store.Mint(ctx, c.URL())
	if before != nil && !errors.Is(before, ErrNotFound) {
		return Mint{}, before
	}
	known, err := w.store.Keysets(ctx, c.URL())
	if err != nil {
		return Mint{}, err
	}
	keysets, odd, err := w.fetchKeys(ctx, c, listed, known, odd)
	if err != nil {
		return Mint{}, err
	}
	if err := w.refuseForeign(ctx, c.URL(), keysets); err != nil {
		return Mint{}, err
	}
	var mint KnownMint
	err = w.store.Update(ctx, func(tx Tx) error {
		var err error
		mint, err = tx.Mint(ctx, c.URL())
		switch {
		case errors.Is(err, ErrNotFound) && before == nil:
			return fmt.Errorf("the mint %s was moved or removed meanwhile: %w", c.URL(), err)
		case err != nil && !errors.Is(err, ErrNotFound):
			return err
		}
		mint.URL, mint.Info, mint.Fetched, mint.LeftOut = c.URL(), info.Raw, w.now().Unix(), nil
		for _, o := range odd {
			mint.LeftOut = append(mint.LeftOut, o.String())
		}
		if err := tx.PutMint(ctx, mint); err != nil {
			return err
		}
		return tx.PutKeysets(ctx, c.URL(), keysets)
	})
	if err != nil {
		return Mint{}, err
	}
	all, err := w.store.Keysets(ctx, c.URL())
	if err != nil {
		return Mint{}, err
	}
	return w.bounded(newMint(mint, all))
}

// fetchKeys asks for the keys that are not known. Keysets that are known and no
// longer listed become inactive: their coins may still be good. Those that make no
// sense are left out, and added to odd.
func (w *Wallet) fetchKeys(ctx context.Context, c *mintclient.Client, listed []cashu.KeysetInfo, known []cashu.Keyset, odd []mintclient.OddKeyset) ([]cashu.Keyset, []mintclient.OddKeyset, error) {
	var keysets []cashu.Keyset
	for _, k := range known {
		if !slices.ContainsFunc(listed, func(i cashu.KeysetInfo) bool { return i.ID == k.ID }) {
			k.Active = false
			keysets = append(keysets, k)
		}
	}
	for _, info := range listed {
		i := slices.IndexFunc(known, func(k cashu.Keyset) bool { return k.ID == info.ID })
		if i >= 0 && known[i].Unit == info.Unit {
			k := known[i]
			k.Active, k.InputFeePPK, k.FinalExpiry = info.Active, info.InputFeePPK, info.FinalExpiry
			keysets = append(keysets, k)
			continue
		}
		k, err := c.Keys(ctx, info)
		if errors.Is(err, mintclient.ErrOddKeys) {
			odd = append(odd, mintclient.OddKeyset{ID: info.ID.String(), Reason: mintclient.ErrOddKeys.Error()})
			continue
		}
		if err != nil {
			return nil, nil, err
		}
		keysets = append(keysets, k)
	}
	return keysets, odd, nil
}

// refuseForeign refuses keysets whose ids another mint has: both would get the
// same secrets (NUT-13).
func (w *Wallet) refuseForeign(ctx context.Context, mintURL string, keysets []cashu.Keyset) error {
	mints, err := w.store.Mints(ctx)
	if err != nil {
		return err
	}
	for _, m := range mints {
		if m.URL == mintURL {
			continue
		}
		theirs, err := w.store.Keysets(ctx, m.URL)
		if err != nil {
			return err
		}
		for _, k := range keysets {
			if slices.ContainsFunc(theirs, func(t cashu.Keyset) bool { return t.ID == k.ID }) {
				return fmt.Errorf("the keyset %v of %s %w at %s", k.ID, mintURL, ErrExists, m.URL)
			}
		}
	}
	return nil
}
