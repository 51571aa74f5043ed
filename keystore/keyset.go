package keystore

import (
	"errors"
	"fmt"
	"sync"

	"mintmark/bdhke"
	"mintmark/bdhke/mintkey"
	"mintmark/cashu"
	"mintmark/internal/bip32"
)

// ErrMismatch: a keyset derived from the seed is not the one in its row. Either
// the seed is another one or the row is damaged.
var ErrMismatch = errors.New("seed and database do not fit together")

// keyset is one keyset with its private keys. It is never changed.
type keyset struct {
	public cashu.Keyset
	keys   map[cashu.Amount]mintkey.Key
	// contents is the version 2 id of the keyset, whatever its own version: a
	// version 1 id says nothing about unit, fee and expiry.
	contents cashu.KeysetID
}

// derive makes the keyset that the row describes. It looks at neither of the two
// ids of the row: the result has its own.
func derive(root *bip32.Node, r row) (*keyset, error) {
	parent, err := root.Path(r.unitIndex, r.index)
	if err != nil {
		return nil, fmt.Errorf("deriving keyset %d of %s: %w", r.index, r.unit, err)
	}
	defer parent.Wipe()
	keys := make(map[cashu.Amount]mintkey.Key, len(r.amounts))
	points := make(map[cashu.Amount]bdhke.Point, len(r.amounts))
	for position, amount := range r.amounts {
		child, err := parent.Hardened(uint32(position))
		if err != nil {
			return nil, fmt.Errorf("deriving key %d of keyset %d of %s: %w", position, r.index, r.unit, err)
		}
		keys[amount] = mintkey.New(child.Key())
		points[amount] = keys[amount].Public()
	}
	public, err := cashu.NewKeys(points)
	if err != nil {
		return nil, fmt.Errorf("collecting the keys of keyset %d of %s: %w", r.index, r.unit, err)
	}
	k := &keyset{
		public: cashu.Keyset{
			Unit:          r.unit,
			Active:        r.active,
			InputFeePPK:   r.fee,
			FinalExpiry:   r.finalExpiry,
			Keys:          public,
			IssuerVersion: r.issuer,
		},
		keys:     keys,
		contents: cashu.DeriveKeysetIDV2(public, r.unit, r.fee, r.finalExpiry),
	}
	switch r.version {
	case cashu.V1:
		k.public.ID = cashu.DeriveKeysetIDV1(public)
	case cashu.V2:
		k.public.ID = k.contents
	default:
		return nil, fmt.Errorf("keyset %d of %s has the unknown id version %d", r.index, r.unit, r.version)
	}
	return k, nil
}

// prove checks that a row is what the seed makes of it.
func (k *keyset) prove(r row) error {
	name := fmt.Sprintf("keyset %s (%s, index %d)", r.id, r.unit, r.index)
	switch {
	case k.public.ID != r.id:
		return fmt.Errorf("%w: %s derives to %s: wrong seed or damaged row", ErrMismatch, name, k.public.ID)
	case k.contents != r.contents:
		return fmt.Errorf("%w: %s has another unit, fee or expiry than it was made with: damaged row", ErrMismatch, name)
	case r.unitIndex != r.unit.DerivationIndex():
		return fmt.Errorf("%w: %s has the index of another unit: damaged row", ErrMismatch, name)
	}
	return nil
}

// build makes the state that the rows describe. Keysets that are in memory
// already are taken from there; all others are derived, over all cores, and
// proved against their rows. It changes nothing.
func (ks *Keystore) build(epoch uint64, rows []row) (*state, error) {
	known := map[cashu.KeysetID]*keyset{}
	if now := ks.current.Load(); now != nil {
		known = now.byID
	}
	sets := make([]*keyset, len(rows))
	errs := make([]error, len(rows))
	var wg sync.WaitGroup
	slots := make(chan struct{}, ks.parallel)
	for i, r := range rows {
		if old, ok := known[r.id]; ok {
			sets[i] = old.withActive(r.active)
			continue
		}
		slots <- struct{}{}
		wg.Go(func() {
			defer func() { <-slots }()
			if sets[i], errs[i] = derive(ks.root, r); errs[i] == nil {
				errs[i] = sets[i].prove(r)
			}
		})
	}
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	s := &state{
		Snapshot: Snapshot{Epoch: epoch, Keysets: make([]cashu.Keyset, len(sets))},
		lives:    make([]Life, len(sets)),
		byID:     make(map[cashu.KeysetID]*keyset, len(sets)),
		replaced: make(chan struct{}),
	}
	for i, k := range sets {
		s.lives[i] = rows[i].life()
		s.Keysets[i] = k.public
		s.byID[k.public.ID] = k
	}
	return s, nil
}

// withActive shares the keys; only the public description is another one.
func (k *keyset) withActive(active bool) *keyset {
	if k.public.Active == active {
		return k
	}
	c := *k
	c.public.Active = active
	return &c
}
