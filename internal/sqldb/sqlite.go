package sqldb

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"syscall"
)

// sqliteEngine is a SQLite database: one connection that writes, some that read.
type sqliteEngine struct {
	writer      *writer
	readers     *readers
	checkpoints *checkpointer // nil in memory
	lock        *lockFile     // nil when not exclusive
	path        string        // of the file, or Memory
	name        string        // under which connections open it
	report      reporter
	once        sync.Once
	err         error
}

var _ engine = (*sqliteEngine)(nil)

func openSQLite(ctx context.Context, c Config) (_ engine, err error) {
	e := &sqliteEngine{path: Memory}
	report := reporter{config: &c}
	var name string
	var gate *sync.RWMutex
	if c.Path == Memory {
		// SQLite has no WAL in memory: a commit would fail while somebody
		// reads. So a lock of our own keeps them apart.
		name, gate = sqliteMemoryName(rand.Text()), new(sync.RWMutex)
	} else {
		path, err := createFile(c.Path)
		if err != nil {
			return nil, err
		}
		if c.Exclusive {
			if e.lock, err = acquireLock(path + ".lock"); err != nil {
				return nil, err
			}
		}
		e.path, name = path, sqliteFileName(path)
	}
	conn, err := openSQLiteWriter(ctx, name, report, c)
	if err != nil {
		return nil, errors.Join(err, e.lock.release())
	}
	if c.Path != Memory {
		second, err := openSQLiteConn(name, report, sqliteSettings...)
		if err != nil {
			return nil, errors.Join(err, conn.close(), e.lock.release())
		}
		e.checkpoints = startCheckpointer(second)
	}
	e.name, e.report = name, report
	e.writer = startWriter(conn, gate, e.checkpoints, c.AlwaysDurable)
	e.readers = newReaders(c.Readers, gate, func() (*sqliteConn, error) {
		conn, err := openSQLiteConn(name, report, append(slices.Clone(sqliteSettings), sqliteQueryOnly)...)
		if err == nil {
			conn.interruptible = true
		}
		return conn, err
	})
	return e, nil
}

// openSQLiteWriter opens the connection that writes and migrates the schema.
func openSQLiteWriter(ctx context.Context, name string, report reporter, c Config) (*sqliteConn, error) {
	conn, err := openSQLiteConn(name, report, append(slices.Clone(sqliteSettings), sqliteNoAutoCheckpoint)...)
	if err != nil {
		return nil, err
	}
	if c.Path != Memory {
		err = conn.setWAL()
	}
	if err == nil {
		err = migrateSQLite(ctx, conn, c)
	}
	if err != nil {
		return nil, errors.Join(err, conn.close())
	}
	return conn, nil
}

// createFile makes sure that the file exists, so that it never has a mode wider
// than 0600, and can be written, as can its folder, where the log will be. It
// returns the path without symbolic links: two names of one file must lead to one
// lock. It never opens a file that exists: closing it would drop the locks that
// this process may hold on it through SQLite.
func createFile(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	switch {
	case err == nil:
		if err := f.Close(); err != nil {
			return "", err
		}
	case !errors.Is(err, fs.ErrExist):
		return "", fileError(err)
	}
	if path, err = filepath.EvalSymlinks(path); err != nil {
		return "", err
	}
	for _, name := range []string{path, filepath.Dir(path)} {
		if err := syscall.Access(name, accessWrite); err != nil {
			return "", fileError(&fs.PathError{Op: "write", Path: name, Err: err})
		}
	}
	return path, nil
}

// accessWrite asks access(2) for the right to write.
const accessWrite = 2

// fileError says so when a file or folder cannot be written.
func fileError(err error) error {
	if errors.Is(err, syscall.EROFS) || errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("%w: %w", ErrReadOnly, err)
	}
	return err
}

// setWAL turns the write-ahead log on and makes sure that it is on: SQLite
// answers with the mode that it kept when it could not change it.
func (c *sqliteConn) setWAL() error {
	var mode string
	callback, err := c.query(context.Background(), sqliteWAL, func(scan Scan) error { return scan(&mode) }, nil)
	if err = errors.Join(callback, err); err != nil {
		return err
	}
	if mode != "wal" {
		return fmt.Errorf("the file system does not carry a write-ahead log (journal mode %s)", mode)
	}
	return nil
}

func (e *sqliteEngine) read(ctx context.Context, fn func(Tx) error) error {
	return e.readers.read(ctx, fn)
}

func (e *sqliteEngine) write(ctx context.Context, d Durability, fn func(Tx) error) error {
	return e.writer.write(ctx, d, fn)
}

func (e *sqliteEngine) listen(ctx context.Context, channel string, fn func(Notice)) error {
	return e.writer.exchange.listen(ctx, channel, fn)
}

func (e *sqliteEngine) copyTo(ctx context.Context, path string) error {
	return copySQLite(ctx, e.name, e.report, path)
}

// close ends the readers first: the last connection to close empties the
// write-ahead log into the database, and only the writer may do that.
func (e *sqliteEngine) close() error {
	e.once.Do(func() {
		e.writer.stop()
		e.writer.exchange.close()
		e.err = errors.Join(e.checkpoints.close(), e.readers.close(), e.writer.conn.close(), e.lock.release())
	})
	return e.err
}
