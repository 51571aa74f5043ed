package sqldb_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/internal/sqldb"
)

var (
	schema = []sqldb.Migration{{Name: "0001_start", SQL: `
		CREATE TABLE coins (id INTEGER NOT NULL PRIMARY KEY, label TEXT UNIQUE, data BLOB, n INTEGER, CHECK (n <> 13));
		CREATE TABLE notes (coin INTEGER NOT NULL REFERENCES coins (id));`}}

	serverSchema = []sqldb.Migration{{Name: "0001_start", SQL: `
		CREATE TABLE coins (id bigint NOT NULL PRIMARY KEY, label text UNIQUE, data bytea, n bigint, CHECK (n <> 13));
		CREATE TABLE notes (coin bigint NOT NULL REFERENCES coins (id));`}}

	addCoin   = sqldb.Stmt{Name: "coins.add", SQL: "INSERT INTO coins (id, label, data, n) VALUES ($1, $2, $3, $4)"}
	tryCoin   = sqldb.Stmt{Name: "coins.try", SQL: "INSERT INTO coins (id) VALUES ($1) ON CONFLICT DO NOTHING"}
	getCoin   = sqldb.Stmt{Name: "coins.get", SQL: "SELECT label, data, n FROM coins WHERE id = $1"}
	countCoin = sqldb.Stmt{Name: "coins.count", SQL: "SELECT count(*) FROM coins"}
	listCoin  = sqldb.Stmt{Name: "coins.list", SQL: "SELECT id FROM coins ORDER BY id"}
	addNote   = sqldb.Stmt{Name: "notes.add", SQL: "INSERT INTO notes (coin) VALUES ($1)"}
	findData  = sqldb.Stmt{Name: "coins.find", SQL: "SELECT k.i, c.id FROM {keys $1} AS k CROSS JOIN coins AS c WHERE c.data = k.key ORDER BY k.i"}
)

// quiet drops the log.
func quiet() *slog.Logger { return slog.New(slog.NewTextHandler(io.Discard, nil)) }

func open(t testing.TB, c sqldb.Config) *sqldb.DB {
	t.Helper()
	if c.Path == "" {
		c.Path = filepath.Join(t.TempDir(), "coins.db")
	}
	if c.Migrations == nil {
		c.Migrations = schema
		if sqldb.IsServer(c.Path) {
			c.Migrations = serverSchema
		}
	}
	if c.Logger == nil {
		c.Logger = quiet()
	}
	db, err := sqldb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}

// eachKind runs a test on a file, in memory and on a server.
func eachKind(t *testing.T, test func(t *testing.T, path string)) {
	t.Helper()
	eachSQLite(t, test)
	t.Run("postgres", func(t *testing.T) { t.Parallel(); test(t, postgres.Database(t)) })
}

// eachSQLite runs a test on a file and in memory.
func eachSQLite(t *testing.T, test func(t *testing.T, path string)) {
	t.Helper()
	t.Run("file", func(t *testing.T) { t.Parallel(); test(t, filepath.Join(t.TempDir(), "coins.db")) })
	t.Run("memory", func(t *testing.T) { t.Parallel(); test(t, sqldb.Memory) })
}

// add inserts a coin with nothing but a number.
func add(ctx context.Context, tx sqldb.Tx, id int) error {
	_, err := tx.Exec(ctx, addCoin, id, nil, nil, nil)
	return err
}

func write(t testing.TB, db *sqldb.DB, fn func(tx sqldb.Tx) error) {
	t.Helper()
	if err := db.Write(t.Context(), sqldb.Durable, fn); err != nil {
		t.Fatal(err)
	}
}

