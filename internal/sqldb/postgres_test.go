package sqldb_test

import (
	"context"
	"errors"
	"runtime"
	"sync"
	"testing"
	"time"

	"mintmark/internal/sqldb"
)

var (
	lockCoin  = sqldb.Stmt{Name: "coins.lock", SQL: "SELECT n FROM coins WHERE id = $1 {lock coins}"}
	bumpCoin  = sqldb.Stmt{Name: "coins.bump", SQL: "UPDATE coins SET n = n + 1 WHERE id = $1"}
	dropCoin  = sqldb.Stmt{Name: "coins.drop", SQL: "DELETE FROM coins WHERE id = $1"}
	sleepStmt = sqldb.Stmt{Name: "test.sleep", SQL: "SELECT 1 FROM (SELECT pg_sleep(30)) AS s"}
	syncStmt  = sqldb.Stmt{Name: "test.sync", SQL: "SELECT current_setting('synchronous_commit')"}
)

// events counts what was reported.
type events struct {
	mu    sync.Mutex
	count map[string]int
}

func (e *events) observe(name string, _ time.Duration, _ error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.count == nil {
		e.count = map[string]int{}
	}
	e.count[name]++
}

func (e *events) of(name string) int {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.count[name]
}

// n reads the number on a coin.
func n(t testing.TB, db *sqldb.DB, id int) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), getCoin, id).Scan(nil, nil, &n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// coins adds coins with these numbers and n = 0.
func coins(t testing.TB, db *sqldb.DB, list ...int) {
	t.Helper()
	write(t, db, func(tx sqldb.Tx) error {
		for _, id := range list {
			if _, err := tx.Exec(t.Context(), addCoin, id, nil, nil, 0); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestOpposedOrderEndsWithoutAnError(t *testing.T) {
	t.Parallel()
	var seen events
	db := open(t, sqldb.Config{Path: postgres.Database(t), Observe: seen.observe})
	coins(t, db, 1, 2)
	var wg sync.WaitGroup
	var met sync.WaitGroup
	met.Add(2)
	for _, order := range [][]int{{1, 2}, {2, 1}} {
		first := true
		wg.Go(func() {
			err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
				if _, err := tx.Exec(t.Context(), bumpCoin, order[0]); err != nil {
					return err
				}
				if first { // so that they surely meet
					first = false
					met.Done()
					met.Wait()
				}
				_, err := tx.Exec(t.Context(), bumpCoin, order[1])
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if a, b := n(t, db, 1), n(t, db, 2); a != 2 || b != 2 {
		t.Errorf("got %d and %d, want 2 and 2", a, b)
	}
	if seen.of("sqldb.conflict") == 0 {
		t.Error("the deadlock did not happen, so nothing was tested")
	}
}

func TestEndlessConflictIsAnErrorInTheEnd(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{Path: postgres.Database(t)})
	runs := 0
	err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
		runs++
		fake := sqldb.Stmt{Name: "test.conflict", SQL: "DO $$ BEGIN RAISE SQLSTATE '40001'; END $$"}
		_, _ = tx.Exec(t.Context(), fake)
		return nil
	})
	if !errors.Is(err, sqldb.ErrConflict) || runs < 2 || runs > 20 {
		t.Errorf("got %v after %d runs", err, runs)
	}
}

func TestALockedRowIsReadAsItIsThen(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{Path: postgres.Database(t)})
	coins(t, db, 1)
	var wg sync.WaitGroup
	for range 10 {
		wg.Go(func() {
			err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
				var n int
				if err := tx.QueryRow(t.Context(), lockCoin, 1).Scan(&n); err != nil {
					return err
				}
				set := sqldb.Stmt{Name: "coins.set", SQL: "UPDATE coins SET n = $2 WHERE id = $1"}
				_, err := tx.Exec(t.Context(), set, 1, n+1)
				return err
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := n(t, db, 1); got != 10 {
		t.Errorf("%d of 10 additions were kept", got)
	}
}

func TestWaitingIsBounded(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{Path: postgres.Database(t), Readers: 1, Postgres: sqldb.Postgres{
		Writers: 2, ConnectTimeout: 400 * time.Millisecond, StatementTimeout: 600 * time.Millisecond, LockTimeout: 200 * time.Millisecond,
	}})
	coins(t, db, 1)
	ctx := t.Context()
	lock := func(tx sqldb.Tx) error { return tx.QueryRow(ctx, lockCoin, 1).Scan(nil) }
	sleep := func(tx sqldb.Tx) error { return tx.QueryRow(ctx, sleepStmt).Scan(nil) }
	hold := func(hold func(func(sqldb.Tx) error) error) (release func()) {
		held, done := make(chan struct{}), make(chan struct{})
		var once sync.Once
		var wg sync.WaitGroup
		wg.Go(func() {
			_ = hold(func(tx sqldb.Tx) error {
				err := lock(tx)
				once.Do(func() { close(held) })
				<-done
				return err
			})
		})
		<-held
		return func() { close(done); wg.Wait() }
	}
	writing := func(fn func(sqldb.Tx) error) error { return db.Write(ctx, sqldb.Deferred, fn) }
	reading := func(fn func(sqldb.Tx) error) error { return db.Read(ctx, fn) }
	tests := []struct {
		name string
		held []func(func(sqldb.Tx) error) error
		wait func() error
	}{
		{"for a row", []func(func(sqldb.Tx) error) error{writing}, func() error { return writing(lock) }},
		{"for a connection that writes", []func(func(sqldb.Tx) error) error{writing, reading}, func() error {
			release := make(chan struct{})
			defer close(release)
			started := make(chan struct{})
			go func() {
				_ = writing(func(sqldb.Tx) error { close(started); <-release; return nil })
			}()
			<-started
			return writing(func(sqldb.Tx) error { return nil })
		}},
		{"for a connection that reads", []func(func(sqldb.Tx) error) error{reading}, func() error { return reading(lock) }},
		{"for a statement that writes", nil, func() error { return writing(sleep) }},
		{"for a statement that reads", nil, func() error { return reading(sleep) }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			for _, h := range test.held {
				defer hold(h)()
			}
			start := time.Now()
			if err := test.wait(); !errors.Is(err, sqldb.ErrTimeout) {
				t.Errorf("got %v", err)
			}
			if d := time.Since(start); d > 5*time.Second {
				t.Errorf("it took %v", d)
			}
		})
	}
	coins(t, db, 2) // and everything works again
}

func TestAnAuditMayTakeItsTime(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{Path: postgres.Database(t), Postgres: sqldb.Postgres{StatementTimeout: 200 * time.Millisecond}})
	nap := sqldb.Stmt{Name: "test.nap", SQL: "SELECT 1 FROM (SELECT pg_sleep(1.5)) AS s"}
	read := func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), nap).Scan(nil) }
	if err := db.Audit(t.Context(), read); err != nil {
		t.Errorf("an audit: %v", err)
	}
	if err := db.Read(t.Context(), read); !errors.Is(err, sqldb.ErrTimeout) {
		t.Errorf("a read: %v", err)
	}
	if err := db.Audit(t.Context(), func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) }); !errors.Is(err, sqldb.ErrReadOnly) {
		t.Errorf("an audit that writes: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := db.Audit(ctx, func(tx sqldb.Tx) error { return tx.QueryRow(ctx, sleepStmt).Scan(nil) }); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("an audit that is called off: %v", err)
	}
}

