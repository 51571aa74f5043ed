package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// Mint is a mint as the wallet last saw it.
type Mint struct {
	KnownMint
	Info    mintclient.Info
	Keysets []cashu.Keyset

	byID map[cashu.KeysetID]cashu.Keyset
}

// Keyset finds a keyset that the mint ever had.
func (m Mint) Keyset(id cashu.KeysetID) (cashu.Keyset, bool) {
	k, ok := m.byID[id]
	return k, ok
}

// KeysetIDs lists all, for reading tokens.
func (m Mint) KeysetIDs() []cashu.KeysetID {
	ids := make([]cashu.KeysetID, len(m.Keysets))
	for i, k := range m.Keysets {
		ids[i] = k.ID
	}
	return ids
}

// active is the keyset to make new coins with: of those that are active and will
// not expire within a day, the one with the lowest fee, then the one that lives
// longest.
func (m Mint) active(unit cashu.Unit, now time.Time) (cashu.Keyset, error) {
	var best *cashu.Keyset
	for i, k := range m.Keysets {
		soon := k.FinalExpiry != 0 && k.FinalExpiry < uint64(now.Add(24*time.Hour).Unix())
		if !k.Active || k.Unit != unit || soon {
			continue
		}
		if best == nil || better(k, *best) {
			best = &m.Keysets[i]
		}
	}
	if best == nil {
		return cashu.Keyset{}, fmt.Errorf("the mint %s has no active keyset for %s", m.URL, unit)
	}
	return *best, nil
}

func better(a, b cashu.Keyset) bool {
	if a.InputFeePPK != b.InputFeePPK {
		return a.InputFeePPK < b.InputFeePPK
	}
	return a.FinalExpiry-1 > b.FinalExpiry-1 // 0 is for ever, and wraps around
}

// maxFeePPK is a fee for one coin that no mint can mean.
const maxFeePPK = 1 << 40

// fee is what the mint takes for spending coins (NUT-02).
func (m Mint) fee(ids ...cashu.KeysetID) (cashu.Amount, error) {
	var ppk uint64
	for _, id := range ids {
		k, ok := m.byID[id]
		if !ok {
			return 0, cashu.Errorf(cashu.CodeKeysetUnknown, "keyset %v is not known", id)
		}
		if k.InputFeePPK > maxFeePPK {
			return 0, fmt.Errorf("the fee of keyset %v is out of all reason", id)
		}
		ppk += k.InputFeePPK
	}
	return cashu.InputFee(ppk), nil
}

// feeLater is what spending coins will cost that are made now.
func (m Mint) feeLater(k cashu.Keyset, wants []want) (cashu.Amount, error) {
	ids := make([]cashu.KeysetID, len(wants))
	for i := range ids {
		ids[i] = k.ID
	}
	return m.fee(ids...)
}

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

func newMint(known KnownMint, keysets []cashu.Keyset) (Mint, error) {
	m := Mint{KnownMint: known, Keysets: keysets, byID: make(map[cashu.KeysetID]cashu.Keyset, len(keysets))}
	for _, k := range keysets {
		m.byID[k.ID] = k
	}
	if len(known.Info) == 0 {
		return m, nil
	}
	var err error
	m.Info, err = mintclient.ParseInfo(known.Info)
	return m, err
}

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
		if mint, err = tx.Mint(ctx, c.URL()); err != nil && !errors.Is(err, ErrNotFound) {
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
