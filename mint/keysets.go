package mint

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/signatory"
)

// KeysetView is the public keysets at one moment. It never changes: a request
// takes one view and works with it to its end, whatever rotates meanwhile.
type KeysetView struct {
	snapshot signatory.Snapshot
	byID     map[cashu.KeysetID]*cashu.Keyset
	version  uint64
}

// All lists every keyset, active or not. Do not modify.
func (v *KeysetView) All() []cashu.Keyset { return v.snapshot.Keysets }

// Get finds a keyset by its full id.
func (v *KeysetView) Get(id cashu.KeysetID) (*cashu.Keyset, bool) {
	k, ok := v.byID[id]
	return k, ok
}

// Version differs between any two views of one process.
func (v *KeysetView) Version() uint64 { return v.version }

// Identity is the signatory's public key (NUT-06 pubkey); zero before the first
// snapshot.
func (v *KeysetView) Identity() bdhke.Point { return v.snapshot.Identity }

// Epoch is the signatory's count of keyset changes; 0 when it does not say.
func (v *KeysetView) Epoch() uint64 { return v.snapshot.Epoch }

// ErrSnapshotRefused: what the signatory sent contradicts what it sent before.
// The mint keeps the keysets it has.
var ErrSnapshotRefused = errors.New("keyset snapshot refused")

// keysets holds the current view and decides which snapshot may replace it.
type keysets struct {
	store  Store
	logger *slog.Logger
	now    func() time.Time

	seen  atomic.Pointer[map[string]int64] // by id, see KeysetSeen
	view  atomic.Pointer[KeysetView]
	ready chan struct{} // closed with the first view that has keysets

	mu     sync.Mutex // one apply at a time
	pinned bdhke.Point
}

// loadKeysets starts from the pinned identity and the snapshot that the database
// remembers; both may be missing.
func loadKeysets(ctx context.Context, store Store, pin bdhke.Point, now func() time.Time, logger *slog.Logger) (*keysets, error) {
	k := &keysets{store: store, logger: logger, now: now, ready: make(chan struct{}), pinned: pin}
	k.view.Store(&KeysetView{})
	stored, err := store.Config(ctx, ConfigIdentity)
	switch {
	case errors.Is(err, ErrNotFound):
	case err != nil:
		return nil, fmt.Errorf("reading the pinned signatory identity: %w", err)
	default:
		identity, err := bdhke.ParsePointHex(stored)
		if err != nil {
			return nil, fmt.Errorf("reading the pinned signatory identity: %w", err)
		}
		if !pin.IsZero() && !pin.Equal(identity) {
			return nil, fmt.Errorf("this database belongs to the signatory %v, not to the configured %v: %w",
				identity, pin, ErrSnapshotRefused)
		}
		k.pinned = identity
	}
	seen, err := readSeen(ctx, store)
	if err != nil {
		return nil, err
	}
	k.seen.Store(&seen)
	snapshot, err := store.Keysets(ctx)
	switch {
	case errors.Is(err, ErrNotFound):
		return k, nil
	case err != nil:
		return nil, fmt.Errorf("reading the remembered keysets: %w", err)
	}
	if err := k.check(snapshot); err != nil {
		return nil, fmt.Errorf("checking the remembered keysets: %w", err)
	}
	k.publish(snapshot)
	return k, nil
}

// Apply replaces the view by a snapshot from the signatory, or refuses it with
// ErrSnapshotRefused and keeps the old one. It remembers the snapshot for a
// start without the signatory.
func (k *keysets) Apply(ctx context.Context, s signatory.Snapshot) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if err := k.check(s); err != nil {
		return err
	}
	if sameSnapshot(k.view.Load().snapshot, s) && k.allSeen(s) {
		return nil
	}
	if k.pinned.IsZero() {
		// First contact. The pin must outlive a power cut before anything that
		// was signed under it leaves the mint.
		err := k.store.Update(ctx, Durable, func(tx Tx) error {
			switch pinned, err := tx.Config(ctx, ConfigIdentity); {
			case errors.Is(err, ErrNotFound):
				return tx.SetConfig(ctx, ConfigIdentity, s.Identity.String())
			case err != nil:
				return err
			case pinned != s.Identity.String():
				return fmt.Errorf("%w: another mint on this database has pinned %s", ErrSnapshotRefused, pinned)
			}
			return nil
		})
		if err != nil {
			return fmt.Errorf("pinning the signatory identity: %w", err)
		}
		k.pinned = s.Identity
		k.logger.Info("pinned the signatory", "identity", s.Identity.String())
	}
	before := k.view.Load()
	k.publish(s)
	k.logChange(before, k.view.Load())
	if err := k.remember(ctx, s); err != nil {
		// The view in memory is right; only a start without the signatory
		// would see the older one.
		k.logger.Error("could not remember the keysets", "error", err)
	}
	return nil
}

