package sqldb

import (
	"context"
	"errors"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// sqliteRoom is the least free space with which a file counts as writable: some
// hundred operations, in the log and in the database.
const sqliteRoom = 1 << 20

// recentFailure is how long a failed write is believed, when nobody has written
// since. What stands in the way may be gone without anybody trying.
const recentFailure = time.Minute

var postgresInRecovery = Stmt{Name: "sqldb.in_recovery", SQL: "SELECT pg_is_in_recovery()"}

// outcomes remembers the last failure that says something about the database and
// not about what was to be written.
type outcomes struct {
	mu   sync.Mutex
	last error
	at   time.Time
}

// note hears of the end of every write.
func (o *outcomes) note(err error) {
	var last error
	for _, kind := range []error{ErrFull, ErrReadOnly, ErrUnavailable, ErrCannotOpen} {
		if errors.Is(err, kind) {
			last = kind
		}
	}
	if err != nil && last == nil {
		return // it says nothing
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last, o.at = last, time.Now()
}

func (o *outcomes) recent() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	if time.Since(o.at) > recentFailure {
		return nil
	}
	return o.last
}

// Writable says why a Write would probably fail now, without writing: ErrFull,
// ErrReadOnly or ErrUnavailable. It is for monitoring. A nil promises nothing.
func (db *DB) Writable(ctx context.Context) error {
	if err := db.outcomes.recent(); err != nil {
		return err
	}
	return db.engine.writable(ctx)
}

// writable looks at the file, its folder, and the room on the disk.
func (e *sqliteEngine) writable(context.Context) error {
	if e.path == Memory {
		return nil
	}
	folder := filepath.Dir(e.path)
	for _, name := range []string{e.path, folder} {
		if syscall.Access(name, accessWrite) != nil {
			return ErrReadOnly
		}
	}
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return ErrCannotOpen
	}
	if disk.Bavail*uint64(disk.Bsize) < sqliteRoom {
		return ErrFull
	}
	return nil
}

func (e *sqliteReadOnly) writable(context.Context) error { return ErrReadOnly }

// writable asks whether the server is the one that takes writes. How full its disk
// is it does not tell.
func (e *postgresEngine) writable(ctx context.Context) error {
	if e.config.ReadOnly {
		return ErrReadOnly
	}
	standby := false
	err := e.read(ctx, func(tx Tx) error { return tx.QueryRow(ctx, postgresInRecovery).Scan(&standby) })
	if err == nil && standby {
		err = ErrReadOnly
	}
	return err
}
