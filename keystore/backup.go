package keystore

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"mintmark/internal/durable"
	"mintmark/internal/seedfile"
	"mintmark/internal/sqldb"
)

// Backup copies the keystore at a place, also while signatories run on it, into
// the new directory dir: the database, a manifest of what is in it, and, with a
// seedFile, that file, which must be sealed. The manifest is written last: a
// directory without one is not a backup. What is in it without the seed is public.
// The copy is a SQLite file, whatever the keystore is in.
func Backup(ctx context.Context, at Place, seedFile, dir string, now time.Time) (m Manifest, err error) {
	if err := os.Mkdir(dir, 0o700); err != nil {
		return Manifest{}, fmt.Errorf("making the backup: %w", err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("making the backup: %w", err), os.RemoveAll(dir))
		}
	}()
	if err := copyDatabase(ctx, at, filepath.Join(dir, BackupDatabase)); err != nil {
		return Manifest{}, err
	}
	if m, err = describeDatabase(ctx, filepath.Join(dir, BackupDatabase)); err != nil {
		return Manifest{}, err
	}
	m.Made, m.Files = now.UTC(), map[string]ManifestFile{}
	names := []string{BackupDatabase}
	if seedFile != "" {
		if err := seedfile.CopySealed(seedFile, filepath.Join(dir, BackupSeed)); err != nil {
			return Manifest{}, err
		}
		names = append(names, BackupSeed)
	}
	for _, name := range names {
		if m.Files[name], err = describeFile(filepath.Join(dir, name)); err != nil {
			return Manifest{}, err
		}
	}
	text, err := json.MarshalIndent(m, "", "  ")
	if err == nil {
		err = durable.WriteNew(filepath.Join(dir, BackupManifest), append(text, '\n'), 0o600)
	}
	if err == nil {
		err = durable.SyncDir(filepath.Dir(filepath.Clean(dir)))
	}
	return m, err
}