func (k *keysets) remember(ctx context.Context, s signatory.Snapshot) error {
	var seen map[string]int64
	err := k.store.Update(ctx, Deferred, func(tx Tx) error {
		old, err := tx.Keysets(ctx)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		if s.Epoch != 0 && old.Epoch > s.Epoch {
			return nil // another mint on this database is ahead
		}
		if seen, err = noteSeen(ctx, tx, s, k.now()); err != nil {
			return err
		}
		return tx.SaveKeysets(ctx, s)
	})
	if err == nil && seen != nil {
		k.seen.Store(&seen)
	}
	return err
}

// publish makes the snapshot the current view. The caller holds mu or is alone.
func (k *keysets) publish(s signatory.Snapshot) {
	next := &KeysetView{
		snapshot: s,
		byID:     make(map[cashu.KeysetID]*cashu.Keyset, len(s.Keysets)),
		version:  k.view.Load().version + 1,
	}
	for i := range s.Keysets {
		next.byID[s.Keysets[i].ID] = &s.Keysets[i]
	}
	k.view.Store(next)
	select {
	case <-k.ready:
	default:
		if len(s.Keysets) > 0 {
			close(k.ready)
		}
	}
}

// check refuses what would take keysets away from wallets: another identity, an
// older epoch, a keyset that vanished or changed, an id that its contents do not
// give. A mint that believed such a snapshot would burn money that it owes.
func (k *keysets) check(s signatory.Snapshot) error {
	var problems []error
	refuse := func(format string, args ...any) {
		problems = append(problems, fmt.Errorf(format, args...))
	}
	current := k.view.Load()
	if len(s.Keysets) == 0 {
		refuse("it has no keysets")
	}
	if s.Identity.IsZero() {
		refuse("it has no identity key")
	} else if !k.pinned.IsZero() && !s.Identity.Equal(k.pinned) {
		refuse("its identity key is %v, and %v is pinned", s.Identity, k.pinned)
	}
	if s.Epoch != 0 && s.Epoch < current.Epoch() {
		refuse("its epoch %d is older than %d", s.Epoch, current.Epoch())
	}
	ids := make(map[cashu.KeysetID]*cashu.Keyset, len(s.Keysets))
	for i := range s.Keysets {
		ks := &s.Keysets[i]
		if ids[ks.ID] != nil {
			refuse("keyset %v appears twice", ks.ID)
		}
		ids[ks.ID] = ks
		if old, known := current.Get(ks.ID); known {
			if !sameKeyset(*old, *ks) {
				refuse("keyset %v changed its unit, fee, expiry or keys", ks.ID)
			}
			continue // its id was checked when it was new
		}
		if err := ks.VerifyID(); err != nil {
			refuse("keyset %v: %w", ks.ID, err)
		}
	}
	for _, old := range current.All() {
		if ids[old.ID] == nil {
			refuse("keyset %v vanished", old.ID)
		}
	}
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%w: %w", ErrSnapshotRefused, errors.Join(problems...))
}

// sameKeyset compares everything but Active, which is the one thing of a keyset
// that may change.
func sameKeyset(a, b cashu.Keyset) bool {
	if a.Unit != b.Unit || a.InputFeePPK != b.InputFeePPK || a.FinalExpiry != b.FinalExpiry || a.Keys.Len() != b.Keys.Len() {
		return false
	}
	for amount, key := range a.Keys.All() {
		other, ok := b.Keys.Get(amount)
		if !ok || !other.Equal(key) {
			return false
		}
	}
	return true
}

func sameSnapshot(a, b signatory.Snapshot) bool {
	if a.Epoch != b.Epoch || len(a.Keysets) != len(b.Keysets) || !a.Identity.Equal(b.Identity) {
		return false
	}
	for i := range a.Keysets {
		if a.Keysets[i].ID != b.Keysets[i].ID || a.Keysets[i].Active != b.Keysets[i].Active {
			return false // the rest was compared by check
		}
	}
	return true
}

func (k *keysets) logChange(before, after *KeysetView) {
	for _, ks := range after.All() {
		old, known := before.Get(ks.ID)
		switch {
		case !known:
			k.logger.Info("new keyset", "keyset", ks.ID.String(), "unit", string(ks.Unit), "active", ks.Active,
				"input_fee_ppk", ks.InputFeePPK, "epoch", after.Epoch())
		case old.Active != ks.Active:
			k.logger.Info("keyset changed", "keyset", ks.ID.String(), "unit", string(ks.Unit), "active", ks.Active,
				"epoch", after.Epoch())
		}
	}
}
