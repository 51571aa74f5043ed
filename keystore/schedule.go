package keystore

import (
	"context"
	"fmt"
	"maps"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/keystore/rotation"
)

// scheduleSchema: when a prepared keyset is to become active, unix seconds, 0 =
// nobody has said, and how many signatures each keyset has made.
const scheduleSchema = `
ALTER TABLE keysets ADD COLUMN activate_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE keysets ADD COLUMN keep_others INTEGER NOT NULL DEFAULT 0 CHECK (keep_others IN (0, 1));
CREATE TABLE signed (
	keyset     BLOB   NOT NULL PRIMARY KEY,
	signatures BIGINT NOT NULL CHECK (signatures >= 0)
);`

func stmtSchedule() sqldb.Stmt {
	return sqldb.Stmt{Name: "keysets.schedule", SQL: `UPDATE keysets SET activate_at = $2, keep_others = $3 WHERE id = $1`}
}

func stmtAddSigned() sqldb.Stmt {
	return sqldb.Stmt{Name: "signed.add", SQL: `
INSERT INTO signed (keyset, signatures) VALUES ($1, $2)
ON CONFLICT (keyset) DO UPDATE SET signatures = signed.signatures + excluded.signatures`}
}

// Schedule has a prepared keyset become active at a time, as Activate would: Step
// does it. It survives restarts. A second time takes the place of the first one.
// What Activate would refuse is ErrRefused, and so is a time at which the keyset has
// expired.
func (ks *Keystore) Schedule(ctx context.Context, id cashu.KeysetID, at time.Time, retireOthers bool) error {
	_, err := ks.change(ctx, AuditSchedule, func(c *change) error {
		r, err := c.find(id)
		switch {
		case err != nil:
			return err
		case r.active:
			return fmt.Errorf("%w: keyset %s is active already", ErrRefused, id)
		case r.retired != 0:
			return fmt.Errorf("%w: keyset %s was retired, for good: prepare another one", ErrRefused, id)
		case c.before.byID[id].public.ExpiredForOutputs(at) || c.before.byID[id].public.ExpiredForOutputs(c.now):
			return fmt.Errorf("%w: keyset %s will have expired by then", ErrRefused, id)
		case r.activateAt == moment(at) && r.keepOthers == !retireOthers:
			return errUnchanged
		}
		c.detail = map[string]any{"keyset": id, "unit": r.unit, "epoch": c.head.epoch + 1, "activate_at": moment(at), "keep_others": !retireOthers}
		n, err := c.tx.Exec(c.ctx, stmtSchedule(), id.Bytes(), moment(at), number(!retireOthers))
		if err == nil && n != 1 {
			err = fmt.Errorf("%d rows changed", n)
		}
		return err
	})
	return keysetError(err, "scheduling keyset %s", id)
}

// Facts are what rotation decides from, as memory knows it.
func (ks *Keystore) Facts() []rotation.Keyset {
	return facts(ks.current.Load(), ks.Signatures())
}

func facts(s *state, signatures map[cashu.KeysetID]uint64) []rotation.Keyset {
	out := make([]rotation.Keyset, len(s.lives))
	for i, l := range s.lives {
		out[i] = rotation.Keyset{
			ID: l.ID, Unit: l.Unit, Active: l.Stage == StageActive, Prepared: l.Stage == StagePrepared,
			Created: l.Created, Activated: l.Activated, ActivateAt: l.ActivateAt, KeepOthers: l.KeepOthers,
			Signatures: signatures[l.ID],
		}
		if expiry := s.Keysets[i].FinalExpiry; expiry != 0 {
			out[i].FinalExpiry = time.Unix(int64(min(expiry, maxExpiry)), 0)
		}
	}
	return out
}

// Signatures is how many signatures each keyset has made, as far as AddSigned was
// told, here or elsewhere.
func (ks *Keystore) Signatures() map[cashu.KeysetID]uint64 {
	ks.signedMu.Lock()
	defer ks.signedMu.Unlock()
	return maps.Clone(ks.signed)
}

// noteSigned takes over what rows say. Numbers only grow.
func (ks *Keystore) noteSigned(rows []row) {
	ks.signedMu.Lock()
	defer ks.signedMu.Unlock()
	if ks.signed == nil {
		ks.signed = map[cashu.KeysetID]uint64{}
	}
	for _, r := range rows {
		ks.signed[r.id] = max(ks.signed[r.id], r.signatures)
	}
}

// Step does what is due for a unit, if anything is: it decides from what the
// database says inside the transaction in which it acts, so of several that ask at
// once, one does it and the others find nothing to do. pending are signatures that
// AddSigned was not told yet. It returns what was decided, done or not, and whether
// it was done.
func (ks *Keystore) Step(ctx context.Context, unit cashu.Unit, policy rotation.Policy, pending map[cashu.KeysetID]uint64) (step rotation.Step, done bool, err error) {
	var made row
	next, err := ks.change(ctx, "", func(c *change) error {
		made, done = row{}, false
		signatures := maps.Clone(pending)
		if signatures == nil {
			signatures = map[cashu.KeysetID]uint64{}
		}
		for _, r := range c.rows {
			signatures[r.id] += r.signatures
		}
		known := facts(c.before, signatures)
		if step = rotation.Next(c.now, unit, policy, known); !step.Due(c.now) {
			return errUnchanged
		}
		if step.Action == rotation.Activate {
			c.kind, done = AuditActivate, true
			return c.activate(step.Keyset, !step.KeepOthers)
		}
		params, activateAt := RotateParams{Unit: unit}, int64(0)
		if !step.FinalExpiry.IsZero() {
			params.FinalExpiry = uint64(step.FinalExpiry.Unix())
		}
		c.kind = AuditRotate
		if step.Action == rotation.Prepare {
			c.kind, activateAt = AuditPrepare, moment(step.ActivateAt.Add(time.Second-1)) // announced no shorter than said
		}
		var err error
		if made, err = ks.makeIn(c, params, activateAt); err == nil {
			c.detail["reason"], done = step.Reason, true
		}
		return err
	})
	if err != nil {
		return step, false, keysetError(err, "rotating %s", unit)
	}
	if made.index != 0 {
		ks.logMade(made, next)
	}
	return step, done, nil
}

// Signed is what a client has had signed with a keyset.
type Signed struct {
	Client string
	Unit   cashu.Unit
	Keyset cashu.KeysetID
	Value  cashu.Amount
	Count  uint64
}

// AddSigned adds to the signatures of keysets, and puts what each client had into
// the audit log.
func (ks *Keystore) AddSigned(ctx context.Context, all []Signed) error {
	err := ks.write(ctx, func(tx sqldb.Tx) error {
		for _, s := range all {
			if _, err := tx.Exec(ctx, stmtAddSigned(), s.Keyset.Bytes(), s.Count); err != nil {
				return err
			}
			err := ks.audit(ctx, tx, AuditSigned, s.Client, map[string]any{"keyset": s.Keyset, "unit": s.Unit, "value": s.Value, "signatures": s.Count})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("recording what was signed: %w", err)
	}
	ks.signedMu.Lock()
	defer ks.signedMu.Unlock()
	for _, s := range all {
		ks.signed[s.Keyset] += s.Count
	}
	return nil
}
