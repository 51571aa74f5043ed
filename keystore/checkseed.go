package keystore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"mintmark/bdhke"
	"mintmark/internal/seedfile"
	"mintmark/internal/sqldb"
)

// ErrOlderSchema: a command that only reads meets a database that this version
// of the signatory has not served yet.
var ErrOlderSchema = errors.New("the keystore is of an older version: serve it once with this one")

// CheckSeed tells whether the seed is the one of the keystore at a place: the
// identity and every keyset are derived and compared. It changes nothing, also
// while a signatory runs there. A difference is ErrMismatch.
func CheckSeed(ctx context.Context, at Place, seed seedfile.Seed) (identity bdhke.Point, keysets int, err error) {
	ks, err := newKeystore(Config{Seed: seed, Parallel: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return bdhke.Point{}, 0, err
	}
	err = at.look(ctx, func(tx sqldb.Tx) error {
		head, err := readHeader(ctx, tx)
		if err != nil {
			return err
		}
		if head.identity != ks.identity {
			return fmt.Errorf("%w: the seed is not the one that this keystore was made with", ErrMismatch)
		}
		rows, err := readCurrentRows(ctx, tx)
		if err != nil {
			return err
		}
		keysets = len(rows)
		_, err = ks.build(head.epoch, rows)
		return err
	})
	if err != nil {
		return bdhke.Point{}, 0, fmt.Errorf("checking the seed against %s: %w", at, err)
	}
	return ks.identity, keysets, nil
}

func stmtMigrated() sqldb.Stmt {
	return sqldb.Stmt{Name: "keystore.migrated", SQL: `SELECT count(*) FROM migrations`}
}

// readCurrentRows is readRows for a database that nobody has migrated.
func readCurrentRows(ctx context.Context, tx sqldb.Tx) ([]row, error) {
	applied := 0
	if err := tx.QueryRow(ctx, stmtMigrated()).Scan(&applied); err != nil {
		return nil, err
	}
	if applied < len(migrations()) {
		return nil, ErrOlderSchema
	}
	return readRows(ctx, tx)
}
