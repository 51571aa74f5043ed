package sqldb_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"mintmark/internal/sqldb"
)

var (
	offlineAdd   = sqldb.Stmt{Name: "test.add", SQL: "INSERT INTO things (name) VALUES ($1)"}
	offlineCount = sqldb.Stmt{Name: "test.count", SQL: "SELECT count(*) FROM things"}
)

func offlineSchema() []sqldb.Migration {
	return []sqldb.Migration{{Name: "0001_things", SQL: "CREATE TABLE things (name TEXT NOT NULL)"}}
}

func offlineOpen(t *testing.T, c sqldb.Config) *sqldb.DB {
	t.Helper()
	db, err := sqldb.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

func offlineInsert(t *testing.T, db *sqldb.DB) error {
	t.Helper()
	return db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), offlineAdd, "x")
		return err
	})
}

func offlineRows(t *testing.T, db *sqldb.DB) (n int) {
	t.Helper()
	err := db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), offlineCount).Scan(&n) })
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestAReadOnlyDatabaseIsReadWhileAnotherHoldsIt(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	owner := offlineOpen(t, sqldb.Config{Path: path, Migrations: offlineSchema(), Exclusive: true})
	if err := offlineInsert(t, owner); err != nil {
		t.Fatal(err)
	}
	look := offlineOpen(t, sqldb.Config{Path: path, ReadOnly: true})
	if n := offlineRows(t, look); n != 1 {
		t.Errorf("%d rows, want 1", n)
	}
	if err := offlineInsert(t, look); !errors.Is(err, sqldb.ErrReadOnly) {
		t.Errorf("a write is %v, want ErrReadOnly", err)
	}
	if err := offlineInsert(t, owner); err != nil {
		t.Fatal(err)
	}
	if n := offlineRows(t, look); n != 2 {
		t.Errorf("%d rows, want 2", n)
	}
}

func TestAReadOnlyDatabaseIsNotMade(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "none.db")
	if _, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, ReadOnly: true}); !errors.Is(err, sqldb.ErrCannotOpen) {
		t.Errorf("Open is %v, want ErrCannotOpen", err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("there is a file: %v", err)
	}
}

func TestACopyHoldsTheLastCommitAndReplacesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	db := offlineOpen(t, sqldb.Config{Path: filepath.Join(dir, "a.db"), Migrations: offlineSchema(), Exclusive: true})
	for range 3 {
		if err := offlineInsert(t, db); err != nil {
			t.Fatal(err)
		}
	}
	to := filepath.Join(dir, "odd ?name%.db")
	if err := db.CopyTo(t.Context(), to); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(to); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("the copy: %v, %v, want mode 0600", info, err)
	}
	if err := offlineInsert(t, db); err != nil {
		t.Fatal(err)
	}
	if n := offlineRows(t, offlineOpen(t, sqldb.Config{Path: to, ReadOnly: true})); n != 3 {
		t.Errorf("%d rows in the copy, want 3", n)
	}
	if err := db.CopyTo(t.Context(), to); !errors.Is(err, sqldb.ErrCannotOpen) {
		t.Errorf("a second copy to the same place is %v, want ErrCannotOpen", err)
	}
}
