package keystore

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/internal/sqldb"
)

// PlanRotation tells what Rotate would do now, and changes nothing.
func (ks *Keystore) PlanRotation(p RotateParams) (Plan, error) {
	return PlanRotation(ks.Keysets().Keysets, p, ks.clock())
}

// Rotate makes a new keyset, active from now on, and turns the active keysets of
// its unit inactive. The index is allocated, and everything is written, in one
// durable transaction; only when it has committed does memory change, and with
// it Keysets, Changed and what Sign accepts. On any error all is as before.
//
// Errors: ErrRefused, or a failure of the database.
func (ks *Keystore) Rotate(ctx context.Context, p RotateParams) (cashu.Keyset, error) {
	ks.rotating.Lock()
	defer ks.rotating.Unlock()
	var (
		next *state
		made row
	)
	err := ks.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) (err error) {
		next, made, err = ks.rotate(ctx, tx, p)
		return err
	})
	switch {
	case errors.Is(err, ErrRefused):
		return cashu.Keyset{}, err
	case err != nil:
		return cashu.Keyset{}, fmt.Errorf("rotating %s: %w", p.Unit, err)
	}
	crashpoint.Here(crashRotated)
	ks.publish(next)
	ks.log.Info("keyset made", "keyset", made.id.String(), "unit", string(made.unit), "index", made.index, "epoch", next.Epoch)
	return next.byID[made.id].public, nil
}

// rotate does everything inside the transaction and builds the state that is
// true once it has committed. What it decides from is what the transaction
// reads, not what is in memory.
func (ks *Keystore) rotate(ctx context.Context, tx sqldb.Tx, p RotateParams) (*state, row, error) {
	head, err := readHeader(ctx, tx)
	if err != nil {
		return nil, row{}, err
	}
	rows, err := readRows(ctx, tx)
	if err != nil {
		return nil, row{}, err
	}
	before, err := ks.build(head.epoch, rows)
	if err != nil {
		return nil, row{}, err
	}
	now := ks.clock()
	plan, err := PlanRotation(before.Keysets, p, now)
	if err != nil {
		return nil, row{}, err
	}
	made := row{
		epoch:       head.epoch + 1,
		unit:        plan.Unit,
		unitIndex:   plan.Unit.DerivationIndex(),
		version:     plan.IDVersion,
		active:      true,
		fee:         plan.InputFeePPK,
		amounts:     plan.Amounts,
		finalExpiry: plan.FinalExpiry,
		created:     now,
		issuer:      ks.issuer,
	}
	if err := tx.QueryRow(ctx, stmtNextIndex(), made.unitIndex).Scan(&made.index); err != nil {
		return nil, row{}, fmt.Errorf("finding the next index of %s: %w", made.unit, err)
	}
	fresh, err := derive(ks.root, made)
	if err != nil {
		return nil, row{}, err
	}
	made.id, made.contents = fresh.public.ID, fresh.contents
	if _, err := tx.Exec(ctx, stmtDeactivate(), made.unitIndex); err != nil {
		return nil, row{}, fmt.Errorf("deactivating the keysets of %s: %w", made.unit, err)
	}
	if err := addRow(ctx, tx, made); err != nil {
		return nil, row{}, err
	}
	if n, err := tx.Exec(ctx, stmtSetEpoch(), head.epoch, made.epoch); err != nil || n != 1 {
		return nil, row{}, fmt.Errorf("advancing the epoch, %d rows: %w", n, err)
	}
	return before.with(fresh, made.epoch), made, nil
}

// with is the state in which fresh has replaced the active keysets of its unit.
func (s *state) with(fresh *keyset, epoch uint64) *state {
	next := &state{
		Snapshot: Snapshot{Epoch: epoch, Keysets: make([]cashu.Keyset, 0, len(s.Keysets)+1)},
		byID:     make(map[cashu.KeysetID]*keyset, len(s.byID)+1),
		replaced: make(chan struct{}),
	}
	add := func(k *keyset) {
		next.Keysets = append(next.Keysets, k.public)
		next.byID[k.public.ID] = k
	}
	for _, public := range s.Keysets {
		k := s.byID[public.ID]
		add(k.withActive(k.public.Active && k.public.Unit != fresh.public.Unit))
	}
	add(fresh)
	return next
}
