package sqlstore

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"time"

	"github.com/google/uuid"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// Config says where the database is. Path is required.
type Config struct {
	// Path of the database file, made with mode 0600 if it is missing, or
	// sqldb.Memory. Or the URL of a database on a PostgreSQL server.
	Path string
	// Locks is the path, and the beginning of the names, of files by which processes
	// on this machine see at once that one of them has died, where the database is on
	// a server; without it, that takes a while to prove. It is to be on a disk of this
	// machine. Empty = none.
	Locks string
	// Postgres is the settings of a database on a server.
	Postgres sqldb.Postgres
	// Logger hears about slow and failed statements. nil = slog.Default().
	Logger *slog.Logger
	// Clock dates the migrations. nil = time.Now.
	Clock func() time.Time
}

// Store is a wallet.Store in an SQL database.
type Store struct {
	db       *sqldb.DB
	instance string
	presence presence
}

var _ wallet.Store = (*Store)(nil)

// presence shows other processes that this one lives.
type presence interface {
	Gone(ctx context.Context, instance string) (bool, error)
	io.Closer
}

// Open opens the database, brings its schema up to date and makes this process
// known under a new name. The caller closes the Store.
func Open(ctx context.Context, c Config) (*Store, error) {
	if c.Path == "" {
		return nil, errors.New("wallet database: no path")
	}
	engine := "sqlite"
	if sqldb.IsServer(c.Path) {
		engine = "postgres"
	}
	steps, err := migrations(engine)
	if err != nil {
		return nil, err
	}
	config := sqldb.Config{
		Path: c.Path, Postgres: c.Postgres, Migrations: steps, Logger: c.Logger, Clock: c.Clock,
		// What is lost in a power cut after a request has left is money.
		AlwaysDurable: true,
	}
	db, err := sqldb.Open(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("wallet database: %w", err)
	}
	s := &Store{db: db, instance: uuid.NewString()}
	if s.presence, err = openPresence(ctx, config, c.Locks, s.instance); err != nil {
		return nil, errors.Join(fmt.Errorf("wallet database: %w", err), db.Close())
	}
	return s, nil
}

func openPresence(ctx context.Context, c sqldb.Config, files, instance string) (presence, error) {
	switch {
	case sqldb.IsServer(c.Path):
		return openFar(ctx, c, files, instance)
	case c.Path == sqldb.Memory:
		return alone(instance), nil
	}
	return openLocks(c.Path, instance)
}

// alone is the only process that can see a database in memory.
type alone string

func (a alone) Gone(_ context.Context, instance string) (bool, error) {
	return instance != string(a), nil
}
func (a alone) Close() error { return nil }

// Instance is the name of this process.
func (s *Store) Instance() string { return s.instance }

// Alive tells whether the process of this name may still be running.
func (s *Store) Alive(ctx context.Context, instance string) (bool, error) {
	if instance == "" {
		return false, nil
	}
	gone, err := s.presence.Gone(ctx, instance)
	return !gone, err
}

// Close waits for what runs and closes the database.
func (s *Store) Close() error { return errors.Join(s.presence.Close(), s.db.Close()) }

// Update runs fn in one durable transaction.
func (s *Store) Update(ctx context.Context, fn func(wallet.Tx) error) error {
	return s.db.Write(ctx, sqldb.Durable, func(db sqldb.Tx) error {
		t := &tx{db: db}
		if err := fn(t); err != nil {
			return err
		}
		return t.broken
	})
}

// tx is one transaction. It serves the reads outside of transactions as well.
type tx struct {
	db sqldb.Tx
	// broken is why a step was left half done: the transaction must not commit,
	// whatever its function makes of the error.
	broken error
}

var _ wallet.Tx = (*tx)(nil)

// fail keeps the transaction from committing.
func (t *tx) fail(err error) error {
	t.broken = err
	return err
}

// read runs one read on a snapshot.
func read[T any](ctx context.Context, s *Store, fn func(*tx) (T, error)) (T, error) {
	var result T
	err := s.db.Read(ctx, func(db sqldb.Tx) (err error) {
		result, err = fn(&tx{db: db})
		return err
	})
	return result, err
}

// The migrations of both engines, applied in the order of their names. A released
// one is never edited.
//
//go:embed migrations/*/*.sql
var migrationFiles embed.FS

func migrations(engine string) ([]sqldb.Migration, error) {
	return sqldb.ReadMigrations(migrationFiles, "migrations/"+engine)
}
