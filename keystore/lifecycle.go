package keystore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/internal/sqldb"
)

// Stage is where a keyset is in its life. It only ever goes forward.
type Stage string

const (
	StagePrepared Stage = "prepared" // published, has never signed
	StageActive   Stage = "active"   // signs and verifies
	StageRetired  Stage = "retired"  // verifies
)

// Life is what the keystore knows of a keyset beyond what is published. Times are
// zero for what has not happened.
type Life struct {
	ID    cashu.KeysetID
	Unit  cashu.Unit
	Index uint32
	Stage Stage

	Created, Activated, Retired time.Time

	// ActivateAt is when a prepared keyset is to become active, with KeepOthers
	// beside the active ones. It is zero if that is not said.
	ActivateAt time.Time
	KeepOthers bool
}

func (r row) life() Life {
	at := func(unix int64) time.Time {
		if unix == 0 {
			return time.Time{}
		}
		return time.Unix(unix, 0).UTC()
	}
	l := Life{
		ID: r.id, Unit: r.unit, Index: r.index, Stage: StageRetired,
		Created: r.created.UTC(), Activated: at(r.activated), Retired: at(r.retired),
		ActivateAt: at(r.activateAt), KeepOthers: r.keepOthers,
	}
	switch {
	case r.active:
		l.Stage = StageActive
	case r.retired == 0:
		l.Stage = StagePrepared
	}
	return l
}

// Lives tells the stage of every keyset, in the order of Keysets. The list is
// shared: readers must not change it.
func (ks *Keystore) Lives() []Life { return ks.current.Load().lives }

type clientKey struct{}

// WithClient names, for the audit log, who asks for Rotate, Prepare, Activate and
// Retire. Without it nobody is named.
func WithClient(ctx context.Context, client string) context.Context {
	return context.WithValue(ctx, clientKey{}, client)
}

// Activate lets a prepared keyset sign from now on. The active keysets of its
// unit are retired, or with retireOthers false go on beside it. Activating what is
// active is no error. A keyset that was retired, has expired or is not known is
// ErrRefused.
func (ks *Keystore) Activate(ctx context.Context, id cashu.KeysetID, retireOthers bool) error {
	_, err := ks.change(ctx, AuditActivate, func(c *change) error { return c.activate(id, retireOthers) })
	return keysetError(err, "activating keyset %s", id)
}

func (c *change) activate(id cashu.KeysetID, retireOthers bool) error {
	r, err := c.find(id)
	if err != nil {
		return err
	}
	switch {
	case !r.active && r.retired != 0:
		return fmt.Errorf("%w: keyset %s was retired, for good: prepare another one", ErrRefused, id)
	case c.before.byID[id].public.ExpiredForOutputs(c.now):
		return fmt.Errorf("%w: keyset %s has expired", ErrRefused, id)
	}
	retires := []string{}
	if retireOthers {
		if retires, err = c.retireOthers(r); err != nil {
			return err
		}
	}
	if r.active && len(retires) == 0 {
		return errUnchanged
	}
	c.detail = map[string]any{"keyset": id, "unit": r.unit, "epoch": c.head.epoch + 1, "retires": retires}
	if r.active {
		return nil
	}
	return setState(c.ctx, c.tx, stmtActivate(), id, c.now)
}

// Retire ends the signing of a keyset, for good: it goes on to verify. A prepared
// keyset that is retired will never sign. Retiring what is retired is no error; a
// keyset that is not known is ErrRefused.
func (ks *Keystore) Retire(ctx context.Context, id cashu.KeysetID) error {
	_, err := ks.change(ctx, AuditRetire, func(c *change) error {
		r, err := c.find(id)
		switch {
		case err != nil:
			return err
		case !r.active && r.retired != 0:
			return errUnchanged
		}
		c.detail = map[string]any{"keyset": id, "unit": r.unit, "epoch": c.head.epoch + 1}
		return setState(c.ctx, c.tx, stmtRetire(), id, c.now)
	})
	return keysetError(err, "retiring keyset %s", id)
}

