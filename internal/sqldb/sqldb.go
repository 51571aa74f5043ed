// Package sqldb is the one funnel through which every SQL statement of Mintmark
// goes. It opens a database, brings its schema up to date, and runs functions in
// transactions: many writers share one commit, readers see a snapshot and never
// wait for a writer. It names, times and reports every statement.
//
// It trusts the statements of its callers, which are constants of the program,
// the local file system, and a database server whose certificate is right or
// that is on this machine. It must never know a table, never log or return a
// value, a statement's text, a password or a driver's message to the outside,
// never send anything over a network in plain text, and never report a failure
// for something that was committed, other than as ErrUnknownOutcome.
//
// The engines are SQLite and PostgreSQL. Everything that an engine decides for
// itself is behind the interface in engine.go.
package sqldb

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"time"
)

// Memory is the Path of a database that lives in memory and dies with its DB.
const Memory = ":memory:"

// Durability says what a commit must survive.
type Durability uint8

const (
	// Deferred commits survive the death of the process. A power cut may take
	// the last of them back, in order and never in part; the next Durable
	// commit makes all earlier ones durable.
	Deferred Durability = iota
	// Durable commits survive a power cut once Write has returned.
	Durable
)

// Config describes a database. Only Path is required.
type Config struct {
	// Path of the database file, created with mode 0600 if it is missing, or
	// Memory. The files PATH-wal, PATH-shm and PATH.lock belong to it. Or the
	// URL of a database on a PostgreSQL server, which must exist:
	// postgres://USER:PASSWORD@HOST:PORT/DATABASE?sslmode=…; see Postgres.
	Path string
	// Migrations bring an empty or older database up to date, in order. The
	// list is append-only: names of applied ones are kept in the database.
	Migrations []Migration
	// Logger hears about slow statements and failures. nil = slog.Default().
	Logger *slog.Logger
	// SlowQuery is the duration from which a statement is logged with its name.
	// 0 = 50 ms, negative = never.
	SlowQuery time.Duration
	// Observe is called after every statement with its name, its duration and
	// its outcome, on the goroutine that ran it. Names that begin
	// with "sqldb." are the package's own: "sqldb.commit.durable" is what a
	// durable commit costs. It must be fast. nil = nobody.
	Observe func(stmt string, d time.Duration, err error)
	// Clock dates the migrations. nil = time.Now.
	Clock func() time.Time
	// Exclusive holds PATH.lock while the database is open: a second process is
	// refused with ErrInUse. Without it several processes can share the file.
	// Not for a server.
	Exclusive bool
	// ReadOnly opens a database that exists to look at it, also a file that
	// another process has open exclusively: it makes nothing, applies and judges
	// no migration and refuses every Write with ErrReadOnly. Not for Memory.
	ReadOnly bool
	// AlwaysDurable makes every commit Durable.
	AlwaysDurable bool
	// Readers is the number of reads that run at the same time; more wait.
	// 0 = 8.
	Readers int
	// Postgres holds what only a database on a server needs.
	Postgres Postgres
}

// Migration is one step of a schema. An applied migration is never edited.
type Migration struct {
	Name string // unique, for example "0001_start"
	SQL  string // one or more statements
}