func ids(t testing.TB, db *sqldb.DB) (list []int) {
	t.Helper()
	err := db.Read(t.Context(), func(tx sqldb.Tx) error {
		return tx.Query(t.Context(), listCoin, func(scan sqldb.Scan) error {
			list = append(list, 0)
			return scan(&list[len(list)-1])
		})
	})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func TestWriteIsSeenByTheNextRead(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		for i := range 20 {
			write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, i) })
			if got := len(ids(t, db)); got != i+1 {
				t.Fatalf("%d coins after %d writes", got, i+1)
			}
		}
	})
}

func TestWriteOfAFailingFunctionLeavesNothing(t *testing.T) {
	boom := errors.New("boom")
	tests := []struct {
		name string
		fn   func(ctx context.Context, tx sqldb.Tx) error
		want error
	}{
		{"an error is returned unchanged", func(context.Context, sqldb.Tx) error { return boom }, boom},
		{"a panic becomes an error", func(context.Context, sqldb.Tx) error { panic("secret") }, sqldb.ErrPanic},
		{"a run-time panic becomes an error", func(context.Context, sqldb.Tx) error { return []error{}[len(schema)] }, sqldb.ErrPanic},
		{"a duplicate key", func(ctx context.Context, tx sqldb.Tx) error { return add(ctx, tx, 1) }, sqldb.ErrUnique},
		{"a duplicate key that the function ignores", func(ctx context.Context, tx sqldb.Tx) error { _ = add(ctx, tx, 1); return nil }, sqldb.ErrUnique},
		{"a broken rule", func(ctx context.Context, tx sqldb.Tx) error {
			_, err := tx.Exec(ctx, addCoin, 7, nil, nil, 13)
			return err
		}, sqldb.ErrConstraint},
		{"a missing parent", func(ctx context.Context, tx sqldb.Tx) error {
			_, err := tx.Exec(ctx, addNote, 99)
			return err
		}, sqldb.ErrConstraint},
		{"an unknown type of argument", func(ctx context.Context, tx sqldb.Tx) error {
			_, err := tx.Exec(ctx, addCoin, struct{}{}, nil, nil, nil)
			return err
		}, nil},
		{"a statement inside the reading of a result", func(ctx context.Context, tx sqldb.Tx) error {
			return tx.Query(ctx, listCoin, func(sqldb.Scan) error { return add(ctx, tx, 9) })
		}, nil},
	}
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		for _, test := range tests {
			t.Run(test.name, func(t *testing.T) {
				err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
					if err := add(t.Context(), tx, 1); err != nil {
						return err
					}
					return test.fn(t.Context(), tx)
				})
				if err == nil || test.want != nil && !errors.Is(err, test.want) {
					t.Errorf("got the error %v, want %v", err, test.want)
				}
				if strings.Contains(fmt.Sprint(err), "secret") || strings.Contains(fmt.Sprint(err), "INSERT") {
					t.Errorf("the error tells too much: %v", err)
				}
				if got := ids(t, db); len(got) != 0 {
					t.Errorf("coins %v were left", got)
				}
			})
		}
		write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
	})
}

func TestStatementAfterAFailedOneIsRefused(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		var later error
		err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
			_ = add(t.Context(), tx, 1)
			_ = add(t.Context(), tx, 1)
			later = add(t.Context(), tx, 2)
			return nil
		})
		if !errors.Is(err, sqldb.ErrUnique) || !errors.Is(later, sqldb.ErrUnique) {
			t.Errorf("got %v from Write and %v from the later statement", err, later)
		}
	})
}

func TestTxIsUselessAfterItsFunction(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		var kept sqldb.Tx
		write(t, db, func(tx sqldb.Tx) error { kept = tx; return nil })
		if err := add(t.Context(), kept, 1); err == nil {
			t.Error("a statement ran in a transaction that was over")
		}
		if got := ids(t, db); len(got) != 0 {
			t.Errorf("it wrote %v", got)
		}
	})
}

func TestReadRefusesToWrite(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		err := db.Read(t.Context(), func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
		if !errors.Is(err, sqldb.ErrReadOnly) {
			t.Errorf("got %v, want ErrReadOnly", err)
		}
		if got := ids(t, db); len(got) != 0 {
			t.Errorf("it wrote %v", got)
		}
	})
}

