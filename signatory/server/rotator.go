package server

import (
	"context"
	"errors"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/keystore"
	"mintmark/keystore/rotation"
)

// Stepper is what keysets rotate with.
type Stepper interface {
	// Facts is what is known without asking the database.
	Facts() []rotation.Keyset
	// Step does what is due, if the database says so too: of several
	// signatories on one database, one does it.
	Step(ctx context.Context, unit cashu.Unit, p rotation.Policy, pending map[cashu.KeysetID]uint64) (rotation.Step, bool, error)
	AddSigned(context.Context, []keystore.Signed) error
}

var _ Stepper = (*keystore.Keystore)(nil)

const (
	// rotationTick is how often we look, whatever is planned: the clock may have
	// been set, the machine asleep, another signatory at work.
	rotationTick = 5 * time.Minute
	// tallyInterval is how often signatures are written down. A crash forgets
	// those since; budgets are not counted from them.
	tallyInterval = 10 * time.Minute
	// After a failure we wait, twice as long each time.
	minRetry, maxRetry = 5 * time.Second, 10 * time.Minute
)

// Rotation is what rotation does next for a unit, for the operator and for metrics.
type Rotation struct {
	// Policy of the unit; the zero value: it does not rotate by itself.
	Policy rotation.Policy
	// Next step; its Action is rotation.Nothing if none is known.
	Next rotation.Step
	// Expires is the final expiry of the newest active keyset; zero is never.
	Expires time.Time
}

// rotator does what package rotation decides, when it is due.
type rotator struct {
	source   Stepper // nil: nothing ever rotates by itself
	tally    *tally
	changed  func() <-chan struct{}
	clock    func() time.Time
	log      *slog.Logger
	tick     time.Duration
	replaced chan struct{} // wakes run; nil: nobody replaces

	mu       sync.Mutex
	policies Policies // never changed, only replaced

	flushed time.Time
	blocked map[cashu.Unit]string // what was said about it
}

// replace puts other policies in force: what is due by them is done at once.
func (r *rotator) replace(next Policies) {
	r.mu.Lock()
	r.policies = next
	r.mu.Unlock()
	select {
	case r.replaced <- struct{}{}:
	default: // it is awake, or will be
	}
}

func (r *rotator) inForce() Policies {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.policies
}

// run works until ctx ends, and then writes down what was signed.
func (r *rotator) run(ctx context.Context) {
	if r.source == nil {
		return
	}
	r.flushed, r.blocked = r.clock(), map[cashu.Unit]string{}
	retry := minRetry
	for {
		changed := r.changed()
		wait, err := r.round(ctx)
		switch {
		case errors.Is(err, errLocked): // an unlock wakes us, and then all is made up for
			wait = r.tick
		case err != nil && ctx.Err() == nil:
			r.log.ErrorContext(ctx, "keysets could not be rotated", "error", err, "retry_in", retry)
			wait, retry, changed = retry, min(2*retry, maxRetry), nil
		default:
			retry = minRetry
		}
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			if err := r.flush(context.WithoutCancel(ctx)); err != nil && !errors.Is(err, errLocked) {
				r.log.ErrorContext(ctx, "what was signed could not be written down", "error", err)
			}
			return
		case <-timer.C:
		case <-changed:
			timer.Stop()
		case <-r.replaced:
			timer.Stop()
		}
	}
}

// round does all that is due, and says how long there is nothing to do.
func (r *rotator) round(ctx context.Context) (wait time.Duration, err error) {
	if now := r.clock(); now.Sub(r.flushed) >= tallyInterval || now.Before(r.flushed) {
		if err := r.flush(ctx); err != nil {
			return 0, err
		}
		r.flushed = now
	}
	wait = r.tick
	for _, one := range r.outlook() {
		now, step := r.clock(), one.Next
		if step.Due(now) {
			var done bool
			if step, done, err = r.source.Step(ctx, step.Unit, one.Policy, r.tally.pending()); err != nil {
				return 0, err
			}
			if done {
				r.log.InfoContext(ctx, "rotation", "unit", string(step.Unit), "action", string(step.Action), "reason", step.Reason)
				wait = 0 // there may be more
				continue
			}
		}
		if step.Blocked != r.blocked[step.Unit] {
			r.blocked[step.Unit] = step.Blocked
			if step.Blocked != "" && step.Reason != "" {
				r.log.WarnContext(ctx, "rotation has to wait", "unit", string(step.Unit), "reason", step.Reason, "for", step.Blocked, "until", step.At)
			}
		}
		if left := step.At.Sub(now); step.Action != rotation.Nothing && left > 0 {
			wait = min(wait, left)
		}
	}
	return wait, nil
}

func (r *rotator) flush(ctx context.Context) error {
	all := r.tally.take()
	if len(all) == 0 {
		return nil
	}
	if err := r.source.AddSigned(ctx, all); err != nil {
		r.tally.giveBack(all)
		return err
	}
	return nil
}

// outlook is what comes next for every unit that has a policy or a keyset.
func (r *rotator) outlook() []Rotation {
	if r.source == nil {
		return nil
	}
	facts, pending := r.source.Facts(), r.tally.pending()
	units := map[cashu.Unit]time.Time{}
	newest := map[cashu.Unit]time.Time{}
	policies := r.inForce()
	for unit := range policies {
		units[unit] = time.Time{}
	}
	for i := range facts {
		k := &facts[i]
		k.Signatures += pending[k.ID]
		if _, ok := units[k.Unit]; !ok {
			units[k.Unit] = time.Time{}
		}
		if k.Active && !k.Activated.Before(newest[k.Unit]) {
			newest[k.Unit], units[k.Unit] = k.Activated, k.FinalExpiry
		}
	}
	now := r.clock()
	var out []Rotation
	for _, unit := range slices.Sorted(maps.Keys(units)) {
		policy := policies[unit]
		out = append(out, Rotation{Policy: policy, Next: rotation.Next(now, unit, policy, facts), Expires: units[unit]})
	}
	return out
}
