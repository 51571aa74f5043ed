package sqldb

import (
	"context"
	"errors"
	"fmt"
)

var (
	migrationsTable = Stmt{"sqldb.migrate", "CREATE TABLE IF NOT EXISTS migrations (position BIGINT NOT NULL PRIMARY KEY, name TEXT NOT NULL UNIQUE, applied BIGINT NOT NULL)"}
	migrationsExist = Stmt{"sqldb.migrate", "SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name = 'migrations'"}
	migrationsList  = Stmt{"sqldb.migrate", "SELECT name FROM migrations ORDER BY position"}
	migrationsAdd   = Stmt{"sqldb.migrate", "INSERT INTO migrations (position, name, applied) VALUES ($1, $2, $3)"}
)

// migrateSQLite applies the migrations that the database lacks, all in one
// transaction: an upgrade happens whole or not at all. A database that lacks
// none is not written to.
func migrateSQLite(ctx context.Context, conn *sqliteConn, c Config) error {
	missing, err := missingMigrations(ctx, conn, c.Migrations)
	if err != nil || len(missing) == 0 {
		return err
	}
	if _, err := conn.exec(ctx, sqliteBegin); err != nil {
		return err
	}
	err = applyMigrations(ctx, conn, c)
	if err == nil {
		_, err = conn.exec(ctx, sqliteDurable)
	}
	if err != nil {
		_, _ = conn.exec(ctx, sqliteRollback)
	}
	return err
}

// applyMigrations looks again, inside the transaction: another process may have
// been quicker.
func applyMigrations(ctx context.Context, conn *sqliteConn, c Config) error {
	if _, err := conn.exec(ctx, migrationsTable); err != nil {
		return err
	}
	missing, err := missingMigrations(ctx, conn, c.Migrations)
	if err != nil {
		return err
	}
	position := len(c.Migrations) - len(missing)
	for _, m := range missing {
		if _, err := conn.exec(ctx, Stmt{"sqldb.migrate", m.SQL}); err != nil {
			return fmt.Errorf("migration %s: %w", m.Name, err)
		}
		position++
		if _, err := conn.exec(ctx, migrationsAdd, position, m.Name, c.Clock().Unix()); err != nil {
			return fmt.Errorf("migration %s: %w", m.Name, err)
		}
	}
	return nil
}

// missingMigrations compares what was applied with what the program knows.
func missingMigrations(ctx context.Context, conn *sqliteConn, known []Migration) ([]Migration, error) {
	tables := 0
	callback, err := conn.query(ctx, migrationsExist, func(scan Scan) error { return scan(&tables) }, nil)
	if err = errors.Join(callback, err); err != nil || tables == 0 {
		return known, err
	}
	var applied []string
	callback, err = conn.query(ctx, migrationsList, func(scan Scan) error {
		applied = append(applied, "")
		return scan(&applied[len(applied)-1])
	}, nil)
	if err = errors.Join(callback, err); err != nil {
		return nil, err
	}
	return unapplied(applied, known)
}

// unapplied is what a database lacks that has these migrations. It is an error
// if they are not the first of the known ones.
func unapplied(applied []string, known []Migration) ([]Migration, error) {
	for i, name := range applied {
		if i >= len(known) {
			return nil, fmt.Errorf("%w: it has the migration %q", ErrNewer, name)
		}
		if known[i].Name != name {
			return nil, fmt.Errorf("%w: it has the migration %q where this program has %q", ErrNewer, name, known[i].Name)
		}
	}
	return known[len(applied):], nil
}
