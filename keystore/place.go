package keystore

import (
	"context"
	"errors"
	"log/slog"
	"strings"

	"mintmark/internal/sqldb"
)

// Place is where a keystore is.
type Place struct {
	// Path of the SQLite file, or the postgres:// URL of a database on a server.
	Path string
	// PasswordFile holds the password for the URL, if the URL does not.
	PasswordFile string
}

// At is the place of a keystore that needs no password file.
func At(path string) Place { return Place{Path: path} }

// Shared tells whether several signatories may have the keystore open at once.
func (p Place) Shared() bool { return sqldb.IsServer(p.Path) }

// String shows the place without a password.
func (p Place) String() string { return sqldb.Redact(p.Path) }

// config is the part of a database's configuration that every opening shares.
func (p Place) config(log *slog.Logger) sqldb.Config {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	return sqldb.Config{
		Path: p.Path, Logger: log, Migrations: migrationsOf(p.Shared()),
		// Few connections: nothing here is on the signing path.
		Readers: 2, Postgres: sqldb.Postgres{PasswordFile: p.PasswordFile, Writers: 4},
	}
}

// look runs read on a keystore that is only looked at, in one snapshot, also
// while signatories run on it.
func (p Place) look(ctx context.Context, read func(sqldb.Tx) error) error {
	cfg := p.config(nil)
	cfg.ReadOnly, cfg.Migrations = true, nil
	db, err := sqldb.Open(ctx, cfg)
	if err != nil {
		return err
	}
	return errors.Join(db.Audit(ctx, read), db.Close())
}

// tables counts which of the named tables there are.
func (p Place) tables(ctx context.Context, tx sqldb.Tx, names ...string) (n int, err error) {
	list := "'" + strings.Join(names, "', '") + "'"
	s := sqldb.Stmt{Name: "keystore.tables", SQL: `SELECT count(*) FROM sqlite_schema WHERE type = 'table' AND name IN (` + list + `)`}
	if p.Shared() {
		s.SQL = `SELECT count(*) FROM pg_tables WHERE schemaname = current_schema() AND tablename IN (` + list + `)`
	}
	return n, tx.QueryRow(ctx, s).Scan(&n)
}

// migrationsOf are the migrations in the words of an engine. There is one text
// for both: the schema is plain enough that PostgreSQL differs in two words.
func migrationsOf(server bool) []sqldb.Migration {
	steps := migrations()
	if server {
		for i := range steps {
			steps[i].SQL = strings.NewReplacer(" BLOB", " BYTEA", ") WITHOUT ROWID;", ");").Replace(steps[i].SQL)
		}
	}
	return steps
}
