package sqldb

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"
)

const (
	// migrationLock, together with the name of the schema, is the number of the
	// lock that lets one process at a time change it: the letters "mintmark".
	migrationLock = 0x6d696e746d61726b

	postgresMigrationsExist = "SELECT to_regclass('migrations') IS NOT NULL"
	// A change of the schema may take its time, and so may waiting for another
	// process that is at it.
	postgresMigrating = "SET LOCAL statement_timeout TO 0; SET LOCAL lock_timeout TO '60s'; SET LOCAL synchronous_commit TO ON"
)

// migrate applies the migrations that the database lacks, all in one transaction
// and one process at a time. A database that lacks none is not written to.
func (e *postgresEngine) migrate(ctx context.Context, conn *pgx.Conn) error {
	missing, err := e.missing(ctx, conn)
	if err != nil || len(missing) == 0 {
		return err
	}
	err = e.script(ctx, conn, fmt.Sprintf("%s; %s; SELECT pg_advisory_xact_lock(hashtextextended(current_schema(), %d)); %s",
		postgresBegin, postgresMigrating, int64(migrationLock), migrationsTable.SQL))
	if err == nil {
		err = e.apply(ctx, conn)
	}
	if err != nil {
		_ = e.script(ctx, conn, postgresRollback)
		return err
	}
	return e.script(ctx, conn, postgresCommit)
}

// apply looks again, behind the lock: another process may have been quicker.
func (e *postgresEngine) apply(ctx context.Context, conn *pgx.Conn) error {
	missing, err := e.missing(ctx, conn)
	if err != nil {
		return err
	}
	position := len(e.config.Migrations) - len(missing)
	for _, m := range missing {
		if err := e.script(ctx, conn, m.SQL); err != nil {
			return fmt.Errorf("migration %s: %w", m.Name, err)
		}
		position++
		if _, err := conn.Exec(ctx, migrationsAdd.SQL, position, m.Name, e.config.Clock().Unix()); err != nil {
			return fmt.Errorf("migration %s: %w", m.Name, e.failure(migrationsAdd.Name, err))
		}
	}
	return nil
}

// missing compares what was applied with what the program knows.
func (e *postgresEngine) missing(ctx context.Context, conn *pgx.Conn) ([]Migration, error) {
	exist := false
	if err := conn.QueryRow(ctx, postgresMigrationsExist).Scan(&exist); err != nil {
		return nil, e.failure(migrationsExist.Name, err)
	}
	if !exist {
		return e.config.Migrations, nil
	}
	rows, _ := conn.Query(ctx, migrationsList.SQL)
	applied, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, e.failure(migrationsList.Name, err)
	}
	return unapplied(applied, e.config.Migrations)
}

// script runs one or more statements without arguments.
func (e *postgresEngine) script(ctx context.Context, conn *pgx.Conn, sql string) error {
	_, err := conn.PgConn().Exec(ctx, sql).ReadAll()
	if err != nil {
		return e.failure("sqldb.migrate", err)
	}
	return nil
}