func (c *Config) validate() error {
	var errs []error
	if c.Path == "" {
		errs = append(errs, errors.New("sqldb: no path"))
	}
	if strings.ContainsRune(c.Path, 0) {
		errs = append(errs, errors.New("sqldb: the path contains a NUL byte"))
	}
	if c.Readers < 0 {
		errs = append(errs, fmt.Errorf("sqldb: %d readers", c.Readers))
	}
	if c.Exclusive && IsServer(c.Path) {
		errs = append(errs, errors.New("sqldb: a database on a server cannot be exclusive"))
	}
	if c.ReadOnly && (c.Exclusive || c.Path == Memory) {
		errs = append(errs, errors.New("sqldb: read-only is for what exists, and not exclusive"))
	}
	errs = append(errs, c.Postgres.validate())
	seen := map[string]bool{}
	for i, m := range c.Migrations {
		switch {
		case m.Name == "":
			errs = append(errs, fmt.Errorf("sqldb: migration %d has no name", i+1))
		case seen[m.Name]:
			errs = append(errs, fmt.Errorf("sqldb: two migrations are called %s", m.Name))
		}
		seen[m.Name] = true
	}
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	switch {
	case c.SlowQuery == 0:
		c.SlowQuery = 50 * time.Millisecond
	case c.SlowQuery < 0:
		c.SlowQuery = 1<<63 - 1
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Readers == 0 {
		c.Readers = 8
	}
	return errors.Join(errs...)
}

// DB is an open database. It is safe for concurrent use.
type DB struct {
	engine   engine
	outcomes outcomes
}

// Open opens the database and applies the migrations that it lacks. It fails
// with ErrInUse when another process holds it, with ErrNewer when it was
// migrated by a newer program, and with ErrUnavailable, ErrAccess or ErrTLS when
// there is no way into the server. The caller closes the DB.
func Open(ctx context.Context, c Config) (*DB, error) {
	if err := c.validate(); err != nil {
		return nil, err
	}
	open, name := openSQLite, c.Path
	switch {
	case IsServer(c.Path):
		open, name = openPostgres, serverName(c.Path)
	case c.ReadOnly:
		open = openSQLiteReadOnly
	}
	e, err := open(ctx, c)
	if err != nil {
		return nil, fmt.Errorf("open database %s: %w", name, err)
	}
	return &DB{engine: e}, nil
}

// Read runs fn on a consistent snapshot of the last commit. It runs on the
// calling goroutine and must not outlive the call. Writes fail with ErrReadOnly.
// In a file or on a server a Read never waits for a writer, nor a writer for it;
// in Memory they wait for each other, so fn must not call Write or Read. fn must
// be ready to run a second time from its beginning.
func (db *DB) Read(ctx context.Context, fn func(Tx) error) error {
	return db.engine.read(ctx, fn)
}

// Audit is Read for statements that go through whole tables. Nothing bounds the
// time that they take but ctx.
func (db *DB) Audit(ctx context.Context, fn func(Tx) error) error {
	if a, ok := db.engine.(auditor); ok {
		return a.audit(ctx, fn)
	}
	return db.engine.read(ctx, fn)
}

// Write runs fn in a transaction and returns after its commit has the durability
// d. It rolls back when fn returns an error, which Write returns unchanged, when
// fn panics, and when one of its statements failed even though fn returned nil.
//
// fn may run on another goroutine together with the functions of other callers. It
// must wait for nothing but the Tx, touch nothing that it does not own, and be
// ready to run a second time: an engine may retry after a conflict.
//
// When ctx ends before fn has started, fn never runs and Write returns ctx.Err().
// Once fn has started, Write waits for the outcome, and the statements of fn fail
// when ctx has ended: nil always means committed, an error always means rolled
// back, except ErrUnknownOutcome. After ErrUnavailable, ErrTimeout and ErrConflict
// the same Write may be tried again later.
func (db *DB) Write(ctx context.Context, d Durability, fn func(Tx) error) error {
	err := db.engine.write(ctx, d, fn)
	db.outcomes.note(err)
	return err
}

// CopyTo makes a new file at path, of mode 0600, that holds the last commit, and
// forces it to the disk. Reads and writes go on meanwhile. Only for SQLite. A
// path that exists is refused with ErrCannotOpen.
func (db *DB) CopyTo(ctx context.Context, path string) error {
	if err := db.engine.copyTo(ctx, path); err != nil {
		return fmt.Errorf("copy the database to %s: %w", path, err)
	}
	return nil
}

// Close waits for the reads and writes that have begun or are queued, then closes
// the database. Later calls fail with ErrClosed; a second Close does nothing.
func (db *DB) Close() error {
	return db.engine.close()
}
