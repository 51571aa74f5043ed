package sqldb

import (
	"context"
	"errors"
	"math/rand/v2"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

const (
	// maxConflicts is how often a transaction is run again after a conflict.
	maxConflicts = 8
	// minPause and maxPause bound the pause before that, half of it by chance,
	// so that those who met once do not meet again.
	minPause, maxPause = 2 * time.Millisecond, 200 * time.Millisecond
)

// care is how much a transaction takes for granted.
type care int

const (
	quick    care = iota // everything will be as it should be
	wary                 // each outcome is looked at before it is told
	cautious             // and can be undone
)

// run runs fn in a transaction, again after a conflict, once more after a lost
// connection, and once more with more care if it turns out to need it.
func (e *postgresEngine) run(ctx context.Context, pool *pgxpool.Pool, begin func(care) *postgresTx, fn func(Tx) error) error {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.busy.Done()
	care, lost, conflicts := quick, false, 0
	for {
		if err := ctx.Err(); err != nil {
			return err
		}
		tx := begin(care)
		err := e.once(ctx, pool, tx, fn)
		switch {
		case tx.again && care < cautious:
			care++
		case errors.Is(tx.failed, ErrUnavailable) && !lost && !tx.doubt:
			// The other connections of the pool are likely to be dead as well.
			lost = true
			pool.Reset()
		case errors.Is(tx.failed, ErrConflict) && conflicts < maxConflicts:
			conflicts++
			e.report.ran("sqldb.conflict", time.Now(), ErrConflict)
			pause(ctx, conflicts)
		default:
			if errors.Is(tx.failed, ErrReadOnly) && tx.writing {
				pool.Reset() // this server was demoted; its successor answers to the same name
			}
			return err
		}
	}
}

// pause waits before try number n.
func pause(ctx context.Context, n int) {
	d := min(minPause<<n, maxPause)
	d = d/2 + rand.N(d/2)
	select {
	case <-time.After(d):
	case <-ctx.Done():
	}
}

// once runs fn in one transaction on one connection. Afterwards tx.failed is what
// went wrong with the transaction, whatever fn made of it.
func (e *postgresEngine) once(ctx context.Context, pool *pgxpool.Pool, tx *postgresTx, fn func(Tx) error) error {
	conn, err := e.acquire(ctx, pool)
	if err != nil {
		return err // the pool has tried whatever there is
	}
	tx.conn = conn.Conn()
	committed := false
	defer func() { // also when fn panics or ends its goroutine
		if !committed {
			tx.rollback()
		}
		conn.Release() // closes a connection that is not idle
	}()
	if tx.writing {
		err = e.report.protect(fn, tx)
	} else {
		err = fn(tx)
	}
	if tx.failed == nil && tx.writing {
		// Also when fn has failed: it may have believed what is not true.
		tx.failed = tx.flush()
	}
	tx.over = true
	switch {
	case tx.failed != nil:
		if err == nil || tx.again {
			err = tx.failed
		}
		return err
	case err != nil:
		return err
	case tx.short:
		tx.again, tx.failed = true, errAgain
		return errAgain
	}
	if err := tx.commit(); err != nil {
		tx.failed = err
		return err
	}
	committed = true
	return nil
}

// commit ends the transaction, if one was begun.
//
// It is sent on its own, and not together with the last statements: until it is
// sent, a broken connection is certain to have changed nothing.
func (t *postgresTx) commit() error {
	if t.conn.PgConn().TxStatus() == 'I' {
		return nil
	}
	start, name := time.Now(), "sqldb.commit.deferred"
	switch {
	case !t.writing:
		name = "sqldb.commit.read"
	case t.durable:
		name = "sqldb.commit.durable"
	}
	err := t.sendCommit()
	if err != nil {
		code, kind := postgresKind(err)
		if t.doubt = t.writing && inDoubt(err); t.doubt {
			kind = ErrUnknownOutcome
		}
		if kind != ErrConflict {
			t.engine.report.failed(name, code, err)
		}
		err = &stmtError{stmt: name, kind: kind}
	}
	t.engine.report.ran(name, start, err)
	return err
}

// errNotSent: the connection was broken already.
var errNotSent = errors.New("the connection was closed before the commit")

func (t *postgresTx) sendCommit() error {
	if t.conn.IsClosed() {
		return errNotSent
	}
	// Whoever has come this far wants to know how it ends, not that time is up.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.parent), t.engine.patience())
	defer cancel()
	tag, err := t.conn.Exec(ctx, postgresCommit)
	if err == nil && tag.String() != postgresCommit {
		return &pgconn.PgError{Severity: "ERROR", Message: "the commit was answered with " + tag.String()}
	}
	return err
}

// inDoubt tells whether a commit that failed so may have happened. Only the
// server's own "no" is certain, unless it was its last word. The driver's opinion
// (pgconn.SafeToRetry) is not: it takes a connection that broke while the answer
// was awaited for one that was broken before.
func inDoubt(err error) bool {
	var e *pgconn.PgError
	if errors.As(err, &e) {
		return e.SeverityUnlocalized != "ERROR" && e.Severity != "ERROR"
	}
	return !errors.Is(err, errNotSent)
}

// rollback ends the transaction without effect. When that fails, the connection
// is not idle, so it is closed when it is released, and the server rolls back.
func (t *postgresTx) rollback() {
	if t.conn.IsClosed() || t.conn.PgConn().TxStatus() == 'I' {
		return
	}
	start := time.Now()
	ctx, cancel := context.WithTimeout(context.WithoutCancel(t.parent), t.engine.patience())
	defer cancel()
	_, err := t.conn.Exec(ctx, postgresRollback)
	t.engine.report.ran("sqldb.rollback", start, err)
}

// patience is how long an answer of the server is waited for. The server gives up
// on a statement a little earlier and says so.
func (e *postgresEngine) patience() time.Duration {
	return e.config.Postgres.StatementTimeout + time.Second
}
