package seedfile

import (
	"bytes"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"mintmark/internal/durable"
)

// Rewrap changes the seal of a seed file. The new file is written beside
// the old one and opened with the new seal; only when that gives the same seed
// does it take the old one's place, in one step. On any error, and after a power
// cut, the old file is as it was or the new one is complete.
//
// The errors are those of Open for the old seal.
func Rewrap(path string, open Opener, seal Seal) (err error) {
	unlock, err := lock(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	seed, text, err := readSeed(path, open)
	if err != nil {
		return err
	}
	defer seed.Wipe()
	defer clear(text)
	fresh := path + ".new"
	if err := os.Remove(fresh); err != nil && !errors.Is(err, fs.ErrNotExist) { // of a rewrap that was killed
		return fmt.Errorf("changing the seal: %w", err)
	}
	content, err := seal.close(canonical(string(bytes.TrimSpace(text))) + "\n")
	if err != nil {
		return fmt.Errorf("changing the seal: %w", err)
	}
	defer clear(content)
	if err := durable.WriteNew(fresh, content, filePerm); err != nil {
		return fmt.Errorf("changing the seal: %w", err)
	}
	err = prove(fresh, seal, seed)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("changing the seal: the old one stays: %w", err), os.Remove(fresh))
	}
	return durable.SyncDir(filepath.Dir(path))
}

// prove opens the file with nothing but its seal.
func prove(path string, seal Seal, want Seed) error {
	got, err := Open(path, seal.opener())
	if err != nil {
		return err
	}
	defer got.Wipe()
	if subtle.ConstantTimeCompare(got.Bytes(), want.Bytes()) != 1 {
		return errors.New("the new file holds another seed")
	}
	return nil
}

// lock keeps a second rewrap out until unlock is called.
func lock(path string) (unlock func() error, err error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ErrMissing, path)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another command is changing the seal of %s", path), f.Close())
	}
	return func() error { return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close()) }, nil
}
