package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/seedfile"
	"mintmark/internal/sqldb"
	"mintmark/keystore"
)

func (p program) seedCommand() *cobra.Command {
	return commandline.Group(&cobra.Command{
		Use:   "seed",
		Short: "Check written-down words, and change how the seed is sealed",
	}, p.seedCheckCommand(), p.seedRewrapCommand())
}

func (p program) seedCheckCommand() *cobra.Command {
	var data string
	var database databaseFlags
	cmd := &cobra.Command{
		Use:   "check --data DIR",
		Short: "Check that the words on paper are the seed of this keystore",
		Long: `check asks for the words at the terminal, derives every key from them and compares
with the keystore. It shows nothing of what is typed, stores nothing, changes
nothing and does not open the seed file; the signatory may be running.

Do this on the day you write the words down, and once a year.`,
		Example: `  signatory seed check --data /var/lib/signatory`,
		Args:    commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if data == "" {
				return commandline.Usagef(cmd, "--data is missing: the directory that holds the keystore")
			}
			at, err := database.place(cmd, dataDir(data))
			if err != nil {
				return err
			}
			p.harden()
			return p.checkSeed(cmd.Context(), at)
		},
	}
	cmd.Flags().StringVar(&data, "data", "", "data `directory` (required)")
	database.add(cmd)
	return cmd
}

func (p program) checkSeed(ctx context.Context, at keystore.Place) error {
	seed, err := p.askSeed(ctx)
	if err != nil {
		return err
	}
	defer seed.Wipe()
	identity, n, err := keystore.CheckSeed(ctx, at, seed)
	if err != nil {
		return hintCheck(err)
	}
	_, err = fmt.Fprintf(p.stdout, "The words are the seed of this keystore: its identity %s and all its keysets (%d) come out of them.\n", identity, n)
	return err
}

// askSeed reads the words at the terminal, without showing them.
func (p program) askSeed(ctx context.Context) (seedfile.Seed, error) {
	t, err := p.terminal()
	if err != nil {
		return seedfile.Seed{}, fmt.Errorf("asking for the words: %w", err)
	}
	defer t.Close()
	text, err := t.ReadSecret(ctx, "All words of the seed, in order, on one line (not shown): ")
	if err != nil {
		return seedfile.Seed{}, err
	}
	defer clear(text)
	return seedfile.FromText(string(text))
}

func hintCheck(err error) error {
	switch {
	case errors.Is(err, keystore.ErrMismatch):
		return commandline.Hint(err, "these words are not the backup of this keystore: find the right ones, or move to a new keystore while this one works")
	case errors.Is(err, keystore.ErrOlderSchema), errors.Is(err, sqldb.ErrInUse):
		return commandline.Hint(err, "try again after \"signatory serve\" has opened it")
	}
	return err
}

type rewrapFlags struct {
	data          string
	unseal        unsealFlags
	to            string
	newPassphrase string
	newIdentity   string
}

func (p program) seedRewrapCommand() *cobra.Command {
	var f rewrapFlags
	cmd := &cobra.Command{
		Use:   "rewrap --data DIR --to passphrase|identity|plain",
		Short: "Change how the seed file is sealed",
		Long: `rewrap opens DIR/seed with its present seal and closes it with another one: a
passphrase, an age identity, or none. The seed stays the same.

The new file is written beside the old one and opened with the new seal; only then
does it take the old one's place. An identity is therefore needed as a whole, with
its secret half: what cannot be opened again is not sealed. Keep the identity on
another machine or in a systemd credential, or it protects nothing.

Old copies of the file, in backups and in blocks that the disk has not yet
overwritten, still open with the old seal. If the old seal is known to somebody
else, the seed is known: then make a new keystore.`,
		Example: `  signatory seed rewrap --data DIR --to passphrase
  age-keygen -o identity.txt && signatory seed rewrap --data DIR --to identity --new-identity-file identity.txt
  signatory seed rewrap --data DIR --identity-file identity.txt --to passphrase --new-passphrase-file pass.txt`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.rewrap(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "data `directory` (required)")
	flags.StringVar(&f.to, "to", "", "the new `seal`: passphrase, identity or plain (required)")
	flags.StringVar(&f.newPassphrase, "new-passphrase-file", "", "read the new passphrase from the first line of this `file` instead of the terminal")
	flags.StringVar(&f.newIdentity, "new-identity-file", "", "age identity `file` to seal for")
	f.unseal.add(flags)
	return cmd
}

func (p program) rewrap(cmd *cobra.Command, f rewrapFlags) error {
	switch {
	case f.data == "":
		return commandline.Usagef(cmd, "--data is missing: the directory that holds the seed")
	case f.to != "passphrase" && f.to != "identity" && f.to != "plain":
		return commandline.Usagef(cmd, "--to must be passphrase, identity or plain")
	case (f.to == "identity") != (f.newIdentity != ""):
		return commandline.Usagef(cmd, "--to identity and --new-identity-file go together")
	case f.to != "passphrase" && f.newPassphrase != "":
		return commandline.Usagef(cmd, "--new-passphrase-file is for --to passphrase")
	}
	if err := f.unseal.check(cmd); err != nil {
		return err
	}
	p.harden()
	dir := dataDir(f.data)
	seal, how, err := p.newSeal(cmd.Context(), f)
	if err != nil {
		return err
	}
	defer clear(seal.Passphrase)
	defer clear(seal.Identity)
	if err := seedfile.Rewrap(dir.seed(), p.opener(cmd.Context(), f.unseal), seal); err != nil {
		return hintSeed(err, dir)
	}
	_, err = fmt.Fprintf(p.stdout, "The seed in %s is now %s. It was opened that way before it took the place of the old file.\n", dir.seed(), how)
	return err
}

func (p program) newSeal(ctx context.Context, f rewrapFlags) (seal seedfile.Seal, how string, err error) {
	switch f.to {
	case "passphrase":
		seal.Passphrase, err = p.readPassphrase(ctx, passphraseFlags{file: f.newPassphrase, fd: -1}, true)
		return seal, "sealed with the new passphrase", err
	case "identity":
		seal.Identity, err = p.readIdentity(f.newIdentity)
		return seal, "sealed for the identity of " + f.newIdentity, err
	}
	return seedfile.Seal{}, "in plain text, for its owner only", nil
}
