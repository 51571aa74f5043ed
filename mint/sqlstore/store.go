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
	"time"

	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// Config says where the database is and who uses it. Path and Owner are
// required.
type Config struct {
	// Path of the database file, made if it is missing, or sqldb.Memory. The
	// file is locked: a second mintd on it is refused with sqldb.ErrInUse. Or
	// the URL of a database on a PostgreSQL server, which several mintd share.
	Path string
	// Postgres is the settings of a database on a server.
	Postgres sqldb.Postgres
	// Owner is the name under which this process takes sagas. It must be
	// another one after every start, and in every process.
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
	db       *sqldb.DB
	dialect  dialect
	refs     refs
	owners   owners
	ids      keysetIDs
	reserved reservations
}

var _ mint.Store = (*Store)(nil)

// Open opens the database and brings its schema up to date. The caller closes
// the Store.
func Open(ctx context.Context, c Config) (*Store, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	dialect := dialectOf(c.Path)
	steps, err := migrations(dialect.folder)
	if err != nil {
		return nil, err
	}
	config := sqldb.Config{
		Path:       c.Path,
		Postgres:   c.Postgres,
		Migrations: steps,
		Logger:     c.Logger,
		SlowQuery:  c.SlowQuery,
		Observe:    c.Observe,
		Clock:      c.Clock,
		Exclusive:  !dialect.shared,
	}
	db, err := sqldb.Open(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("mint database: %w", err)
	}
	s := &Store{db: db, dialect: dialect}
	if err := s.load(ctx, config, c.Owner); err != nil {
		return nil, errors.Join(fmt.Errorf("mint database: %w", err), db.Close())
	}
	return s, nil
}

// load reads what the Store keeps in memory, and makes the process known.
func (s *Store) load(ctx context.Context, config sqldb.Config, owner string) (err error) {
	err = s.db.Read(ctx, func(db sqldb.Tx) error {
		rows, err := readKeysetIDs(ctx, db)
		s.ids.learn(rows)
		return err
	})
	if err == nil {
		s.refs, err = s.dialect.newRefs(ctx, s.db)
	}
	if err == nil {
		s.owners, err = s.dialect.newOwners(ctx, config, owner)
	}
	return err
}

// Close waits for what runs and closes the database.
func (s *Store) Close() error { return errors.Join(s.owners.Close(), s.db.Close()) }

// Update runs fn in one transaction; see mint.Store.
func (s *Store) Update(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
	durability := sqldb.Durable
	if d == mint.Deferred {
		durability = sqldb.Deferred
	}
	ordered := false
	for {
		var t *tx
		err := s.db.Write(ctx, durability, func(db sqldb.Tx) error {
			t = &tx{db: db, store: s, locks: s.dialect.shared, ordered: ordered || !s.dialect.shared}
			if err := fn(t); t.again == nil {
				return err
			}
			return t.again // whatever fn made of it
		})
		switch {
		case err == nil:
			s.ids.learn(t.ids) // they are committed now
			s.reserved.learn(t.fresh)
			return nil
		case errors.Is(err, errOrder):
			ordered = true
		case errors.Is(err, errNoRefs):
			if err := s.refs.refill(ctx, s.db); err != nil {
				return outward(fmt.Errorf("numbering operations: %w", err))
			}
		default:
			return outward(err)
		}
	}
}

// Writable says why an Update would probably fail now.
func (s *Store) Writable(ctx context.Context) error { return outward(s.db.Writable(ctx)) }

// OwnerGone tells whether the process of this name is provably dead.
func (s *Store) OwnerGone(ctx context.Context, owner string) (bool, error) {
	gone, err := s.owners.Gone(ctx, owner)
	return gone, outward(err)
}

// tx is one transaction. It serves the reads outside of transactions as well.
type tx struct {
	db      sqldb.Tx
	store   *Store
	locks   bool                                   // others write at the same time, so reads must lock
	ordered bool                                   // totals may be taken from all shards; see totals.go
	again   error                                  // why the transaction has to run once more
	ids     []keysetID                             // numbered in this transaction
	fresh   map[mint.OperationRef][]reservedOutput // operations added in this transaction, and the outputs of each
}

var _ mint.Tx = (*tx)(nil)

// read runs one read on a snapshot.
func read[T any](ctx context.Context, s *Store, fn func(*tx) (T, error)) (T, error) {
	var result T
	err := s.db.Read(ctx, func(db sqldb.Tx) (err error) {
		result, err = fn(&tx{db: db, store: s})
		return err
	})
	return result, outward(err)
}
