package sqldb

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"syscall"

	"mintmark/internal/durable"
)

var (
	sqliteCopyInto  = Stmt{"sqldb.copy", "VACUUM INTO $1"}
	errNoServerCopy = errors.New("a database on a server is copied with the server's own tools")
)

// sqliteReadOnly is a SQLite file that is only looked at. Another process may
// have it open and go on writing.
type sqliteReadOnly struct {
	name    string
	report  reporter
	readers *readers
}

var _ engine = (*sqliteReadOnly)(nil)

func openSQLiteReadOnly(_ context.Context, c Config) (engine, error) {
	name, err := sqliteReadOnlyName(c.Path)
	if err != nil {
		return nil, err
	}
	e := &sqliteReadOnly{name: name, report: reporter{config: &c}}
	e.readers = newReaders(c.Readers, nil, func() (*sqliteConn, error) {
		conn, err := openSQLiteConn(name, e.report, append(slices.Clone(sqliteSettings), sqliteQueryOnly)...)
		if err == nil {
			conn.interruptible = true
		}
		return conn, err
	})
	return e, nil
}

// sqliteReadOnlyName is the name under which the file can be read. Even a reader
// of a write-ahead log needs to write beside the file; where that is forbidden,
// the file is read as one that nobody changes, which is wrong if there is a log.
func sqliteReadOnlyName(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err == nil {
		path, err = filepath.EvalSymlinks(path)
	}
	if err != nil {
		return "", fmt.Errorf("%w: %w", ErrCannotOpen, err)
	}
	if info, err := os.Stat(path); err != nil || !info.Mode().IsRegular() {
		return "", fmt.Errorf("%w: it is not a regular file", ErrCannotOpen)
	}
	name := sqliteFileName(path) + "?mode=rw"
	for _, needed := range []string{path, filepath.Dir(path)} {
		if syscall.Access(needed, accessWrite) == nil {
			continue
		}
		if info, err := os.Stat(path + "-wal"); err == nil && info.Size() > 0 {
			return "", fmt.Errorf("%w: its write-ahead log can only be read by who may write in the folder", ErrReadOnly)
		}
		return sqliteFileName(path) + "?mode=ro&immutable=1", nil
	}
	return name, nil
}

func (e *sqliteReadOnly) read(ctx context.Context, fn func(Tx) error) error {
	return e.readers.read(ctx, fn)
}

func (e *sqliteReadOnly) write(context.Context, Durability, func(Tx) error) error {
	return ErrReadOnly
}

func (e *sqliteReadOnly) copyTo(ctx context.Context, path string) error {
	return copySQLite(ctx, e.name, e.report, path)
}

func (e *sqliteReadOnly) listen(context.Context, string, func(Notice)) error {
	return ErrReadOnly // what another process writes cannot be heard
}

func (e *sqliteReadOnly) close() error { return e.readers.close() }

// copySQLite copies on a connection of its own: the statement cannot run inside
// of a transaction, and it reads one snapshot anyway.
func copySQLite(ctx context.Context, name string, report reporter, path string) (err error) {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%w: %s is there already", ErrCannotOpen, path)
	}
	// Made here, empty, so that it never has a wider mode than this.
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return fileError(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(path))
		}
	}()
	if err := f.Close(); err != nil {
		return fileError(err)
	}
	conn, err := openSQLiteConn(name, report, sqliteSettings...)
	if err != nil {
		return err
	}
	conn.interruptible = true
	_, err = conn.exec(ctx, sqliteCopyInto, sqliteFileName(path))
	if err := errors.Join(err, conn.close()); err != nil {
		return err
	}
	if f, err = os.OpenFile(path, os.O_RDWR, 0); err != nil {
		return fileError(err)
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return fileError(err)
	}
	return durable.SyncDir(filepath.Dir(path))
}
