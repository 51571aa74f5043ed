package sqldb_test

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/internal/sqldb"
)

func TestAFullDiskIsNoticedWithoutWriting(t *testing.T) {
	t.Parallel()
	dir := smallDisk(t, 8<<20)
	db := open(t, sqldb.Config{Path: filepath.Join(dir, "coins.db"), Exclusive: true})
	if err := db.Writable(t.Context()); err != nil {
		t.Errorf("with room: %v", err)
	}
	filler := filepath.Join(dir, "filler")
	if err := os.WriteFile(filler, make([]byte, 16<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	if err := db.Writable(t.Context()); !errors.Is(err, sqldb.ErrFull) {
		t.Errorf("on a full disk: %v", err)
	}
	if err := os.Remove(filler); err != nil {
		t.Fatal(err)
	}
	if err := db.Writable(t.Context()); err != nil {
		t.Errorf("with room again: %v", err)
	}
}

// A quota, or a limit of a size, is only known to who has met it.
func TestAFailedWriteIsBelievedForAMinuteOrUntilTheNext(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		db, err := sqldb.Open(t.Context(), sqldb.Config{Path: sqldb.Memory, Migrations: schema, Logger: quiet()})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = db.Close() }()
		fail := func() {
			_ = db.Write(t.Context(), sqldb.Deferred, func(sqldb.Tx) error { return sqldb.ErrFull })
			if err := db.Writable(t.Context()); !errors.Is(err, sqldb.ErrFull) {
				t.Errorf("after a failure: %v", err)
			}
		}
		fail()
		_ = db.Write(t.Context(), sqldb.Deferred, func(sqldb.Tx) error { return errors.New("says nothing about the database") })
		if err := db.Writable(t.Context()); !errors.Is(err, sqldb.ErrFull) {
			t.Errorf("after a failure of another kind: %v", err)
		}
		_ = db.Write(t.Context(), sqldb.Deferred, func(sqldb.Tx) error { return nil })
		if err := db.Writable(t.Context()); err != nil {
			t.Errorf("after a success: %v", err)
		}
		fail()
		time.Sleep(2 * time.Minute)
		if err := db.Writable(t.Context()); err != nil {
			t.Errorf("two minutes later: %v", err)
		}
	})
}

func TestAServerThatAnswersTakesWrites(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{Path: postgres.Schema(t)})
	if err := db.Writable(t.Context()); err != nil {
		t.Error(err)
	}
}
