package sqldb

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5"
)

// Presence tells the other processes on a database server that this one lives,
// and finds out which of them are dead. It holds a lock of the server under the
// name of this process, on a connection of its own: when the process dies,
// however it dies, the server lets go of the lock.
//
// The reverse is not true. A living process loses its lock when its connection
// breaks, and all of them do when the server restarts or its place is taken by
// another. Each takes its lock again within a few seconds, as it looks after its
// connection all the time. So a name counts as gone only if its lock was free at
// two looks, longer apart than that takes, while the connection of the one who
// looks never broke: whatever strikes the server or the network as a whole breaks
// that one too, and the time starts again. What is left is a process that is cut
// off from the server on its own for longer. It cannot write either, and what it
// has begun is guarded by the version of its rows, not by this.
type Presence struct {
	config Config
	report reporter
	name   string
	grace  time.Duration
	cancel context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex
	conn   *pgx.Conn            // holds the lock; nil: there is none
	schema string               // of the tables; names are those of its users
	free   map[string]time.Time // since when the lock of a name was seen free on this connection
}

// PresenceConfig describes a Presence. Server and Name are required.
type PresenceConfig struct {
	// Server is the configuration with which the database was opened.
	Server Config
	// Name of this process, which no other process ever has.
	Name string
	// Grace is how long the lock of a name must have been free. A living process
	// has taken its lock again before that has passed. 0 = 10 s.
	Grace time.Duration
}

// OpenPresence takes the lock of the name. It fails with ErrInUse when another
// process has it.
func OpenPresence(ctx context.Context, c PresenceConfig) (*Presence, error) {
	err := c.Server.validate()
	switch {
	case err != nil:
		return nil, err
	case !IsServer(c.Server.Path):
		return nil, errors.New("sqldb: only a database on a server has presences")
	case c.Name == "":
		return nil, errors.New("sqldb: a presence without a name")
	case c.Grace < 0:
		return nil, errors.New("sqldb: the grace of a presence is negative")
	case c.Grace == 0:
		c.Grace = 10 * time.Second
	}
	p := &Presence{config: c.Server, name: c.Name, grace: c.Grace, done: make(chan struct{})}
	p.report = reporter{config: &p.config}
	if err := p.take(ctx, p.config.Postgres.ConnectTimeout); err != nil {
		return nil, fmt.Errorf("telling %s that this process lives: %w", serverName(c.Server.Path), err)
	}
	watching, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go p.watch(watching)
	return p, nil
}

// Close lets go of the lock.
func (p *Presence) Close() error {
	p.cancel()
	<-p.done
	p.mu.Lock()
	defer p.mu.Unlock()
	p.drop()
	return nil
}

// Gone tells whether the process of this name is provably dead. False when in
// doubt, also for a while after the start of this process or of the server.
func (p *Presence) Gone(ctx context.Context, name string) (bool, error) {
	free, since, err := p.look(ctx, name)
	return free && time.Since(since) >= p.grace, err
}

// Free tells whether nobody holds the lock of the name at this moment. That proves
// nothing on its own; it is for those who know more.
func (p *Presence) Free(ctx context.Context, name string) (bool, error) {
	free, _, err := p.look(ctx, name)
	return free, err
}

// look asks whether the lock of a name is free, and tells since when it was seen so.
func (p *Presence) look(ctx context.Context, name string) (free bool, since time.Time, err error) {
	if name == p.name {
		return false, since, nil
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil {
		return false, since, nil
	}
	// Held only until the end of the statement, and shared, so that those who
	// look do not keep each other from seeing. Whoever comes back at this very
	// moment waits for less than it can notice.
	free, err = p.ask(ctx, p.grace/4, "SELECT pg_try_advisory_xact_lock_shared($1)", name)
	if err != nil {
		p.drop()
		return false, since, err
	}
	if !free {
		delete(p.free, name)
		return false, since, nil
	}
	since, seen := p.free[name]
	if !seen {
		since = time.Now()
		p.free[name] = since
	}
	return true, since, nil
}

// ask runs a query about the lock of a name that is answered with yes or no. The
// caller holds the mutex.
func (p *Presence) ask(ctx context.Context, limit time.Duration, sql, name string) (answer bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	start := time.Now()
	err = p.conn.QueryRow(ctx, sql, presenceKey(p.schema, name)).Scan(&answer)
	if err != nil {
		code, kind := postgresKind(err)
		p.report.failed("sqldb.presence", code, err)
		err = &stmtError{stmt: "sqldb.presence", kind: kind}
	}
	p.report.ran("sqldb.presence", start, err)
	return answer, err
}

// presenceKey is the number of the lock of a name. The server keeps such numbers
// apart by database, not by schema.
func presenceKey(schema, name string) int64 {
	sum := sha256.Sum256(fmt.Appendf(nil, "mintmark presence: %q %q", schema, name))
	return int64(binary.BigEndian.Uint64(sum[:8]))
}

// take makes a connection and takes the lock, each in less than limit.
func (p *Presence) take(ctx context.Context, limit time.Duration) error {
	dialing, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	conn, err := dialServer(dialing, p.report, "sqldb.presence", limit)
	if err != nil {
		return err
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.conn, p.free = conn, map[string]time.Time{}
	if err := conn.QueryRow(dialing, "SELECT current_schema()::text").Scan(&p.schema); err != nil {
		p.drop()
		code, kind := postgresKind(err)
		p.report.failed("sqldb.presence", code, err)
		return &stmtError{stmt: "sqldb.presence", kind: kind}
	}
	mine, err := p.ask(ctx, limit, "SELECT pg_try_advisory_lock($1)", p.name)
	if err == nil && !mine {
		err = fmt.Errorf("%w: its name is taken", ErrInUse)
	}
	if err != nil {
		p.drop()
	}
	return err
}

// drop gives the connection up. The caller holds the mutex.
func (p *Presence) drop() {
	if p.conn != nil {
		ctx, cancel := context.WithTimeout(context.Background(), time.Second)
		defer cancel()
		_ = p.conn.Close(ctx)
		p.conn = nil
	}
}

// watch looks after the connection, and makes a new one when it is broken. From a
// break to the new lock it takes a fifth of the grace to notice, a quarter of it
// to be sure, and a quarter to connect.
func (p *Presence) watch(ctx context.Context) {
	defer close(p.done)
	pause, lost := p.grace/5, false
	for {
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		if p.alive(ctx) {
			pause = p.grace / 5
			continue
		}
		pause = p.grace / 50
		switch err := p.take(ctx, p.grace/4); {
		case err == nil && lost:
			lost = false
			p.config.Logger.Info("other processes can see again that this one lives")
		case err != nil && ctx.Err() == nil:
			if !lost {
				lost = true
				p.config.Logger.Warn("other processes cannot see that this one lives", "error", err)
			}
			pause = p.grace / 10
		}
	}
}

// alive tells whether the connection still stands, and gives it up if not.
func (p *Presence) alive(ctx context.Context) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.conn == nil {
		return false
	}
	if _, err := p.ask(ctx, p.grace/4, "SELECT $1::bigint IS NOT NULL", p.name); err != nil {
		p.drop()
		return false
	}
	return true
}
