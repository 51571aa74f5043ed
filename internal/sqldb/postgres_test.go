package sqldb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/internal/pgtest"
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

func TestAWrongAssumptionIsFoundOutAndTheTruthTold(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{Path: postgres.Database(t)})
	coins(t, db, 1, 2, 3)
	drop := func(tx sqldb.Tx, id int) (int64, error) { return tx.Assume(t.Context(), dropCoin, 1, id) }
	tests := []struct {
		name string
		fn   func(tx sqldb.Tx) error
		runs int
		left []int
	}{
		{"it holds", func(tx sqldb.Tx) error { _, err := drop(tx, 1); return err }, 1, []int{2, 3}},
		{"it is found out at the end", func(tx sqldb.Tx) error {
			if n, err := drop(tx, 1); n != 0 || err != nil {
				return err // believes that it is there
			}
			_, err := drop(tx, 2)
			return err
		}, 2, []int{3}},
		{"it is found out by the next statement", func(tx sqldb.Tx) error {
			n, err := drop(tx, 2)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(t.Context(), addCoin, 10+n, nil, nil, nil); err != nil {
				return err
			}
			return tx.QueryRow(t.Context(), countCoin).Scan(nil)
		}, 2, []int{3, 10}},
		{"it made the function fail", func(tx sqldb.Tx) error {
			if n, err := drop(tx, 1); n != 0 || err != nil {
				return errors.Join(err, errors.New("should not be there"))
			}
			return nil
		}, 2, []int{3, 10}},
	}
	for _, test := range tests {
		runs := 0
		write(t, db, func(tx sqldb.Tx) error { runs++; return test.fn(tx) })
		if got := ids(t, db); runs != test.runs || !slices.Equal(got, test.left) {
			t.Errorf("%s: %d runs, coins %v; want %d and %v", test.name, runs, got, test.runs, test.left)
		}
	}
}

func TestManyRowsAreOneStatement(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{Path: postgres.Database(t)})
	many := func(s sqldb.Stmt, rows [][]any) (n int) {
		write(t, db, func(tx sqldb.Tx) (err error) { n, err = tx.ExecMany(t.Context(), s, rows); return err })
		return n
	}
	rows := make([][]any, 1000)
	for i := range rows {
		rows[i] = []any{i, fmt.Sprint("coin ", i), []byte{byte(i)}, uint64(i) << 50}
	}
	rows[7] = []any{7, "coin 7", nil, uint64(1<<64 - 1)}
	start := time.Now()
	if n := many(addCoin, rows); n != 1000 {
		t.Errorf("%d rows", n)
	}
	t.Logf("1000 rows in %v", time.Since(start))
	var data []byte
	var number uint64
	err := db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), getCoin, 7).Scan(nil, &data, &number) })
	if err != nil || data != nil || number != 1<<64-1 {
		t.Errorf("got %x and %d, %v", data, number, err)
	}
	// Of another kind, and with a NULL where a type must be known.
	if n := many(dropCoin, [][]any{{1}, {2}, {3}}); n != 3 {
		t.Errorf("%d rows dropped", n)
	}
	if n := many(addCoin, [][]any{{1, nil, nil, nil}, {2, "two", nil, 2}}); n != 2 {
		t.Errorf("%d rows with NULLs", n)
	}
	err = db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
		_, err := tx.ExecMany(t.Context(), tryCoin, [][]any{{5000}, {5001, 1}})
		return err
	})
	if err == nil {
		t.Error("rows of different lengths were taken")
	}
}

func TestTextThatCannotBeKeptIsRefused(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{Path: postgres.Database(t)})
	for _, text := range []string{"a\x00b", "\xff"} {
		err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), addCoin, 1, text, nil, nil)
			return err
		})
		if err == nil || strings.Contains(err.Error(), text) {
			t.Errorf("%q: %v", text, err)
		}
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

func TestCallersThatGiveUpCostNoConnection(t *testing.T) {
	t.Parallel()
	var seen events
	var connects atomic.Int64
	db := open(t, sqldb.Config{Path: postgres.Database(t), Observe: seen.observe, Readers: 2, Logger: slog.New(slog.NewTextHandler(&bytes.Buffer{}, nil))})
	pid := sqldb.Stmt{Name: "test.pid", SQL: "SELECT pg_backend_pid()"}
	known := map[int]bool{}
	for range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Read(ctx, func(tx sqldb.Tx) error {
			cancel() // between two statements
			return tx.QueryRow(ctx, countCoin).Scan(nil)
		})
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		var number int
		if err := db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), pid).Scan(&number) }); err != nil {
			t.Fatal(err)
		}
		if !known[number] {
			known[number] = true
			connects.Add(1)
		}
	}
	if connects.Load() > 2 {
		t.Errorf("%d connections were made", connects.Load())
	}
}

func TestTwoFirstStartsAtOnceAreFine(t *testing.T) {
	t.Parallel()
	url := postgres.Database(t)
	var wg sync.WaitGroup
	for range 6 {
		wg.Go(func() {
			db, err := sqldb.Open(t.Context(), sqldb.Config{Path: url, Migrations: serverSchema, Logger: quiet(), Postgres: sqldb.Postgres{Writers: 2}})
			if err != nil {
				t.Error(err)
				return
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if err := tryOpen(t, sqldb.Config{Path: url, Migrations: serverSchema[:0:0]}); !errors.Is(err, sqldb.ErrNewer) || !strings.Contains(err.Error(), "0001_start") {
		t.Errorf("an older program: %v", err)
	}
	broken := append(slices.Clone(serverSchema),
		sqldb.Migration{Name: "0002_more", SQL: "CREATE TABLE more (x bigint)"}, sqldb.Migration{Name: "0003_broken", SQL: "CREATE TABLE coins (x bigint)"})
	if err := tryOpen(t, sqldb.Config{Path: url, Migrations: broken}); err == nil || !strings.Contains(err.Error(), "0003_broken") {
		t.Errorf("a broken migration: %v", err)
	}
	if err := tryOpen(t, sqldb.Config{Path: url, Migrations: append(slices.Clone(broken[:2]), sqldb.Migration{Name: "0003_mended", SQL: "CREATE TABLE other (x bigint)"})}); err != nil {
		t.Errorf("after the broken migration: %v", err)
	}
}

// tryOpen opens and closes a database.
func tryOpen(t testing.TB, c sqldb.Config) error {
	t.Helper()
	c.Logger = quiet()
	db, err := sqldb.Open(t.Context(), c)
	if err != nil {
		return err
	}
	return db.Close()
}

// proxied opens a database by way of a proxy.
func proxied(t *testing.T, c sqldb.Config) (*sqldb.DB, *pgtest.Proxy) {
	t.Helper()
	server := postgres.Server(t)
	p := pgtest.NewProxy(t, server)
	c.Path = p.URL(server.Database(t))
	return open(t, c), p
}
