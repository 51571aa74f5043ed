package server

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"mintmark/cashu"
	"mintmark/signatory/internal/budget"
)

// everyUnit is the name under which all signing is frozen.
const everyUnit cashu.Unit = ""

// freezeRetry is the wait before what is frozen is read again.
const freezeRetry = 200 * time.Millisecond

// frozen is the kill switch: the units that do not sign.
type frozen struct {
	store    FreezeStore // nil: remembered in memory only
	changes  sync.Mutex
	units    atomic.Pointer[map[cashu.Unit]bool]
	unstored map[cashu.Unit]bool // frozen here, but it could not be written down
}

// openFrozen reads what was frozen before.
func openFrozen(ctx context.Context, store FreezeStore) (*frozen, error) {
	f := &frozen{store: store, unstored: map[cashu.Unit]bool{}}
	f.units.Store(&map[cashu.Unit]bool{})
	return f, f.reload(ctx)
}

// reload reads what is frozen in the store, where other signatories may have
// changed it. What could not be written there stays frozen.
func (f *frozen) reload(ctx context.Context) error {
	f.changes.Lock()
	defer f.changes.Unlock()
	if f.store == nil {
		return nil
	}
	all, err := f.store.Freezes(ctx)
	if err != nil {
		return err
	}
	units := maps.Clone(f.unstored)
	for _, one := range all {
		units[one.Unit] = true
	}
	f.units.Store(&units)
	return nil
}

// follow obeys what is frozen and unfrozen at other signatories, until ctx ends.
func (f *frozen) follow(ctx context.Context, log *slog.Logger, changed func()) {
	if f.store == nil {
		return
	}
	retry := time.Duration(0)
	for {
		news := f.store.FreezesChanged() // before reading, or a change could be missed
		before := f.list()
		err := f.reload(ctx)
		if now := f.list(); !slices.Equal(before, now) {
			log.WarnContext(ctx, "another signatory has changed what is frozen", "units", now)
		}
		switch {
		case ctx.Err() != nil:
			return
		case errors.Is(err, errLocked): // read by the unlock
			retry = 0
		case err != nil:
			log.ErrorContext(ctx, "what is frozen cannot be read", "error", err)
			retry = freezeRetry
		default:
			retry = 0
		}
		changed()
		var again <-chan time.Time
		if retry > 0 {
			again = time.After(retry)
		}
		select {
		case <-ctx.Done():
			return
		case <-news:
		case <-again:
		}
	}
}

func (f *frozen) list() []cashu.Unit { return slices.Sorted(maps.Keys(*f.units.Load())) }

func (f *frozen) any() bool { return len(*f.units.Load()) > 0 }

func (f *frozen) everything() bool { return (*f.units.Load())[everyUnit] }

// refuse is the answer to a call that would sign what is frozen. The text is for
// wallets, too.
func (f *frozen) refuse(spends []budget.Spend) error {
	units := *f.units.Load()
	if units[everyUnit] {
		return cashu.Errorf(cashu.CodeUnavailable, "signing is stopped by the operator")
	}
	for _, s := range spends {
		if units[s.Unit] {
			return cashu.Errorf(cashu.CodeUnavailable, "signing of %s is stopped by the operator", s.Unit)
		}
	}
	return nil
}

// freeze stops signing at once, and then writes it down. If that fails, signing
// is stopped all the same, until a restart.
func (f *frozen) freeze(ctx context.Context, unit cashu.Unit, client string) error {
	f.changes.Lock()
	defer f.changes.Unlock()
	f.set(unit, true)
	if f.store == nil {
		return nil
	}
	if err := f.store.Freeze(context.WithoutCancel(ctx), unit, client); err != nil {
		f.unstored[unit] = true
		return fmt.Errorf("signing is stopped, but it is not written down and would not survive a restart: %w", err)
	}
	return nil
}

// unfreeze writes down first: what is not recorded does not happen.
func (f *frozen) unfreeze(ctx context.Context, unit cashu.Unit, client string) error {
	f.changes.Lock()
	defer f.changes.Unlock()
	if f.store != nil {
		if err := f.store.Unfreeze(context.WithoutCancel(ctx), unit, client); err != nil {
			return fmt.Errorf("signing stays stopped: %w", err)
		}
	}
	delete(f.unstored, unit)
	f.set(unit, false)
	return nil
}

func (f *frozen) set(unit cashu.Unit, stop bool) {
	next := maps.Clone(*f.units.Load())
	if stop {
		next[unit] = true
	} else {
		delete(next, unit)
	}
	f.units.Store(&next)
}
