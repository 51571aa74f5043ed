package sqldb

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// stmtNotify goes with the other statements of its transaction.
//
// Until a transaction that has sent notices is committed and on the disk, the
// server lets no other such transaction of the same database commit. That is no
// matter where things change now and then. What commits all the time sends its
// notices afterwards, in a Deferred transaction of their own, many at once.
var stmtNotify = Stmt{Name: "sqldb.notify", SQL: "SELECT pg_notify($1, $2)"}

func (t *postgresTx) Notify(ctx context.Context, channel, payload string) error {
	if !t.writing {
		return ErrReadOnly
	}
	if err := checkNotice(channel, payload); err != nil {
		return err
	}
	_, err := t.Assume(ctx, stmtNotify, 1, t.engine.channel(channel), payload)
	return err
}

// channel is the name of a channel on the server, which keeps them apart by
// database but not by schema. It has the form of an identifier that needs no
// quotes, which a name in capitals or in another alphabet would not be.
func (e *postgresEngine) channel(name string) string {
	sum := sha256.Sum256([]byte(e.schema))
	return "mintmark_" + name + "_" + hex.EncodeToString(sum[:8])
}

const (
	// quietTime is how long a connection may be silent before it is asked
	// whether it still stands: the server may be gone without a word.
	quietTime = 10 * time.Second
	// listenPause is the pause after the first failure to connect; it doubles
	// up to maxListenPause.
	listenPause, maxListenPause = 50 * time.Millisecond, 2 * time.Second
)

func (e *postgresEngine) listen(ctx context.Context, channel string, fn func(Notice)) error {
	if err := e.enter(); err != nil {
		return err
	}
	defer e.busy.Done()
	listening, cancel := context.WithCancel(ctx)
	defer cancel()
	defer context.AfterFunc(e.closing, cancel)()
	for pause := listenPause; ; pause = min(2*pause, maxListenPause) {
		heard, err := e.hear(listening, channel, fn)
		switch {
		case ctx.Err() != nil:
			return ctx.Err()
		case e.closing.Err() != nil:
			return ErrClosed
		case heard:
			pause = listenPause
			e.config.Logger.Warn("no longer hears of changes by other processes, connecting again", "channel", channel, "error", err)
		}
		select {
		case <-time.After(pause):
		case <-listening.Done():
		}
	}
}

// hear listens on one connection until it breaks. heard tells whether it ever
// stood.
func (e *postgresEngine) hear(ctx context.Context, channel string, fn func(Notice)) (heard bool, err error) {
	start := time.Now()
	conn, err := dialServer(ctx, e.report, "sqldb.listen", e.config.Postgres.ConnectTimeout)
	if err == nil {
		defer func() {
			closing, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
			defer cancel()
			_ = conn.Close(closing)
		}()
		err = e.command(ctx, conn, "LISTEN "+e.channel(channel))
	}
	e.report.ran("sqldb.listen", start, err)
	if err != nil {
		return false, err
	}
	fn(Notice{Missed: true})
	for {
		waiting, cancel := context.WithTimeout(ctx, quietTime)
		n, err := conn.WaitForNotification(waiting)
		cancel()
		switch {
		case err == nil:
			fn(Notice{Payload: n.Payload})
		case ctx.Err() != nil:
			return true, ctx.Err()
		case pgconn.Timeout(err) && !conn.IsClosed():
			err = e.command(ctx, conn, "-- ping")
			if err != nil {
				return true, err
			}
		default:
			return true, e.failure("sqldb.listen", err)
		}
	}
}

// command runs a statement without arguments and result, in bounded time.
func (e *postgresEngine) command(ctx context.Context, conn *pgx.Conn, sql string) error {
	bounded, cancel := context.WithTimeout(ctx, e.config.Postgres.ConnectTimeout)
	defer cancel()
	if _, err := conn.Exec(bounded, sql); err != nil {
		return e.failure("sqldb.listen", err)
	}
	return nil
}

// dialServer makes a connection of its own, outside of the pools, in bounded time.
func dialServer(ctx context.Context, r reporter, name string, limit time.Duration) (*pgx.Conn, error) {
	c := *r.config
	p, err := parseServer(c.Path)
	if err != nil {
		return nil, err
	}
	prepareConn(c, p.ConnConfig, nil)
	if err := c.Postgres.authenticate(p.ConnConfig); err != nil {
		return nil, err
	}
	dialing, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := pgx.ConnectConfig(dialing, p.ConnConfig)
	if err != nil {
		code, kind := postgresKind(err)
		r.failed(name, code, err)
		return nil, &stmtError{stmt: name, kind: kind}
	}
	return conn, nil
}
