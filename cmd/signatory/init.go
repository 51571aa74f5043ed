package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mintmark/internal/commandline"
	"mintmark/internal/seedfile"
	"mintmark/keystore"
)

// maxImport bounds an import file; the longest mnemonic has 215 characters.
const maxImport = 4096

type initFlags struct {
	data       string
	units      []string
	idVersion  uint8
	plain      bool
	noWords    bool
	importFile string
	passphrase passphraseFlags
	database   databaseFlags
}

func (p program) initCommand() *cobra.Command {
	var f initFlags
	cmd := &cobra.Command{
		Use:   "init --data DIR",
		Short: "Make the seed and the first keysets, once",
		Long: `init prepares a data directory: it makes the seed from which all keys of the
mint are derived, stores it, and makes the first keyset of each unit.

A new seed is 24 words. They are shown once, on the terminal, and never again:
write them on paper and keep the paper safe. Together with a copy of keystore.db
they rebuild every key of the mint. Whoever reads them can print money.

The seed is stored in DIR/seed, sealed with a passphrase that you are asked for
(or that comes from --passphrase-file or --passphrase-fd). The file is in the age
format: "age -d DIR/seed" opens it. With --plaintext-seed it is not sealed, only
readable for its owner alone: good for trying out, or where the disk itself is
encrypted and the machine must start without a person.

A unit is given as NAME,FEE_PPK,MAX_ORDER: its name, the fee per input in
thousandths of the unit, and the number of denominations 1, 2, 4, 8 and so on.
"sat,0,32" is satoshis without fees in coins from 1 to 2147483648. Fees and
denominations can be changed later with "signatory keysets rotate".

With --id-version 1 the first keysets have ids of the first version, as later ones
have then, until a rotation says otherwise. Some old wallets know no other, and give
up at a mint whose list holds a keyset of version 2, active or not.

With --database the keystore is in a PostgreSQL database, where several signatories
can share it. Only the first needs an init: the others get a copy of the seed file.

A directory that has a seed is refused, and a database that has a keystore: init
never replaces one.`,
		Example: `  signatory init --data /var/lib/signatory
  signatory init --data ./try --plaintext-seed
  signatory init --data DIR --unit sat,100,32 --unit usd,0,20
  signatory init --data DIR --import-file words.txt --passphrase-file pass.txt
  signatory init --data DIR --database postgres://signatory@db.example/signatory --database-password-file FILE`,
		Args: commandline.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.init(cmd, f) },
	}
	flags := cmd.Flags()
	flags.StringVar(&f.data, "data", "", "data `directory`, made if it is missing (required)")
	flags.StringArrayVar(&f.units, "unit", []string{"sat,0,32"}, "first keyset as `NAME,FEE_PPK,MAX_ORDER`; may be repeated")
	flags.Uint8Var(&f.idVersion, "id-version", 2, idVersionUsage)
	flags.BoolVar(&f.plain, "plaintext-seed", false, "store the seed without a passphrase, for its owner only (mode 0600)")
	flags.StringVar(&f.importFile, "import-file", "", "use the seed in this `file`, a BIP39 mnemonic or 16 to 64 bytes in hexadecimal, instead of a new one")
	flags.BoolVar(&f.noWords, "no-words", false, "do not show the words of a new seed; they can be read from the seed file")
	f.passphrase.add(flags)
	f.database.add(cmd)
	return cmd
}

func (p program) init(cmd *cobra.Command, f initFlags) error {
	units, err := p.checkInit(cmd, &f)
	if err != nil {
		return err
	}
	dir := dataDir(f.data)
	at, err := f.database.place(cmd, dir)
	if err != nil {
		return err
	}
	p.harden()
	release, err := dir.claim()
	if err != nil {
		return err
	}
	text, err := p.fill(cmd.Context(), dir, at, f, units)
	if err := errors.Join(err, release(err == nil)); err != nil {
		return hintDatabase(err)
	}
	return p.farewell(dir, f, text)
}

func (p program) checkInit(cmd *cobra.Command, f *initFlags) ([]keystore.RotateParams, error) {
	if f.data == "" {
		return nil, commandline.Usagef(cmd, "--data is missing: the directory that will hold the seed and the keystore")
	}
	if err := f.passphrase.check(cmd); err != nil {
		return nil, err
	}
	if f.plain && f.passphrase.given() {
		return nil, commandline.Usagef(cmd, "--plaintext-seed and a passphrase exclude each other")
	}
	version, err := parseIDVersion(f.idVersion)
	if err != nil {
		return nil, commandline.Usage(cmd, err)
	}
	units, err := parseUnits(f.units, version, p.clock())
	if err != nil {
		return nil, commandline.Usage(cmd, err)
	}
	return units, nil
}

