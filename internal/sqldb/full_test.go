package sqldb_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"mintmark/internal/sqldb"
)

// addBig adds a coin of so many bytes.
func addBig(t *testing.T, db *sqldb.DB, id, size int) error {
	t.Helper()
	return db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
		_, err := tx.Exec(t.Context(), addCoin, id, nil, bytes.Repeat([]byte{7}, size), nil)
		return err
	})
}

func TestFullDatabaseIsAClearErrorAndWorksAgainLater(t *testing.T) {
	eachSQLite(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		limit := func(pages int) {
			write(t, db, func(tx sqldb.Tx) error {
				return tx.QueryRow(t.Context(), sqldb.Stmt{Name: "test.limit", SQL: fmt.Sprintf("PRAGMA max_page_count = %d", pages)}).Scan(nil)
			})
		}
		limit(20)
		if err := addBig(t, db, 1, 10); err != nil {
			t.Fatal(err)
		}
		c := gather(t, db, sqldb.Deferred)
		c.join("before", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { return add(t.Context(), tx, 2) })
		c.join("big", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
			_, err := tx.Exec(t.Context(), addCoin, 3, nil, make([]byte, 1<<20), nil)
			return err
		})
		c.join("after", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { return add(t.Context(), tx, 4) })
		results := c.release()
		if !errors.Is(results["big"], sqldb.ErrFull) {
			t.Errorf("got %v", results["big"])
		}
		want := []int{1}
		for name, id := range map[string]int{"before": 2, "after": 4} {
			if err := results[name]; err == nil {
				want = append(want, id)
			} else if !errors.Is(err, sqldb.ErrFull) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if got := ids(t, db); len(got) != len(want) {
			t.Errorf("coins %v, want %v in some order", got, want)
		}
		limit(1 << 20)
		if err := addBig(t, db, 3, 1<<20); err != nil {
			t.Errorf("with room again: %v", err)
		}
	})
}

// smallDisk mounts a file system of so many bytes, if this process may.
func smallDisk(t *testing.T, size int) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, fmt.Sprintf("size=%d", size)); err != nil {
		t.Skipf("cannot mount a small disk: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, syscall.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

func TestFullDiskIsAClearErrorAndWorksAgainLater(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 2<<20)
	var said lines
	db := open(t, sqldb.Config{Path: filepath.Join(dir, "coins.db"), Exclusive: true, Logger: slog.New(slog.NewTextHandler(&said, nil))})
	if err := addBig(t, db, 1, 1000); err != nil {
		t.Fatal(err)
	}
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 4<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	for id := 2; ; id++ {
		err := addBig(t, db, id, 3000)
		if err == nil && id < 200 {
			continue // there was room left in the log
		}
		if !errors.Is(err, sqldb.ErrFull) {
			t.Fatalf("coin %d: got %v", id, err)
		}
		if got := len(ids(t, db)); got != id-1 {
			t.Errorf("%d coins can be read, want %d", got, id-1)
		}
		if err := os.Remove(filler); err != nil {
			t.Fatal(err)
		}
		if err := addBig(t, db, id, 3000); err != nil {
			t.Errorf("with room again: %v", err)
		}
		if got := len(ids(t, db)); got != id {
			t.Errorf("%d coins, want %d", got, id)
		}
		if log := said.String(); !strings.Contains(log, "full") || strings.Contains(log, "rollback") {
			t.Errorf("the log is about something else than the disk: %s", log)
		}
		return
	}
}

func TestReadOnlyFileIsAClearError(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	root := os.Geteuid() == 0
	if root { // modes do not stop root; a file system does
		dir = smallDisk(t, 2<<20)
	}
	path := filepath.Join(dir, "coins.db")
	db := open(t, sqldb.Config{Path: path})
	if err := addBig(t, db, 1, 10); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
	if root {
		if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, ""); err != nil {
			t.Fatal(err)
		}
	} else {
		for _, name := range []string{path, dir} {
			if err := os.Chmod(name, 0o500); err != nil {
				t.Fatal(err)
			}
		}
		t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	}
	for _, exclusive := range []bool{false, true} {
		db, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Migrations: schema, Logger: quiet(), Exclusive: exclusive})
		if err == nil {
			err = addBig(t, db, 2, 10)
			_ = db.Close()
		}
		if !errors.Is(err, sqldb.ErrReadOnly) {
			t.Errorf("exclusive: %t: got %v", exclusive, err)
		}
	}
}