func copyDatabase(ctx context.Context, from Place, to string) error {
	if from.Shared() {
		return from.exportTo(ctx, to)
	}
	db, err := sqldb.Open(ctx, sqldb.Config{Path: from.Path, ReadOnly: true, Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return errors.Join(db.CopyTo(ctx, to), db.Close())
}

// VerifyBackup checks the files of a backup against its manifest, the whole audit
// log, and with a seed (zero = without) that every keyset comes out of it. It
// changes nothing. Errors: ErrBackup, ErrAudit, ErrMismatch.
func VerifyBackup(ctx context.Context, dir string, seed seedfile.Seed) (Manifest, error) {
	m, err := readManifest(dir)
	if err != nil {
		return Manifest{}, err
	}
	if err := m.checkFiles(dir); err != nil {
		return Manifest{}, err
	}
	database := filepath.Join(dir, BackupDatabase)
	found, err := describeDatabase(ctx, database)
	if err != nil {
		return Manifest{}, err
	}
	if err := m.sameContent(found); err != nil {
		return Manifest{}, err
	}
	if !seed.IsZero() {
		if _, _, err := CheckSeed(ctx, At(database), seed); err != nil {
			return Manifest{}, err
		}
	}
	return m, nil
}

// Restore puts the database of a backup to the place of cfg, where nothing is, after
// VerifyBackup with the seed, and an opening of the copy as a start would do it.
//
// Keysets may have been made after the backup, with indexes that it does not know.
// Using one again would give two keysets the same keys. So the copy gives out no
// index below the minutes since 1970: more than anybody has ever rotated, and more
// with every further restore. The restore is written into the audit log.
func Restore(ctx context.Context, dir string, cfg Config) (m Manifest, err error) {
	if cfg.Seed.IsZero() {
		return Manifest{}, errors.New("restoring needs the seed")
	}
	if m, err = VerifyBackup(ctx, dir, cfg.Seed); err != nil {
		return Manifest{}, err
	}
	if (Place{Path: cfg.Path}).Shared() {
		if err := restoreToServer(ctx, dir, cfg, m); err != nil {
			return Manifest{}, fmt.Errorf("restoring: %w", err)
		}
		return m, nil
	}
	database := cfg.Path
	if _, err := os.Lstat(database); !errors.Is(err, fs.ErrNotExist) {
		return Manifest{}, fmt.Errorf("restoring: %s is there already, or cannot be looked at", database)
	}
	cfg.Path, cfg.Create = database+".restoring", false
	if err := removeFiles(cfg.Path); err != nil { // of a restore that was killed
		return Manifest{}, fmt.Errorf("restoring: %w", err)
	}
	err = copyDatabase(ctx, At(filepath.Join(dir, BackupDatabase)), cfg.Path)
	if err == nil {
		err = finishRestore(ctx, cfg, m)
	}
	if err == nil {
		err = os.Rename(cfg.Path, database)
	}
	if err := errors.Join(err, removeFiles(cfg.Path), durable.SyncDir(filepath.Dir(database))); err != nil {
		return Manifest{}, fmt.Errorf("restoring: %w", err)
	}
	return m, nil
}

func removeFiles(database string) error {
	var errs []error
	for _, suffix := range []string{"", "-wal", "-shm", "-journal", ".lock"} {
		if err := os.Remove(database + suffix); err != nil && !errors.Is(err, fs.ErrNotExist) {
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func stmtRaiseIndexFloor() sqldb.Stmt {
	return sqldb.Stmt{Name: "keysets.raise_index_floor", SQL: `UPDATE keystore SET index_floor = $1 WHERE one = 1`}
}

// finishRestore opens the copy, and makes it fit to go on from.
func finishRestore(ctx context.Context, cfg Config, m Manifest) error {
	ks, err := Open(ctx, cfg)
	if err != nil {
		return err
	}
	err = ks.write(ctx, func(tx sqldb.Tx) error { return ks.markRestored(ctx, tx, m) })
	return errors.Join(err, ks.Close())
}

// markRestored raises the lowest index, and writes down that and why.
func (ks *Keystore) markRestored(ctx context.Context, tx sqldb.Tx, m Manifest) error {
	var floor uint32
	if err := tx.QueryRow(ctx, stmtIndexFloor()).Scan(&floor); err != nil {
		return fmt.Errorf("reading the lowest index: %w", err)
	}
	floor = max(floor, uint32(ks.clock().Unix()/60))
	for _, k := range m.Keysets {
		floor = max(floor, k.Index+1)
	}
	if n, err := tx.Exec(ctx, stmtRaiseIndexFloor(), floor); err != nil || n != 1 {
		return fmt.Errorf("raising the lowest index, %d rows: %w", n, err)
	}
	state, err := currentState(ctx, tx)
	if err != nil {
		return err
	}
	return ks.audit(ctx, tx, AuditRestore, "", map[string]any{
		"backup_made": m.Made.Format(time.RFC3339), "backup_head": m.AuditHead, "keysets": len(m.Keysets), stateField: state,
	})
}

// restoreToServer fills an empty database. All of it happens in one transaction,
// so that there is never a copy that may go on with the old indexes. Then it is
// opened, as a start would do it.
func restoreToServer(ctx context.Context, dir string, cfg Config, m Manifest) error {
	if err := cfg.validate(); err != nil {
		return err
	}
	var content map[string][][]any
	err := At(filepath.Join(dir, BackupDatabase)).look(ctx, func(tx sqldb.Tx) (err error) {
		content, err = readTables(ctx, tx)
		return err
	})
	if err != nil {
		return err
	}
	ks, err := newKeystore(cfg)
	if err != nil {
		return err
	}
	at := Place{cfg.Path, cfg.PasswordFile}
	db, err := sqldb.Open(ctx, at.config(cfg.Logger))
	if err != nil {
		return err
	}
	err = db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		switch _, err := readHeader(ctx, tx); {
		case err == nil:
			return fmt.Errorf("%w: %s", ErrInUse, at)
		case !errors.Is(err, sqldb.ErrNoRows):
			return err
		}
		if err := writeTables(ctx, tx, content); err != nil {
			return err
		}
		return ks.markRestored(ctx, tx, m)
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return err
	}
	cfg.Create = false
	if ks, err = Open(ctx, cfg); err != nil {
		return err
	}
	return ks.Close()
}