func TestCommitsWaitForTheDiskWhenAsked(t *testing.T) {
	t.Parallel()
	ask := func(db *sqldb.DB, d sqldb.Durability) (mode string) {
		if err := db.Write(t.Context(), d, func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), syncStmt).Scan(&mode) }); err != nil {
			t.Fatal(err)
		}
		return mode
	}
	url := postgres.Database(t)
	db := open(t, sqldb.Config{Path: url})
	always := open(t, sqldb.Config{Path: url, AlwaysDurable: true})
	// Even where the server was told not to care.
	careless := open(t, sqldb.Config{Path: url + "?synchronous_commit=off"})
	for range 2 { // what was set before must not stick to the connection
		if a, b := ask(db, sqldb.Deferred), ask(db, sqldb.Durable); a != "off" || b != "on" {
			t.Errorf("deferred: %s, durable: %s", a, b)
		}
	}
	if a, b := ask(always, sqldb.Deferred), ask(careless, sqldb.Durable); a != "on" || b != "on" {
		t.Errorf("always durable: %s, on a careless server: %s", a, b)
	}
}

func TestCloseWaitsForWhatHasBegun(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{Path: postgres.Database(t)})
	started, finish := make(chan struct{}), make(chan struct{})
	outcome, closed := make(chan error, 1), make(chan error, 1)
	go func() {
		outcome <- db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
			close(started)
			<-finish
			return add(t.Context(), tx, 1)
		})
	}()
	<-started
	go func() { closed <- db.Close() }()
	select {
	case <-closed:
		t.Fatal("closed while a write ran")
	case <-time.After(50 * time.Millisecond):
	}
	if err := db.Write(t.Context(), sqldb.Deferred, func(sqldb.Tx) error { return nil }); !errors.Is(err, sqldb.ErrClosed) {
		t.Errorf("a write after it: %v", err)
	}
	if err := db.Read(t.Context(), func(sqldb.Tx) error { return nil }); !errors.Is(err, sqldb.ErrClosed) {
		t.Errorf("a read after it: %v", err)
	}
	close(finish)
	if err := errors.Join(<-outcome, <-closed); err != nil {
		t.Error(err)
	}
}

func TestAFunctionThatEndsItsGoroutineLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{Path: postgres.Database(t), Postgres: sqldb.Postgres{Writers: 1}})
	for range 3 {
		done := make(chan struct{})
		go func() {
			defer close(done)
			_ = db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
				_ = add(t.Context(), tx, 1)
				runtime.Goexit()
				return nil
			})
		}()
		<-done
	}
	if got := ids(t, db); len(got) != 0 {
		t.Errorf("coins %v", got)
	}
	coins(t, db, 1) // the only connection is free
}
