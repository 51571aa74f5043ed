package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"mintmark/internal/commandline"
	"mintmark/internal/durable"
	"mintmark/internal/seedfile"
)

// dataDir is the directory that holds everything a signatory has.
type dataDir string

func (d dataDir) seed() string     { return filepath.Join(string(d), "seed") }
func (d dataDir) database() string { return filepath.Join(string(d), "keystore.db") }
func (d dataDir) socket() string   { return filepath.Join(string(d), "signatory.sock") }

func (d dataDir) adminSocket() string { return filepath.Join(string(d), "admin.sock") }

// unfinished is there while `init` is at work. With it, and without a seed, the
// database is the leftover of an init that was killed: nobody has ever used it.
func (d dataDir) unfinished() string { return filepath.Join(string(d), "init.unfinished") }

// claim prepares the directory for an init: it makes it, refuses if there is a
// seed or a database in use, clears away the leftovers of an init that was
// killed, and keeps others out until release is called. release with true keeps
// what was made, with false it removes the database again.
func (d dataDir) claim() (release func(keep bool) error, err error) {
	if err := os.MkdirAll(string(d), 0o700); err != nil {
		return nil, fmt.Errorf("making the data directory: %w", err)
	}
	if err := d.refuseSeed(); err != nil {
		return nil, err
	}
	interrupted, err := exists(d.unfinished())
	if err != nil {
		return nil, err
	}
	orphan, err := exists(d.database())
	if err != nil {
		return nil, err
	}
	if orphan && !interrupted {
		return nil, commandline.Hint(fmt.Errorf("there is a keystore without its seed: %s", d.database()),
			"put the seed back as %s, or choose another directory: with a new seed the keys of this keystore would be lost", d.seed())
	}
	unlock, err := lock(d.unfinished())
	if err != nil {
		return nil, err
	}
	// Somebody else may have finished between the look and the lock.
	if err := d.refuseSeed(); err != nil {
		return nil, errors.Join(err, d.finish(), unlock())
	}
	if err := errors.Join(d.removeDatabase(), durable.SyncDir(string(d))); err != nil {
		return nil, errors.Join(fmt.Errorf("preparing the data directory: %w", err), unlock())
	}
	return func(keep bool) error {
		var err error
		if !keep {
			err = d.removeDatabase()
		}
		return errors.Join(err, d.finish(), unlock())
	}, nil
}

func (d dataDir) refuseSeed() error {
	there, err := exists(d.seed())
	if err != nil || !there {
		return err
	}
	return commandline.Hint(fmt.Errorf("%w: %s", seedfile.ErrExists, d.seed()),
		"this directory is in use; nothing was changed. Run: signatory serve --data %s", d)
}

// finish forgets that an init was at work. It must be called before the keystore
// is used for the first time.
func (d dataDir) finish() error {
	err := os.Remove(d.unfinished())
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return fmt.Errorf("ending the init: %w", err)
	}
	return durable.SyncDir(string(d))
}

func (d dataDir) removeDatabase() error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", ".lock"} {
		if err := os.Remove(d.database() + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, fmt.Errorf("removing an unused database: %w", err))
		}
	}
	return errors.Join(errs...)
}

// lock takes a lock that the kernel gives back when the process dies.
func lock(path string) (unlock func() error, err error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("locking the data directory: %w", err)
	}
	err = unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
	switch {
	case errors.Is(err, unix.EWOULDBLOCK):
		return nil, errors.Join(errors.New("another init is at work in this directory"), f.Close())
	case err != nil:
		return nil, errors.Join(fmt.Errorf("locking the data directory: %w", err), f.Close())
	}
	return f.Close, nil
}

func exists(path string) (bool, error) {
	_, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
