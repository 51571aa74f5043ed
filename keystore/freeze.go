package keystore

import (
	"context"
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

const freezeSchema = `
CREATE TABLE freezes (
	unit   TEXT   NOT NULL PRIMARY KEY,
	since  BIGINT NOT NULL,
	client TEXT   NOT NULL
);`

// Freeze is a stop that an operator has put on signing. It survives restarts.
// The keystore only remembers it: the server obeys it.
type Freeze struct {
	// Unit that is stopped; empty = all.
	Unit   cashu.Unit
	Since  time.Time
	Client string
}

func stmtFreezes() sqldb.Stmt {
	return sqldb.Stmt{Name: "freezes.all", SQL: `SELECT unit, since, client FROM freezes ORDER BY unit`}
}

func stmtFreeze() sqldb.Stmt {
	return sqldb.Stmt{Name: "freezes.add", SQL: `INSERT INTO freezes (unit, since, client) VALUES ($1, $2, $3) ON CONFLICT (unit) DO NOTHING`}
}

func stmtUnfreeze() sqldb.Stmt {
	return sqldb.Stmt{Name: "freezes.remove", SQL: `DELETE FROM freezes WHERE unit = $1`}
}

// Freezes lists the stops that are in force.
func (ks *Keystore) Freezes(ctx context.Context) ([]Freeze, error) {
	var all []Freeze
	err := ks.db.Read(ctx, func(tx sqldb.Tx) error {
		all = nil
		return tx.Query(ctx, stmtFreezes(), func(scan sqldb.Scan) error {
			var f Freeze
			var unit string
			var since int64
			if err := scan(&unit, &since, &f.Client); err != nil {
				return err
			}
			f.Unit, f.Since = cashu.Unit(unit), time.Unix(since, 0).UTC()
			all = append(all, f)
			return nil
		})
	})
	if err != nil {
		return nil, fmt.Errorf("reading what is frozen: %w", err)
	}
	return all, nil
}

// Freeze remembers a stop, for one unit or (empty) for all, together with its
// audit record. Freezing what is frozen changes nothing but the audit log.
func (ks *Keystore) Freeze(ctx context.Context, unit cashu.Unit, client string) error {
	return ks.setFreeze(ctx, AuditFreeze, unit, client, func(tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, stmtFreeze(), string(unit), ks.clock().Unix(), client)
		return err
	})
}

// Unfreeze forgets the stop for exactly this unit, or (empty) the one for all:
// stops for single units then stay.
func (ks *Keystore) Unfreeze(ctx context.Context, unit cashu.Unit, client string) error {
	return ks.setFreeze(ctx, AuditUnfreeze, unit, client, func(tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, stmtUnfreeze(), string(unit))
		return err
	})
}

func (ks *Keystore) setFreeze(ctx context.Context, kind AuditKind, unit cashu.Unit, client string, change func(sqldb.Tx) error) error {
	err := ks.write(ctx, func(tx sqldb.Tx) error {
		if err := change(tx); err != nil {
			return err
		}
		if err := ks.audit(ctx, tx, kind, client, map[string]any{"unit": unit}); err != nil {
			return err
		}
		return ks.tell(ctx, tx)
	})
	if err != nil {
		return fmt.Errorf("%s of %q: %w", kind, string(unit), err)
	}
	return nil
}
