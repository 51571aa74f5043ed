package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/seedfile"
	"mintmark/keystore"
)

func (p program) backupCommand() *cobra.Command {
	var data, out string
	var withSeed bool
	var database databaseFlags
	cmd := &cobra.Command{
		Use:   "backup --data DIR --out NEWDIR",
		Short: "Copy the keystore into a new directory, also while it is in use",
		Long: `backup makes a consistent copy of the keystore, and a manifest of what is in it:
the identity, every keyset, the head of the audit log, and a hash of each file.

The copy holds nothing secret; without the seed nobody can sign with it. With
--with-seed the seed file goes along, if it is sealed. Otherwise the words on paper
are the other half of the backup: "signatory seed check" proves that they fit.

The copy is the same SQLite file whether the keystore is one or is in a PostgreSQL
database; restore takes it to either.`,
		Example: `  signatory backup --data /var/lib/signatory --out /backup/signatory-$(date +%F)`,
		Args:    commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" || out == "" {
				return commandline.Usagef(cmd, "--data and --out are both needed: the directory to copy, and a new one for the copy")
			}
			dir, seed := dataDir(data), ""
			at, err := database.place(cmd, dir)
			if err != nil {
				return err
			}
			p.harden()
			if withSeed {
				seed = dir.seed()
			}
			m, err := keystore.Backup(cmd.Context(), at, seed, out, p.clock())
			if err != nil {
				return hintBackup(err)
			}
			return p.printManifest("Backed up to "+out, m)
		},
	}
	flags := cmd.Flags()
	flags.StringVar(&data, "data", "", "data `directory` (required)")
	flags.StringVar(&out, "out", "", "`directory` to make (required)")
	flags.BoolVar(&withSeed, "with-seed", false, "copy the sealed seed file as well")
	database.add(cmd)
	return cmd
}

type restoreFlags struct {
	from, data, seedFile string
	unseal               unsealFlags
}

func (f *restoreFlags) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&f.from, "from", "", "`directory` that backup has made (required)")
	cmd.Flags().StringVar(&f.seedFile, "seed-file", "", "seed `file`, sealed or plain, if there is none in the backup")
	f.unseal.add(cmd.Flags())
}

// seed is the path of the seed file that is to be used; empty if there is none.
func (f *restoreFlags) seed() (string, error) {
	if f.seedFile != "" {
		return f.seedFile, nil
	}
	inBackup := filepath.Join(f.from, keystore.BackupSeed)
	there, err := exists(inBackup)
	if err != nil || !there {
		return "", err
	}
	return inBackup, nil
}

func (p program) verifyCommand() *cobra.Command {
	var f restoreFlags
	cmd := &cobra.Command{
		Use:   "verify --from BACKUP",
		Short: "Check that a backup is whole, and that the seed fits it",
		Long: `verify compares every file of a backup with its manifest and follows the audit log
from its first record to its last. With a seed file, the one in the backup or the
one of --seed-file, it also derives every keyset from the seed. It changes nothing.`,
		Example: `  signatory verify --from /backup/signatory-2030-01-31`,
		Args:    commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.from == "" {
				return commandline.Usagef(cmd, "--from is missing: the directory that backup has made")
			}
			if err := f.unseal.check(cmd); err != nil {
				return err
			}
			p.harden()
			return p.verifyBackup(cmd.Context(), f)
		},
	}
	f.add(cmd)
	return cmd
}

func (p program) verifyBackup(ctx context.Context, f restoreFlags) error {
	path, err := f.seed()
	if err != nil {
		return err
	}
	var seed seedfile.Seed
	if path != "" {
		if seed, err = p.openBackupSeed(ctx, path, f); err != nil {
			return err
		}
		defer seed.Wipe()
	}
	m, err := keystore.VerifyBackup(ctx, f.from, seed)
	if err != nil {
		return hintBackup(err)
	}
	if err := p.printManifest("The backup is whole", m); err != nil {
		return err
	}
	proved := "Every keyset comes out of the seed in " + path + "."
	if path == "" {
		proved = "No seed was tried: give --seed-file to prove that it fits."
	}
	_, err = fmt.Fprintln(p.stdout, proved)
	return err
}

