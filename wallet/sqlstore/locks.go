package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"time"
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
	return openLocksAfter(database, instance, 0)
}

// openLocksAfter is openLocks that leaves the files of the dead for so long.
func openLocksAfter(database, instance string, rest time.Duration) (*locks, error) {
	l := &locks{prefix: database + ".process-", instance: instance}
	sweep(l.prefix, rest)
	sweep(database+unborn, time.Minute)
	f, err := os.OpenFile(database+unborn+instance, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, fmt.Errorf("showing that this process lives: %w", err)
	}
	// The file gets the name that others look for once it is locked: one that is
	// there and free is that of a dead process, at every moment.
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if err == nil {
		err = os.Rename(f.Name(), l.prefix+instance)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("showing that this process lives: %w", err), f.Close(), os.Remove(f.Name()))
	}
	l.mine = f
	return l, nil
}

// unborn is what the file is called until it is locked.
const unborn = ".starts-"

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

// proof tells whether there is a file of the process, and nobody holds it.
func (l *locks) proof(instance string) bool {
	if instance == l.instance || strings.ContainsAny(instance, `/\`) {
		return false
	}
	f, err := os.Open(l.prefix + instance)
	if err != nil {
		return false
	}
	defer f.Close()
	return free(f)
}

// free tells whether nobody holds the file. The shared lock is gone at once.
func free(f *os.File) bool {
	if syscall.Flock(int(f.Fd()), syscall.LOCK_SH|syscall.LOCK_NB) != nil {
		return false
	}
	_ = syscall.Flock(int(f.Fd()), syscall.LOCK_UN)
	return true
}

// sweep removes files of dead processes that are at least so old.
func sweep(prefix string, age time.Duration) {
	files, _ := filepath.Glob(globEscape(prefix) + "*")
	for _, name := range files {
		if info, err := os.Stat(name); err != nil || time.Since(info.ModTime()) < age {
			continue
		}
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
	return errors.Join(os.Remove(l.prefix+l.instance), l.mine.Close())
}
