package server

import (
	"context"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/keystore"
	"mintmark/keystore/rotation"
)

var _ Opened = (*vault)(nil)

// Identity is known from the first unlock on.
func (v *vault) Identity() bdhke.Point {
	v.state.Lock()
	defer v.state.Unlock()
	return v.name
}

// Keysets are those that were there last, while it is locked.
func (v *vault) Keysets() keystore.Snapshot {
	if now, done, err := v.use(); err == nil {
		defer done()
		return now.Keysets()
	}
	v.state.Lock()
	defer v.state.Unlock()
	return v.last
}

// Changed is also closed by a lock and an unlock.
func (v *vault) Changed() <-chan struct{} {
	v.state.Lock()
	defer v.state.Unlock()
	return v.moved
}

// ask gives a call its keystore, and its answer back.
func ask[T any](v *vault, call func(Opened) (T, error)) (T, error) {
	now, done, err := v.use()
	if err != nil {
		var none T
		return none, err
	}
	defer done()
	return call(now)
}

// tell is ask for a call that answers with an error only.
func (v *vault) tell(call func(Opened) error) error {
	now, done, err := v.use()
	if err != nil {
		return err
	}
	defer done()
	return call(now)
}

func (v *vault) Sign(ctx context.Context, m []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	return ask(v, func(ks Opened) ([]cashu.BlindSignature, error) { return ks.Sign(ctx, m) })
}

func (v *vault) SignRetired(ctx context.Context, m []cashu.BlindedMessage, grace map[cashu.KeysetID]time.Duration) ([]cashu.BlindSignature, error) {
	return ask(v, func(ks Opened) ([]cashu.BlindSignature, error) { return ks.SignRetired(ctx, m, grace) })
}

func (v *vault) Verify(ctx context.Context, p []cashu.Proof) error {
	return v.tell(func(ks Opened) error { return ks.Verify(ctx, p) })
}

func (v *vault) Rotate(ctx context.Context, p keystore.RotateParams) (cashu.Keyset, error) {
	return ask(v, func(ks Opened) (cashu.Keyset, error) { return ks.Rotate(ctx, p) })
}

func (v *vault) Refresh(ctx context.Context) error {
	return v.tell(func(ks Opened) error { return ks.Refresh(ctx) })
}

// Stale is errLocked while it is locked: it does not sign.
func (v *vault) Stale() error { return v.tell(func(ks Opened) error { return ks.Stale() }) }

func (v *vault) Lives() []keystore.Life {
	lives, _ := ask(v, func(ks Opened) ([]keystore.Life, error) { return ks.Lives(), nil })
	return lives
}

func (v *vault) Prepare(ctx context.Context, p keystore.RotateParams) (cashu.Keyset, error) {
	return ask(v, func(ks Opened) (cashu.Keyset, error) { return ks.Prepare(ctx, p) })
}

func (v *vault) Activate(ctx context.Context, id cashu.KeysetID, retireOthers bool) error {
	return v.tell(func(ks Opened) error { return ks.Activate(ctx, id, retireOthers) })
}

func (v *vault) Schedule(ctx context.Context, id cashu.KeysetID, at time.Time, retireOthers bool) error {
	return v.tell(func(ks Opened) error { return ks.Schedule(ctx, id, at, retireOthers) })
}

func (v *vault) Signatures() map[cashu.KeysetID]uint64 {
	all, _ := ask(v, func(ks Opened) (map[cashu.KeysetID]uint64, error) { return ks.Signatures(), nil })
	return all
}

// Facts are none while it is locked: then nothing is due.
func (v *vault) Facts() []rotation.Keyset {
	facts, _ := ask(v, func(ks Opened) ([]rotation.Keyset, error) { return ks.Facts(), nil })
	return facts
}

func (v *vault) Step(ctx context.Context, unit cashu.Unit, p rotation.Policy, pending map[cashu.KeysetID]uint64) (step rotation.Step, done bool, err error) {
	err = v.tell(func(ks Opened) (err error) {
		step, done, err = ks.Step(ctx, unit, p, pending)
		return err
	})
	return step, done, err
}

func (v *vault) AddSigned(ctx context.Context, all []keystore.Signed) error {
	return v.tell(func(ks Opened) error { return ks.AddSigned(ctx, all) })
}

func (v *vault) Retire(ctx context.Context, id cashu.KeysetID) error {
	return v.tell(func(ks Opened) error { return ks.Retire(ctx, id) })
}

func (v *vault) Audit(ctx context.Context, kind keystore.AuditKind, client string, detail map[string]any) error {
	return v.tell(func(ks Opened) error { return ks.Audit(ctx, kind, client, detail) })
}

func (v *vault) AuditHead(ctx context.Context) (seq uint64, hash [32]byte, err error) {
	err = v.tell(func(ks Opened) (err error) {
		seq, hash, err = ks.AuditHead(ctx)
		return err
	})
	return seq, hash, err
}

func (v *vault) LoadBudget(ctx context.Context, since int64) ([]keystore.BudgetCounter, error) {
	return ask(v, func(ks Opened) ([]keystore.BudgetCounter, error) { return ks.LoadBudget(ctx, since) })
}

func (v *vault) ReserveBudget(ctx context.Context, client string, since int64, decide func([]keystore.BudgetCounter) ([]keystore.BudgetCounter, error)) error {
	return v.tell(func(ks Opened) error { return ks.ReserveBudget(ctx, client, since, decide) })
}

func (v *vault) Freezes(ctx context.Context) ([]keystore.Freeze, error) {
	return ask(v, func(ks Opened) ([]keystore.Freeze, error) { return ks.Freezes(ctx) })
}

// FreezesChanged is also closed by a lock and an unlock.
func (v *vault) FreezesChanged() <-chan struct{} {
	v.state.Lock()
	defer v.state.Unlock()
	return v.thawed
}

func (v *vault) Freeze(ctx context.Context, unit cashu.Unit, client string) error {
	return v.tell(func(ks Opened) error { return ks.Freeze(ctx, unit, client) })
}

func (v *vault) Unfreeze(ctx context.Context, unit cashu.Unit, client string) error {
	return v.tell(func(ks Opened) error { return ks.Unfreeze(ctx, unit, client) })
}