func (p program) restoreCommand() *cobra.Command {
	var f restoreFlags
	var database databaseFlags
	cmd := &cobra.Command{
		Use:   "restore --from BACKUP --data NEWDIR",
		Short: "Make a data directory out of a backup, and prove it",
		Long: `restore verifies the backup as "signatory verify" does, with the seed, opens a copy
as a start would, and only then puts copy and seed into the data directory. It
replaces nothing: a directory with a seed or a keystore is refused.

New keysets get indexes far above those in the backup, so that they share no key
with keysets that were made after it. Those keysets themselves are lost: their
coins cannot be redeemed any more. Make a backup after every rotation.

Never let the old and the restored signatory run side by side.`,
		Example: `  signatory restore --from /backup/signatory-2030-01-31 --data /var/lib/signatory --seed-file seed`,
		Args:    commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if f.from == "" || f.data == "" {
				return commandline.Usagef(cmd, "--from and --data are both needed: the backup, and the directory to make")
			}
			if err := f.unseal.check(cmd); err != nil {
				return err
			}
			p.harden()
			at, err := database.place(cmd, dataDir(f.data))
			if err != nil {
				return err
			}
			return p.restore(cmd.Context(), f, at)
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&f.data, "data", "", "data `directory`, made if it is missing (required)")
	database.add(cmd)
	return cmd
}

// restore writes the seed last, as init does: a directory with a seed is complete.
func (p program) restore(ctx context.Context, f restoreFlags, at keystore.Place) error {
	path, err := f.seed()
	if err != nil {
		return err
	}
	if path == "" {
		return commandline.Hint(errors.New("there is no seed in the backup"),
			"write the words into a file that only you can read (mode 0600) and give it with --seed-file")
	}
	dir := dataDir(f.data)
	if err := dir.refuseSeed(); err != nil {
		return err
	}
	seed, err := p.openBackupSeed(ctx, path, f)
	if err != nil {
		return err
	}
	defer seed.Wipe()
	if err := os.MkdirAll(f.data, 0o700); err != nil {
		return fmt.Errorf("making the data directory: %w", err)
	}
	m, err := keystore.Restore(ctx, f.from, keystore.Config{
		Path: at.Path, PasswordFile: at.PasswordFile, Seed: seed, IssuerVersion: issuer, Clock: p.clock, Logger: slog.New(slog.DiscardHandler),
	})
	if err == nil {
		err = seedfile.Copy(path, dir.seed())
	}
	if err != nil {
		return hintBackup(err)
	}
	if err := p.printManifest("Restored to "+f.data, m); err != nil {
		return err
	}
	next := fmt.Sprintf("signatory serve --data %s", dir)
	if at.Shared() {
		next += " --database URL"
	}
	_, err = fmt.Fprintf(p.stdout, "Every keyset comes out of the seed in %s.\nNext: %s\n", dir.seed(), next)
	return err
}

func (p program) openBackupSeed(ctx context.Context, path string, f restoreFlags) (seedfile.Seed, error) {
	seed, err := seedfile.Open(path, p.opener(ctx, f.unseal))
	if errors.Is(err, seedfile.ErrNoIdentity) {
		return seed, commandline.Hint(err, "give the identity with --identity-file or --identity-credential")
	}
	return seed, err
}

func (p program) printManifest(what string, m keystore.Manifest) error {
	_, err := fmt.Fprintf(p.stdout, "%s: identity %s, %d keysets, epoch %d, made %s.\nhead %s\n",
		what, m.Identity, len(m.Keysets), m.Epoch, m.Made.Format(time.RFC3339), m.AuditHead)
	return err
}

func hintBackup(err error) error {
	switch {
	case errors.Is(err, seedfile.ErrNotSealed):
		return commandline.Hint(err, "seal it first with \"signatory seed rewrap\", or leave out --with-seed and keep the words on paper")
	case errors.Is(err, fs.ErrExist):
		return commandline.Hint(err, "nothing is replaced: choose a new directory")
	case errors.Is(err, keystore.ErrMismatch):
		return commandline.Hint(err, "this seed does not belong to this backup")
	case errors.Is(err, keystore.ErrAudit):
		return hintAudit(err)
	case errors.Is(err, keystore.ErrOlderSchema), errors.Is(err, keystore.ErrNoAudit):
		return commandline.Hint(err, "serve it once with this version, then back it up")
	}
	return hintDatabase(err)
}
