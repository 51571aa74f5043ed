// Package journal is the memory of a payment backend whose node cannot be asked
// everything: which requests it has given out, what arrived for them and whether
// the mint has heard of it, and which payments were begun.
//
// The last is what money depends on. An attempt is in the journal before anybody
// outside hears of it, so what is not there was never begun, and what is there may
// have been. The end of an attempt is written once and never again, whatever the
// node says later.
//
// It trusts its database, and its caller to say what the node said. It must never
// speak to a node, and never forget an attempt, or a request that may still be paid.
package journal

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"mintmark/internal/sqldb"
)

// Errors of the journal. Others are those of its database.
var (
	// ErrNotFound: nothing of this name is in the journal.
	ErrNotFound = errors.New("not in the journal")
	// ErrDuplicate: the name is taken, by something else.
	ErrDuplicate = errors.New("name is in the journal already")
	// ErrClosed: Close was called.
	ErrClosed = errors.New("journal is closed")
)

// Config says where the journal is. Only Path is required.
type Config struct {
	// Path of the file, sqldb.Memory, or the URL of a database of its own on a
	// PostgreSQL server, where several mints are one and share it.
	Path string
	// PasswordFile holds the password for the URL, if that does not.
	PasswordFile string
	// Clock dates things. nil = time.Now.
	Clock func() time.Time
	// Logger hears of slow statements and failures. nil = slog.Default().
	Logger *slog.Logger
}

// Journal is an open journal. It is safe for concurrent use, also by several
// processes on one server.
type Journal struct {
	db       *sqldb.DB
	clock    func() time.Time
	identity string
}

// identityNote is the name of the journal itself.
const identityNote = "journal.identity"

// Open opens the journal, and makes it if there is none. The caller closes it.
func Open(ctx context.Context, c Config) (*Journal, error) {
	if c.Clock == nil {
		c.Clock = time.Now
	}
	db, err := sqldb.Open(ctx, sqldb.Config{
		Path: c.Path, Migrations: migrations, Logger: c.Logger, Clock: c.Clock,
		Exclusive: c.Path != sqldb.Memory && !sqldb.IsServer(c.Path), Postgres: sqldb.Postgres{PasswordFile: c.PasswordFile},
	})
	if err != nil {
		return nil, fmt.Errorf("payment journal: %w", err)
	}
	j := &Journal{db: db, clock: c.Clock}
	if err := j.identify(ctx); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return j, nil
}

// identify reads the journal's name, or gives it one.
func (j *Journal) identify(ctx context.Context) error {
	return wrap("give it a name", j.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		if _, err := tx.Exec(ctx, stmtFirstNote, identityNote, rand.Text()); err != nil {
			return err
		}
		return tx.QueryRow(ctx, stmtNote, identityNote).Scan(&j.identity)
	}))
}

// Identity names this journal among all others. It was made up at random when the
// journal was made: a new journal in its place has another.
func (j *Journal) Identity() string { return j.identity }

// Close closes the journal once what was begun is done.
func (j *Journal) Close() error { return wrap("close", j.db.Close()) }

// Now is the time as the journal keeps it.
func (j *Journal) Now() time.Time { return j.clock().UTC().Truncate(time.Millisecond) }

// Note reads what was noted under a name, or ErrNotFound.
func (j *Journal) Note(ctx context.Context, name string) (value string, err error) {
	err = j.db.Read(ctx, func(tx sqldb.Tx) error { return tx.QueryRow(ctx, stmtNote, name).Scan(&value) })
	return value, wrap("read a note", err)
}

// SetNote notes something under a name, in place of what was there. It is durable.
func (j *Journal) SetNote(ctx context.Context, name, value string) error {
	return wrap("write a note", j.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, stmtSetNote, name, value)
		return err
	}))
}

func wrap(doing string, err error) error {
	switch {
	case err == nil:
		return nil
	case errors.Is(err, sqldb.ErrNoRows):
		err = ErrNotFound
	case errors.Is(err, sqldb.ErrClosed):
		err = ErrClosed
	}
	return fmt.Errorf("payment journal: %s: %w", doing, err)
}

// ms is a time as the journal writes it; zero is never.
func ms(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func fromMs(n int64) time.Time {
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n).UTC()
}
