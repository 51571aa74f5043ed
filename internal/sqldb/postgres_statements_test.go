package sqldb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
)

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
