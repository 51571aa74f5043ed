package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// Mint reads a mint, and asks it anew if what is known is old. If it cannot be
// reached, what is known has to do.
func (w *Wallet) Mint(ctx context.Context, mintURL string) (Mint, error) {
	base, err := mintclient.NormalURL(mintURL)
	if err != nil {
		return Mint{}, err
	}
	m, err := w.KnownMint(ctx, base)
	if err == nil && m.fresh(w.now(), w.cfg.Refresh) {
		return m, nil
	}
	asked, askErr := w.RefreshMint(ctx, base)
	switch {
	case askErr == nil:
		return asked, nil
	case err != nil || errors.Is(askErr, ErrExists):
		return Mint{}, askErr
	}
	w.log.Warn("a mint cannot be asked, its keysets are the ones known", "mint", base, "error", askErr)
	return m, nil
}

// doubt is how old an answer may be at most that something is wrong with.
const doubt = time.Minute

// fresh tells whether what is known is good enough. If keysets made no sense, or a
// unit has none to make coins with, that may be over soon.
func (m Mint) fresh(now time.Time, refresh time.Duration) bool {
	if len(m.LeftOut) > 0 || !m.canMake() {
		refresh = min(refresh, doubt)
	}
	return now.Sub(time.Unix(m.Fetched, 0)) < refresh
}

// canMake tells whether every unit has an active keyset.
func (m Mint) canMake() bool {
	units := map[cashu.Unit]bool{}
	for _, k := range m.Keysets {
		units[k.Unit] = units[k.Unit] || k.Active
	}
	for _, active := range units {
		if !active {
			return false
		}
	}
	return len(units) > 0
}

// KnownMint reads what is known of a mint, without asking it; ErrNotFound if that
// is nothing.
func (w *Wallet) KnownMint(ctx context.Context, mintURL string) (Mint, error) {
	base, err := mintclient.NormalURL(mintURL)
	if err != nil {
		return Mint{}, err
	}
	known, err := w.store.Mint(ctx, base)
	if err != nil {
		return Mint{}, err
	}
	keysets, err := w.store.Keysets(ctx, base)
	if err != nil {
		return Mint{}, err
	}
	return w.bounded(newMint(known, keysets))
}

// Mints lists what is known, without asking anybody.
func (w *Wallet) Mints(ctx context.Context) ([]KnownMint, error) { return w.store.Mints(ctx) }

// TrustMint says whether tokens of a mint are received without asking. ErrNotFound
// for a mint that the wallet has not met.
func (w *Wallet) TrustMint(ctx context.Context, mintURL string, trusted bool) error {
	return w.changeMint(ctx, mintURL, func(m *KnownMint) { m.Trusted = trusted })
}

// RenameMint gives a mint the owner's own name; empty: none. No two mints have the
// same (ErrExists).
func (w *Wallet) RenameMint(ctx context.Context, mintURL, name string) error {
	mints, err := w.store.Mints(ctx)
	if err != nil {
		return err
	}
	for _, m := range mints {
		if name != "" && m.Name == name && m.URL != mintURL {
			return fmt.Errorf("the name %q %w for %s", name, ErrExists, m.URL)
		}
	}
	return w.changeMint(ctx, mintURL, func(m *KnownMint) { m.Name = name })
}

func (w *Wallet) changeMint(ctx context.Context, mintURL string, change func(*KnownMint)) error {
	base, err := mintclient.NormalURL(mintURL)
	if err != nil {
		return err
	}
	err = w.store.Update(ctx, func(tx Tx) error {
		m, err := tx.Mint(ctx, base)
		if err != nil {
			return err
		}
		change(&m)
		return tx.PutMint(ctx, m)
	})
	if errors.Is(err, ErrNotFound) {
		return fmt.Errorf("the mint %s is not known: %w", base, err)
	}
	return err
}

// RemoveMint forgets a mint of which there is no coin and no operation; ErrCoinsTaken
// else. A restore may meet it again: counters are kept.
func (w *Wallet) RemoveMint(ctx context.Context, mintURL string) error {
	base, err := mintclient.NormalURL(mintURL)
	if err != nil {
		return err
	}
	return w.store.Update(ctx, func(tx Tx) error {
		if _, err := forgetLogin(ctx, tx, base); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		return tx.RemoveMint(ctx, base)
	})
}
