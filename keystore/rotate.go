package keystore

import (
	"context"
	"fmt"

	"mintmark/cashu"
)

// PlanRotation tells what Rotate would do now, and changes nothing.
func (ks *Keystore) PlanRotation(p RotateParams) (Plan, error) {
	return PlanRotation(ks.Keysets().Keysets, p, ks.clock())
}

// Rotate makes a new keyset, active from now on, and retires the active keysets
// of its unit. The index is allocated, and everything is written together with
// the audit record, in one durable transaction; only when it has committed does
// memory change, and with it Keysets, Changed and what Sign accepts. On any error
// all is as before.
//
// Errors: ErrRefused, or a failure of the database.
func (ks *Keystore) Rotate(ctx context.Context, p RotateParams) (cashu.Keyset, error) {
	return ks.make(ctx, AuditRotate, p)
}

// Prepare makes a new keyset as Rotate does and publishes it, inactive: wallets
// and mints can see it before it is used. It retires nothing. Activate is the
// next step. The errors are those of Rotate.
func (ks *Keystore) Prepare(ctx context.Context, p RotateParams) (cashu.Keyset, error) {
	return ks.make(ctx, AuditPrepare, p)
}

// make makes a keyset, active only for AuditRotate.
func (ks *Keystore) make(ctx context.Context, kind AuditKind, p RotateParams) (cashu.Keyset, error) {
	var made row
	next, err := ks.change(ctx, kind, func(c *change) (err error) {
		made, err = ks.makeIn(c, p, 0)
		return err
	})
	if err != nil {
		return cashu.Keyset{}, keysetError(err, "%s of a keyset of %s", kind, p.Unit)
	}
	ks.logMade(made, next)
	return next.byID[made.id].public, nil
}

// makeIn makes a keyset as part of a change: active if the change is a rotation,
// otherwise to become active at a time, if that is not 0.
func (ks *Keystore) makeIn(c *change, p RotateParams, activateAt int64) (row, error) {
	plan, err := PlanRotation(c.before.Keysets, p, c.now)
	if err != nil {
		return row{}, err
	}
	made, err := ks.allocate(c, plan)
	if err != nil {
		return row{}, err
	}
	retires := []string{}
	if c.kind == AuditRotate {
		made.active, made.activated = true, moment(c.now)
		if retires, err = c.retireOthers(made); err != nil {
			return row{}, err
		}
	}
	made.activateAt = activateAt
	c.detail = map[string]any{
		"keyset": made.id, "unit": made.unit, "index": made.index, "epoch": made.epoch,
		"input_fee_ppk": made.fee, "final_expiry": made.finalExpiry, "amounts": len(made.amounts), "retires": retires,
	}
	if activateAt != 0 {
		c.detail["activate_at"] = activateAt
	}
	return made, addRow(c.ctx, c.tx, made)
}

func (ks *Keystore) logMade(made row, next *state) {
	ks.log.Info("keyset made", "keyset", made.id.String(), "unit", string(made.unit), "index", made.index,
		"active", made.active, "epoch", next.Epoch)
}

// allocate takes the next index of the unit and derives what is made with it.
func (ks *Keystore) allocate(c *change, plan Plan) (row, error) {
	made := row{
		epoch:       c.head.epoch + 1,
		unit:        plan.Unit,
		unitIndex:   plan.Unit.DerivationIndex(),
		version:     plan.IDVersion,
		fee:         plan.InputFeePPK,
		amounts:     plan.Amounts,
		finalExpiry: plan.FinalExpiry,
		created:     c.now,
		issuer:      ks.issuer,
	}
	var floor uint32
	err := c.tx.QueryRow(c.ctx, stmtNextIndex(), made.unitIndex).Scan(&made.index)
	if err == nil {
		err = c.tx.QueryRow(c.ctx, stmtIndexFloor()).Scan(&floor)
	}
	if err != nil {
		return row{}, fmt.Errorf("finding the next index of %s: %w", made.unit, err)
	}
	made.index = max(made.index, floor)
	fresh, err := derive(ks.root, made)
	if err != nil {
		return row{}, err
	}
	made.id, made.contents = fresh.public.ID, fresh.contents
	return made, nil
}