func TestReadSeesOneSnapshotWhileOthersCommit(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		if path == sqldb.Memory {
			t.Skip("readers and the writer take turns there")
		}
		db := open(t, sqldb.Config{Path: path})
		id := 0
		err := db.Read(t.Context(), func(tx sqldb.Tx) error { // may run twice
			first := id
			for range 5 {
				n := -1
				if err := tx.QueryRow(t.Context(), countCoin).Scan(&n); err != nil {
					return err
				}
				if n != first {
					t.Errorf("the snapshot shows %d coins, and %d before", n, first)
				}
				id++
				write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, id) })
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		if got := len(ids(t, db)); got != id || got < 5 {
			t.Errorf("%d coins, want %d", got, id)
		}
	})
}

func TestReadThatPanicsGivesItsConnectionBack(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path, Readers: 1})
		for range 3 {
			func() {
				defer func() {
					if recover() == nil {
						t.Error("the panic was swallowed")
					}
				}()
				_ = db.Read(t.Context(), func(sqldb.Tx) error { panic("in a read") })
			}()
			_ = ids(t, db)
		}
	})
}

func TestEveryValueComesBack(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		tests := []struct {
			label string
			data  []byte
			n     uint64
		}{
			{"", []byte{}, 0},
			{"plain", []byte("x"), 1},
			{"emoji 🪙 and \u2028", []byte{0, 1, 0, 255}, 1<<63 - 1},
			{"nul \x00 inside", bytes.Repeat([]byte{0}, 70000), 1 << 63},
			{"most", nil, 1<<64 - 1},
		}
		if sqldb.IsServer(path) {
			tests[3].label = "its text cannot hold a NUL byte, which is why names are binary"
		}
		for i, test := range tests {
			write(t, db, func(tx sqldb.Tx) error {
				_, err := tx.Exec(t.Context(), addCoin, i, test.label, test.data, test.n)
				return err
			})
			var label string
			var data []byte
			var n uint64
			err := db.Read(t.Context(), func(tx sqldb.Tx) error {
				return tx.QueryRow(t.Context(), getCoin, i).Scan(&label, &data, &n)
			})
			if err != nil {
				t.Fatal(err)
			}
			if label != test.label || !bytes.Equal(data, test.data) || (data == nil) != (test.data == nil) || n != test.n {
				t.Errorf("row %d: got %q, %d bytes (nil: %t), %d", i, label, len(data), data == nil, n)
			}
		}
	})
}

func TestScanRefusesWhatDoesNotFit(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		write(t, db, func(tx sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), addCoin, 1, "text", []byte("data"), int64(1)<<40)
			return err
		})
		var (
			i32 int32
			u8  uint8
			u32 uint32
			ok  bool
			n   int64
			b   []byte
			f   float64
		)
		for _, dest := range [][]any{{nil, nil, &i32}, {nil, nil, &u8}, {nil, nil, &u32}, {nil, nil, &ok}, {&n, nil, nil}, {nil, nil, &b}, {nil, nil, &f}, {nil}} {
			err := db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), getCoin, 1).Scan(dest...) })
			if err == nil {
				t.Errorf("scanned into %T", dest[len(dest)-1])
			}
		}
		err := db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), getCoin, 2).Scan(nil, nil, nil) })
		if !errors.Is(err, sqldb.ErrNoRows) {
			t.Errorf("got %v for a row that is not there", err)
		}
	})
}