// errUnchanged: what was asked for is so already.
var errUnchanged = errors.New("nothing to change")

// change is one step of the keysets, inside its transaction. What it decides from
// is what the transaction reads, not what is in memory.
type change struct {
	ctx    context.Context
	tx     sqldb.Tx
	now    time.Time
	head   header
	rows   []row
	before *state
	kind   AuditKind
	detail map[string]any // of the audit record
}

// change does one step: everything that decide writes, the epoch and the audit
// record commit together or not at all, and memory follows the commit.
func (ks *Keystore) change(ctx context.Context, kind AuditKind, decide func(*change) error) (*state, error) {
	ks.rotating.Lock()
	defer ks.rotating.Unlock()
	client, _ := ctx.Value(clientKey{}).(string)
	var next, found *state
	err := ks.write(ctx, func(tx sqldb.Tx) error {
		c := &change{ctx: ctx, tx: tx, now: ks.clock(), kind: kind}
		err := ks.read(c)
		if err == nil {
			found = c.before
			err = decide(c)
		}
		if err == nil {
			next, err = ks.advance(c)
		}
		if err == nil {
			err = ks.audit(ctx, tx, c.kind, client, c.detail)
		}
		if err == nil {
			err = ks.tell(ctx, tx)
		}
		return err
	})
	switch {
	case errors.Is(err, errUnchanged):
		// The database may be ahead: after a commit that was reported as
		// failed, or of somebody else.
		ks.publish(found)
		return ks.current.Load(), nil
	case err != nil:
		return nil, err
	}
	crashpoint.Here(crashRotated)
	ks.publish(next)
	return next, nil // even if others have gone on meanwhile
}

// read reads what is there. What the audit log does not say the same of is not gone
// on from: the record of the change would seal it.
func (ks *Keystore) read(c *change) (err error) {
	if c.head, err = readHeader(c.ctx, c.tx); err != nil {
		return err
	}
	if err := ks.checkState(c.ctx, c.tx); err != nil {
		return err
	}
	if c.rows, err = readRows(c.ctx, c.tx); err != nil {
		return err
	}
	ks.noteSigned(c.rows)
	c.before, err = ks.build(c.head.epoch, c.rows)
	return err
}

// advance begins a new epoch and builds, from the rows as they are now, the state
// that is true once the transaction has committed.
func (ks *Keystore) advance(c *change) (*state, error) {
	epoch := c.head.epoch + 1
	if n, err := c.tx.Exec(c.ctx, stmtSetEpoch(), c.head.epoch, epoch); err != nil || n != 1 {
		return nil, fmt.Errorf("advancing the epoch, %d rows: %w", n, err)
	}
	rows, err := readRows(c.ctx, c.tx)
	if err != nil {
		return nil, err
	}
	if c.detail[stateField], err = currentState(c.ctx, c.tx); err != nil {
		return nil, err
	}
	return ks.build(epoch, rows)
}

func (c *change) find(id cashu.KeysetID) (row, error) {
	for _, r := range c.rows {
		if r.id == id {
			return r, nil
		}
	}
	return row{}, fmt.Errorf("%w: keyset %s is not known", ErrRefused, id)
}

// retireOthers retires the active keysets of the unit of r but r, and names them.
func (c *change) retireOthers(r row) ([]string, error) {
	ids := []string{}
	for _, other := range c.rows {
		if other.unit != r.unit || !other.active || other.id == r.id {
			continue
		}
		ids = append(ids, other.id.String())
		if err := setState(c.ctx, c.tx, stmtRetire(), other.id, c.now); err != nil {
			return nil, err
		}
	}
	return ids, nil
}

// keysetError leaves refusals in their own words.
func keysetError(err error, format string, args ...any) error {
	if err == nil || errors.Is(err, ErrRefused) {
		return err
	}
	return fmt.Errorf(format+": %w", append(args, err)...)
}
