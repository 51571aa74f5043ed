package sqldb

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"syscall"
)

// lockFile is a file that one process at a time holds. The kernel lets go of it
// when the process dies, however it dies.
type lockFile struct {
	f *os.File
}

// acquireLock takes the lock or fails with ErrInUse, naming the file and the
// process that holds it.
func acquireLock(path string) (*lockFile, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the lock file: %w", fileError(err))
	}
	err = syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		holder := readHolder(f)
		_ = f.Close()
		return nil, fmt.Errorf("%w: %s is held%s", ErrInUse, path, holder)
	}
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("lock %s: %w", path, err)
	}
	// The number is for people; the lock does not depend on it, and a full disk
	// must not keep anybody out.
	if f.Truncate(0) == nil {
		_, _ = f.WriteAt(fmt.Appendf(nil, "%d\n", os.Getpid()), 0)
	}
	return &lockFile{f: f}, nil
}

func readHolder(f *os.File) string {
	b, err := io.ReadAll(io.LimitReader(f, 16))
	if pid := strings.TrimSpace(string(b)); err == nil && pid != "" {
		return " by process " + pid
	}
	return ""
}

// release lets go. The file stays: removing it could take it away under a
// process that has just opened it. Closing alone is not enough: a child that was
// forked and has not yet begun its own program still holds the descriptor.
func (l *lockFile) release() error {
	if l == nil {
		return nil
	}
	return errors.Join(syscall.Flock(int(l.f.Fd()), syscall.LOCK_UN), l.f.Close())
}
