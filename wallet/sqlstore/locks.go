package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
)

// locks is one file for each process that has the database file open, beside it,
// under a lock that the kernel lets go of when the process dies.
type locks struct {
	prefix   string
	instance string
	mine     *os.File
}

// openLocks makes the file of this process and removes those of dead ones.
func openLocks(database, instance string) (*locks, error) {
	l := &locks{prefix: database + ".process-", instance: instance}
	l.sweep()
	f, err := os.OpenFile(l.prefix+instance, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("showing that this process lives: %w", err)
	}
	if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("showing that this process lives: %w", err), f.Close(), os.Remove(f.Name()))
	}
	l.mine = f
	return l, nil
}

// Gone tells whether the process of this name is dead. A name that has no file is
// that of a process which has ended or was swept.
func (l *locks) Gone(_ context.Context, instance string) (bool, error) {
	if instance == l.instance {
		return false, nil
	}
	if strings.ContainsAny(instance, `/\`) {
		return true, nil // no name that a process here ever had
	}
	f, err := os.Open(l.prefix + instance)
	if errors.Is(err, os.ErrNotExist) {
		return true, nil
	}
	if err != nil {
		return false, fmt.Errorf("looking for another process: %w", err)
	}
	defer f.Close()
	return free(f), nil
}

// free tells whether nobody holds the file. The shared lock is gone at once.
func free(f *os.File) bool {
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil {
		return false
	}
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	return true
}

// sweep removes files of dead processes. A process that has made its file and not
// locked it yet loses the file, and counts as dead too early: whoever takes its
// sagas over is still held up by their versions.
func (l *locks) sweep() {
	files, _ := filepath.Glob(globEscape(l.prefix) + "*")
	for _, name := range files {
		if f, err := os.Open(name); err == nil {
			if free(f) {
				_ = os.Remove(name)
			}
			_ = f.Close()
		}
	}
}

func globEscape(s string) string {
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(s)
}

func (l *locks) Close() error {
	return errors.Join(os.Remove(l.mine.Name()), l.mine.Close())
}
