// Package sqlstore is the mint's Store on an SQL database.
//
// It trusts internal/sqldb to be transactional and the mint to reserve before it
// signs. It guards the rules that money depends on in the statements themselves:
// a Y and a B_ exist once, states change along allowed lines only, sagas change
// on the expected version only. It must never see a private key, keep a secret
// or a C of a proof, or hold a transaction open while anybody waits for another
// process.
//
// One set of statements serves every engine. What differs is the schema, in
// migrations, and the dialect of internal/sqldb.
package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// Config says where the database is and who uses it. Path and Owner are
// required.
type Config struct {
	// Path of the database file, made if it is missing, or sqldb.Memory. The
	// file is locked: a second mintd on it is refused with sqldb.ErrInUse.
	Path string
	// Owner is the name under which this process takes sagas. It should be
	// another one after every start.
	Owner string
	// Logger hears about slow and failed statements. nil = slog.Default().
	Logger *slog.Logger
	// SlowQuery is the duration from which a statement is logged, by name.
	// 0 = 50 ms, negative = never.
	SlowQuery time.Duration
	// Observe is called after every statement; see sqldb.Config. nil = nobody.
	Observe func(stmt string, d time.Duration, err error)
	// Clock dates the migrations. nil = time.Now.
	Clock func() time.Time
}

func (c Config) validate() error {
	var errs []error
	if c.Path == "" {
		errs = append(errs, errors.New("sqlstore: no path"))
	}
	if c.Owner == "" {
		errs = append(errs, errors.New("sqlstore: no owner"))
	}
	return errors.Join(errs...)
}

// Store is a mint.Store in an SQL database.
type Store struct {
	db      *sqldb.DB
	owner   string
	lastRef atomic.Int64 // the highest operation ref ever given
	shards  int          // rows that the totals of a keyset are spread over
	ids     keysetIDs
}

var _ mint.Store = (*Store)(nil)

// Open opens the database and brings its schema up to date. The caller closes
// the Store.
func Open(ctx context.Context, c Config) (*Store, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	steps, err := migrations("sqlite")
	if err != nil {
		return nil, err
	}
	db, err := sqldb.Open(ctx, sqldb.Config{
		Path:       c.Path,
		Migrations: steps,
		Logger:     c.Logger,
		SlowQuery:  c.SlowQuery,
		Observe:    c.Observe,
		Clock:      c.Clock,
		Exclusive:  true,
	})
	if err != nil {
		return nil, fmt.Errorf("mint database: %w", err)
	}
	// SQLite has one writer at a time: nobody waits for a row.
	s := &Store{db: db, owner: c.Owner, shards: 1}
	if err := s.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("mint database: %w", err), db.Close())
	}
	return s, nil
}

// load reads what the Store keeps in memory.
func (s *Store) load(ctx context.Context) error {
	return s.db.Read(ctx, func(db sqldb.Tx) error {
		var last int64
		if err := db.QueryRow(ctx, stmtLastRef).Scan(&last); err != nil {
			return err
		}
		s.lastRef.Store(last)
		rows, err := readKeysetIDs(ctx, db)
		s.ids.learn(rows)
		return err
	})
}

// Close waits for what runs and closes the database.
func (s *Store) Close() error { return s.db.Close() }

// Update runs fn in one transaction; see mint.Store.
func (s *Store) Update(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
	durability := sqldb.Durable
	if d == mint.Deferred {
		durability = sqldb.Deferred
	}
	var t *tx
	err := s.db.Write(ctx, durability, func(db sqldb.Tx) error {
		t = &tx{db: db, store: s}
		return fn(t)
	})
	if err == nil {
		s.ids.learn(t.ids) // they are committed now
	}
	return err
}

// OwnerGone tells that every other owner is gone: this process holds the lock of
// the database, and no other process can be at work on it.
func (s *Store) OwnerGone(_ context.Context, owner string) (bool, error) {
	return owner != s.owner, nil
}

// tx is one transaction. It serves the reads outside of transactions as well.
type tx struct {
	db    sqldb.Tx
	store *Store
	ids   []keysetID                // numbered in this transaction
	fresh map[mint.OperationRef]int // operations added in this transaction, and how many outputs each has
}

var _ mint.Tx = (*tx)(nil)

// read runs one read on a snapshot.
func read[T any](ctx context.Context, s *Store, fn func(*tx) (T, error)) (T, error) {
	var result T
	err := s.db.Read(ctx, func(db sqldb.Tx) (err error) {
		result, err = fn(&tx{db: db, store: s})
		return err
	})
	return result, err
}