func TestExecManyStopsAtTheFirstRowThatChangesNothing(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		tests := []struct {
			name string
			rows [][]any
			done int // by an engine that goes row by row
		}{
			{"no rows", nil, 0},
			{"all new", [][]any{{1}, {2}, {3}}, 3},
			{"the second is known", [][]any{{4}, {2}, {5}}, 1},
			{"the first is known", [][]any{{1}, {6}}, 0},
		}
		for _, test := range tests {
			if sqldb.IsServer(path) && test.done < len(test.rows) {
				test.done = 0 // it takes all rows back
			}
			done := 0
			write(t, db, func(tx sqldb.Tx) (err error) {
				if done, err = tx.ExecMany(t.Context(), tryCoin, test.rows); err != nil {
					return err
				}
				return tx.QueryRow(t.Context(), countCoin).Scan(nil) // it can go on
			})
			if done != test.done {
				t.Errorf("%s: %d rows done, want %d", test.name, done, test.done)
			}
		}
		want := []int{1, 2, 3, 4}
		if sqldb.IsServer(path) {
			want = want[:3]
		}
		if got := ids(t, db); !slices.Equal(got, want) {
			t.Errorf("coins %v, want %v", got, want)
		}
	})
}

func TestKeysFindManyRowsAtOnce(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		write(t, db, func(tx sqldb.Tx) error {
			for i, data := range [][]byte{{0}, {}, {255, 0, 255}} {
				if _, err := tx.Exec(t.Context(), addCoin, i+1, nil, data, nil); err != nil {
					return err
				}
			}
			return nil
		})
		tests := []struct {
			name string
			keys sqldb.Keys
			want string
		}{
			{"no keys", nil, "[]"},
			{"an empty list", sqldb.Keys{}, "[]"},
			{"unknown", sqldb.Keys{{1}}, "[]"},
			{"some, in the order asked, twice", sqldb.Keys{{255, 0, 255}, {7}, {0}, {255, 0, 255}}, "[[0 3] [2 1] [3 3]]"},
			{"an empty key", sqldb.Keys{{}}, "[[0 2]]"},
		}
		for _, test := range tests {
			found := [][2]int{}
			err := db.Read(t.Context(), func(tx sqldb.Tx) error {
				return tx.Query(t.Context(), findData, func(scan sqldb.Scan) error {
					var pair [2]int
					defer func() { found = append(found, pair) }()
					return scan(&pair[0], &pair[1])
				}, test.keys)
			})
			if got := fmt.Sprint(found); err != nil || got != test.want {
				t.Errorf("%s: got %s and %v, want %s", test.name, got, err, test.want)
			}
		}
	})
}

func TestStatementsAreReportedByNameOnly(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		var mu sync.Mutex
		seen := map[string]int{}
		var log bytes.Buffer
		db := open(t, sqldb.Config{
			Path:      path,
			Logger:    slog.New(slog.NewTextHandler(&log, nil)),
			SlowQuery: time.Nanosecond,
			Observe: func(name string, d time.Duration, err error) {
				mu.Lock()
				defer mu.Unlock()
				seen[name]++
				if d < 0 {
					t.Errorf("%s took %v", name, d)
				}
				if err != nil {
					seen[name+" failed"]++
				}
			},
		})
		write(t, db, func(tx sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), addCoin, 1, "a-secret", []byte("another"), 42)
			return err
		})
		if err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) }); err == nil {
			t.Error("the duplicate was taken")
		}
		if err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error { _, err := tx.Exec(t.Context(), addNote, 5); return err }); err == nil {
			t.Error("the orphan was taken")
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if seen["coins.add"] != 2 || seen["coins.add failed"] != 1 || seen["sqldb.commit.durable"] == 0 {
			t.Errorf("seen: %v", seen)
		}
		for _, want := range []string{"coins.add", "slow database statement", "duration="} {
			if !strings.Contains(log.String(), want) {
				t.Errorf("the log does not tell %q", want)
			}
		}
		for _, never := range []string{"a-secret", "another", "INSERT", "SELECT", "COMMIT"} {
			if strings.Contains(log.String(), never) {
				t.Errorf("the log tells %q", never)
			}
		}
	})
}