// fill makes the keystore, and the seed file as the very last thing: a directory
// with a seed is a complete one. It returns the text of the seed.
func (p program) fill(ctx context.Context, dir dataDir, at keystore.Place, f initFlags, units []keystore.RotateParams) (text string, err error) {
	text, seed, err := p.newSeed(f.importFile)
	if err != nil {
		return "", err
	}
	defer seed.Wipe()
	var passphrase []byte
	if !f.plain {
		if passphrase, err = p.readPassphrase(ctx, f.passphrase, true); err != nil {
			return "", err
		}
		defer clear(passphrase)
	}
	ks, err := keystore.Open(ctx, keystore.Config{
		Path: at.Path, PasswordFile: at.PasswordFile, Create: true, Seed: seed, IssuerVersion: issuer,
		Clock: p.clock, Logger: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return "", err
	}
	for _, unit := range units {
		k, err := ks.Rotate(ctx, unit)
		if err != nil {
			return "", errors.Join(err, ks.Close())
		}
		fmt.Fprintf(p.stdout, "keyset %s for %s: %s, fee %s\n", k.ID, k.Unit, describeAmounts(k.Keys.Amounts()), describeFee(k.InputFeePPK, k.Unit))
	}
	if err := ks.Close(); err != nil {
		return "", err
	}
	return text, seedfile.Write(dir.seed(), text, seedfile.Seal{Passphrase: passphrase})
}

// newSeed makes a seed, or takes the one of the file.
func (p program) newSeed(importFile string) (text string, seed seedfile.Seed, err error) {
	if importFile == "" {
		return seedfile.NewMnemonic(nil)
	}
	file, err := os.Open(importFile)
	if err != nil {
		return "", seedfile.Seed{}, fmt.Errorf("importing the seed: %w", err)
	}
	defer file.Close()
	p.warnExposed(file)
	content, err := io.ReadAll(io.LimitReader(file, maxImport))
	if err != nil {
		return "", seedfile.Seed{}, fmt.Errorf("importing the seed: %w", err)
	}
	defer clear(content)
	text = string(content)
	if seed, err = seedfile.FromText(text); err != nil {
		return "", seedfile.Seed{}, fmt.Errorf("importing the seed from %s: %w", importFile, err)
	}
	return text, seed, nil
}

// farewell shows the words of a new seed, once, and says what to do next.
func (p program) farewell(dir dataDir, f initFlags, text string) error {
	how := "sealed with the passphrase"
	if f.plain {
		how = "in plain text, for its owner only"
	}
	fmt.Fprintf(p.stdout, "The seed is in %s, %s.\n", dir.seed(), how)
	if f.importFile != "" {
		fmt.Fprintf(p.stdout, "It is the one of %s: keep that file as safe as the seed, or remove it.\n", f.importFile)
	} else if err := p.showWords(dir, f, text); err != nil {
		return err
	}
	next := fmt.Sprintf("signatory serve --data %s", dir)
	if f.database.url != "" {
		next += " --database URL"
	}
	fmt.Fprintf(p.stdout, "Next: %s\n", next)
	return nil
}

func (p program) showWords(dir dataDir, f initFlags, text string) error {
	reveal := "age -d " + dir.seed()
	if f.plain {
		reveal = "cat " + dir.seed()
	}
	if f.noWords {
		fmt.Fprintf(p.stdout, "Its words, the only backup of the keys, can be read with: %s\n", reveal)
		return nil
	}
	t, err := p.terminal()
	if err != nil {
		fmt.Fprintf(p.stdout, "Its words, the only backup of the keys, are not shown because %v. Read them with: %s\n", err, reveal)
		return nil
	}
	defer t.Close()
	if _, err := io.WriteString(t, wordSheet(text)); err != nil {
		return commandline.Hint(fmt.Errorf("showing the words: %w", err), "everything is stored; read them with: %s", reveal)
	}
	return nil
}

// wordSheet lays the words out in numbered columns.
func wordSheet(text string) string {
	words := strings.Fields(text)
	var b strings.Builder
	b.WriteString("\nThese words are the seed. Write them on paper now, in this order, and keep the\n" +
		"paper safe: they are the only backup of the keys, they are not shown again, and\n" +
		"whoever reads them can print money.\n\n")
	const columns = 4
	rows := (len(words) + columns - 1) / columns
	for r := range rows {
		for i := r; i < len(words); i += rows {
			fmt.Fprintf(&b, "  %2d %-10s", i+1, words[i])
		}
		b.WriteString("\n")
	}
	b.WriteString("\n")
	return b.String()
}
