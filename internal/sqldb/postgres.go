package sqldb

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// postgresEngine is a database on a PostgreSQL server. Every Write has a
// transaction and a connection of its own; the server groups their commits.
// Readers have connections of their own, so that a flood of reads cannot keep
// writers waiting.
type postgresEngine struct {
	config  Config
	report  reporter
	readers *pgxpool.Pool
	writers *pgxpool.Pool
	// rewritten remembers the SQL of statements in PostgreSQL's words.
	rewritten sync.Map // rewriteKey → string
	// several remembers the names of statements that others follow within one
	// Read: such a Read needs a transaction to see one snapshot.
	several sync.Map // string → nothing
	// schema is where the tables are. Its users hear each other's notices.
	schema string
	// closing ends what would go on for ever; stop ends it.
	closing context.Context
	stop    context.CancelFunc

	mu     sync.Mutex
	closed bool
	busy   sync.WaitGroup
}

var (
	_ engine  = (*postgresEngine)(nil)
	_ auditor = (*postgresEngine)(nil)
)

type rewriteKey struct{ sql, how string }

func openPostgres(ctx context.Context, c Config) (_ engine, err error) {
	e := &postgresEngine{config: c}
	e.closing, e.stop = context.WithCancel(context.Background())
	e.report = reporter{config: &e.config}
	if !c.ReadOnly {
		if e.writers, err = e.pool(ctx, c.Postgres.Writers, postgresPlans); err != nil {
			return nil, err
		}
	}
	reading := map[string]string{}
	for _, settings := range []map[string]string{postgresPlans, postgresReading} {
		for name, value := range settings {
			reading[name] = value
		}
	}
	if e.readers, err = e.pool(ctx, c.Readers, reading); err == nil {
		err = e.prepare(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, e.close())
	}
	return e, nil
}

func (e *postgresEngine) pool(ctx context.Context, size int, settings map[string]string) (*pgxpool.Pool, error) {
	p, err := postgresPool(e.config, size, settings)
	if err != nil {
		return nil, err
	}
	return pgxpool.NewWithConfig(ctx, p)
}

// prepare looks at the server and, except for who only looks, brings the schema
// up to date.
func (e *postgresEngine) prepare(ctx context.Context) error {
	pool := e.writers
	if e.config.ReadOnly {
		pool = e.readers
	}
	conn, err := e.acquire(ctx, pool)
	if err != nil {
		return err
	}
	defer conn.Release()
	if err := e.inspect(ctx, conn.Conn()); err != nil || e.config.ReadOnly {
		return err
	}
	return e.migrate(ctx, conn.Conn())
}

// oldestPostgres is the oldest version that the statements were tested with.
const oldestPostgres = 130000

// inspect refuses a server that is too old, and warns of one that does not keep
// what it promises.
func (e *postgresEngine) inspect(ctx context.Context, conn *pgx.Conn) error {
	var version int
	var fsync, pages string
	err := conn.QueryRow(ctx, `SELECT current_setting('server_version_num')::int,
		current_setting('fsync'), current_setting('full_page_writes'),
		COALESCE(current_schema()::text, '')`).Scan(&version, &fsync, &pages, &e.schema)
	if err != nil {
		return e.failure("sqldb.open", err)
	}
	if version < oldestPostgres {
		return fmt.Errorf("the server is PostgreSQL %d, which is too old: 13 is the oldest that will do", version/10000)
	}
	if fsync != "on" || pages != "on" {
		e.config.Logger.Warn("the database server may lose commits and be damaged by a power cut", "fsync", fsync, "full_page_writes", pages)
	}
	return nil
}

// enter admits a call; leave ends it.
func (e *postgresEngine) enter() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		return ErrClosed
	}
	e.busy.Add(1)
	return nil
}

// acquire takes a connection, a free one or a new one, in bounded time.
func (e *postgresEngine) acquire(ctx context.Context, pool *pgxpool.Pool) (*pgxpool.Conn, error) {
	start := time.Now()
	bounded, cancel := context.WithTimeout(ctx, e.config.Postgres.ConnectTimeout)
	defer cancel()
	conn, err := pool.Acquire(bounded)
	switch {
	case err == nil:
		return conn, nil
	case ctx.Err() != nil:
		err = ctx.Err()
	default:
		err = e.failure("sqldb.connect", err)
	}
	e.report.ran("sqldb.connect", start, err)
	return nil, err
}

// failure keeps the driver's words out of the error that others see.
func (e *postgresEngine) failure(name string, err error) error {
	code, kind := postgresKind(err)
	if kind != ErrUnique && kind != ErrConflict {
		e.report.failed(name, code, err)
	}
	return &stmtError{stmt: name, kind: kind}
}

func (e *postgresEngine) read(ctx context.Context, fn func(Tx) error) error {
	return e.run(ctx, e.readers, func(c care) *postgresTx {
		tx := &postgresTx{engine: e, parent: ctx}
		if c > quick {
			tx.begin(postgresBeginRead)
		}
		return tx
	}, fn)
}

func (e *postgresEngine) audit(ctx context.Context, fn func(Tx) error) error {
	return e.run(ctx, e.readers, func(care) *postgresTx {
		tx := &postgresTx{engine: e, parent: ctx, patient: true}
		tx.begin(postgresBeginRead)
		tx.begin(postgresAudit...)
		return tx
	}, fn)
}

func (e *postgresEngine) write(ctx context.Context, d Durability, fn func(Tx) error) error {
	if e.config.ReadOnly {
		return ErrReadOnly
	}
	commit := postgresDeferred
	if e.config.AlwaysDurable || d == Durable {
		commit = postgresDurable
	}
	return e.run(ctx, e.writers, func(c care) *postgresTx {
		tx := &postgresTx{engine: e, parent: ctx, writing: true, care: c, durable: commit == postgresDurable}
		tx.begin(postgresBegin, commit)
		return tx
	}, fn)
}

func (e *postgresEngine) copyTo(context.Context, string) error { return errNoServerCopy }

// close waits for the calls that have begun.
func (e *postgresEngine) close() error {
	e.mu.Lock()
	e.closed = true
	e.mu.Unlock()
	e.stop()
	e.busy.Wait()
	for _, pool := range []*pgxpool.Pool{e.readers, e.writers} {
		if pool != nil {
			pool.Close()
		}
	}
	return nil
}
