package keystore

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"

	"mintmark/bdhke"
	"mintmark/internal/durable"
	"mintmark/internal/sqldb"
)

// ErrOlderSchema: a command that only reads meets a database that this version
// of the signatory has not served yet.
var ErrOlderSchema = errors.New("the keystore is of an older version: serve it once with this one")

// RewrapSeedFile changes the seal of a seed file. The new file is written beside
// the old one and opened with the new seal; only when that gives the same seed
// does it take the old one's place, in one step. On any error, and after a power
// cut, the old file is as it was or the new one is complete.
//
// The errors are those of OpenSeedFile for the old seal.
func RewrapSeedFile(path string, open Opener, seal Seal) (err error) {
	unlock, err := lockSeedFile(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, unlock()) }()
	seed, text, err := openSeedFile(path, open)
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
	if err := durable.WriteNew(fresh, content, seedFilePerm); err != nil {
		return fmt.Errorf("changing the seal: %w", err)
	}
	err = proveSeedFile(fresh, seal, seed)
	if err == nil {
		err = os.Rename(fresh, path)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("changing the seal: the old one stays: %w", err), os.Remove(fresh))
	}
	return durable.SyncDir(filepath.Dir(path))
}

// proveSeedFile opens the file with nothing but its seal.
func proveSeedFile(path string, seal Seal, want Seed) error {
	got, err := OpenSeedFile(path, seal.opener())
	if err != nil {
		return err
	}
	defer got.Wipe()
	if subtle.ConstantTimeCompare(got.bytes(), want.bytes()) != 1 {
		return errors.New("the new file holds another seed")
	}
	return nil
}

// lockSeedFile keeps a second rewrap out until unlock is called.
func lockSeedFile(path string) (unlock func() error, err error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ErrSeedMissing, path)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrSeedUnreadable, err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		return nil, errors.Join(fmt.Errorf("another command is changing the seal of %s", path), f.Close())
	}
	return func() error { return errors.Join(unix.Flock(int(f.Fd()), unix.LOCK_UN), f.Close()) }, nil
}

// CheckSeed tells whether the seed is the one of the keystore at a place: the
// identity and every keyset are derived and compared. It changes nothing, also
// while a signatory runs there. A difference is ErrMismatch.
func CheckSeed(ctx context.Context, at Place, seed Seed) (identity bdhke.Point, keysets int, err error) {
	ks, err := newKeystore(Config{Seed: seed, Parallel: 1, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return bdhke.Point{}, 0, err
	}
	err = at.look(ctx, func(tx sqldb.Tx) error {
		head, err := readHeader(ctx, tx)
		if err != nil {
			return err
		}
		if head.identity != ks.identity {
			return fmt.Errorf("%w: the seed is not the one that this keystore was made with", ErrMismatch)
		}
		rows, err := readCurrentRows(ctx, tx)
		if err != nil {
			return err
		}
		keysets = len(rows)
		_, err = ks.build(head.epoch, rows)
		return err
	})
	if err != nil {
		return bdhke.Point{}, 0, fmt.Errorf("checking the seed against %s: %w", at, err)
	}
	return ks.identity, keysets, nil
}

func stmtMigrated() sqldb.Stmt {
	return sqldb.Stmt{Name: "keystore.migrated", SQL: `SELECT count(*) FROM migrations`}
}

// readCurrentRows is readRows for a database that nobody has migrated.
func readCurrentRows(ctx context.Context, tx sqldb.Tx) ([]row, error) {
	applied := 0
	if err := tx.QueryRow(ctx, stmtMigrated()).Scan(&applied); err != nil {
		return nil, err
	}
	if applied < len(migrations()) {
		return nil, ErrOlderSchema
	}
	return readRows(ctx, tx)
}
