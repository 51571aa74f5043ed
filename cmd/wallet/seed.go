package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"mintmark/internal/durable"
	"mintmark/internal/seedfile"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
	"mintmark/wallet/secrets"
)

// maxImport is far more than the text of any seed.
const maxImport = 4096

type seedFlags struct {
	plain, noWords bool
	file           string
}

func (p program) seedCommand(g *globals) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "seed",
		Short: "The words that a wallet comes back from",
		Args:  noArgs,
		RunE:  func(cmd *cobra.Command, _ []string) error { return usagef(cmd, "say new, import or show") },
	}
	var made, imported seedFlags
	fresh := &cobra.Command{
		Use: "new", Short: "Make a new wallet and show its words, once", Args: noArgs,
		Long: `new makes a wallet with a seed of 24 words. Write them on paper: whoever has them has
the ecash, and without them it is gone with this machine.

The seed is sealed with a passphrase, in the format of age, unless --plaintext-seed
says otherwise. With --database the coins are in a PostgreSQL database that belongs
to this wallet alone.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.newWallet(cmd, g, made) },
	}
	fresh.Flags().BoolVar(&made.noWords, "no-words", false, "do not show the words; \"wallet seed show\" does later")
	taken := &cobra.Command{
		Use: "import", Short: "Bring a wallet back from its words", Args: noArgs,
		Long: `import asks for the words at the terminal, or reads them from --file. Then "wallet
restore MINT" finds the ecash.`,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.importWallet(cmd, g, imported) },
	}
	taken.Flags().StringVar(&imported.file, "file", "", "read the words, or 16 to 64 bytes in hexadecimal, from this `file`")
	for cmd, f := range map[*cobra.Command]*seedFlags{fresh: &made, taken: &imported} {
		cmd.Flags().BoolVar(&f.plain, "plaintext-seed", false, "store the seed without a passphrase, for its owner only (mode 0600)")
	}
	show := &cobra.Command{
		Use: "show", Short: "Show the words", Args: noArgs,
		RunE: func(cmd *cobra.Command, _ []string) error { return p.showSeed(cmd, g) },
	}
	cmd.AddCommand(fresh, taken, show)
	return cmd
}

func (p program) newWallet(cmd *cobra.Command, g *globals, f seedFlags) error {
	words, seed, err := seedfile.NewMnemonic(nil)
	if err != nil {
		return err
	}
	seed.Wipe() // the file is what is used from now on
	h, err := p.createWallet(cmd, g, f, words)
	if err != nil {
		return err
	}
	if f.noWords {
		return nil
	}
	t, err := p.terminal()
	if err != nil {
		p.say("Its words are not shown because %v; \"wallet seed show\" shows them.", err)
		return nil
	}
	defer t.Close()
	_, err = io.WriteString(t, wordSheet(words))
	return hint(err, "the wallet is in %s; \"wallet seed show\" shows the words", h)
}

// bindDatabase makes the database this seed's, if it is nobody's.
func (p program) bindDatabase(ctx context.Context, g *globals, h home, text string) (err error) {
	store, err := p.openStore(ctx, g, h)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, store.Close()) }()
	seed, err := seedfile.FromText(text)
	if err != nil {
		return err
	}
	source, err := secrets.New(seed.Bytes())
	seed.Wipe()
	if err != nil {
		return fmt.Errorf("deriving from the seed: %w", err)
	}
	w, err := wallet.New(wallet.Config{Store: store, Secrets: source})
	if err != nil {
		return err
	}
	return w.Bind(ctx)
}

func (p program) importWallet(cmd *cobra.Command, g *globals, f seedFlags) error {
	text, err := p.readWords(cmd.Context(), f.file)
	if err != nil {
		return err
	}
	defer clear(text)
	seed, err := seedfile.FromText(string(text))
	if err != nil {
		return err
	}
	seed.Wipe()
	if _, err := p.createWallet(cmd, g, f, string(text)); err != nil {
		return err
	}
	p.say("Next: wallet restore MINT")
	return nil
}

func (p program) readWords(ctx context.Context, file string) ([]byte, error) {
	if file != "" {
		f, err := os.Open(file)
		if err != nil {
			return nil, fmt.Errorf("importing the seed: %w", err)
		}
		defer f.Close()
		text, err := io.ReadAll(io.LimitReader(f, maxImport))
		if err != nil {
			return nil, fmt.Errorf("importing the seed: %w", err)
		}
		return text, nil
	}
	t, err := p.terminal()
	if err != nil {
		return nil, hint(fmt.Errorf("asking for the words: %w", err), "--file reads them from a file")
	}
	defer t.Close()
	return t.ReadSecret(ctx, "All words of the seed, in order, on one line (not shown): ")
}

type madeJSON struct {
	Name string `json:"name"`
	Dir  string `json:"dir"`
}

// createWallet makes directory, database and, as the very last thing, the seed file:
// a directory with a seed is a complete wallet.
func (p program) createWallet(cmd *cobra.Command, g *globals, f seedFlags, text string) (home, error) {
	h, err := g.home()
	if err != nil {
		return "", err
	}
	if f.plain && g.passphrase.given() {
		return "", usagef(cmd, "--plaintext-seed and a passphrase exclude each other")
	}
	if exists(h.seed()) {
		return "", hint(fmt.Errorf("%w: %s", seedfile.ErrExists, h.seed()), "--wallet NAME makes another wallet")
	}
	if g.database != "" {
		if err := sqldb.CheckServer(g.database); err != nil || !sqldb.IsServer(g.database) {
			return "", usagef(cmd, "--database is not postgres://USER@HOST/DATABASE: %w", err)
		}
	}
	p.harden()
	var seal seedfile.Seal
	if !f.plain {
		if seal.Passphrase, err = p.readPassphrase(cmd.Context(), g, true); err != nil {
			return "", err
		}
		defer clear(seal.Passphrase)
	}
	if err := h.create(); err != nil {
		return "", err
	}
	if g.database != "" {
		if err := durable.WriteNew(h.address(), []byte(g.database), 0o600); err != nil {
			return "", fmt.Errorf("noting the database: %w", err)
		}
	}
	if err := p.bindDatabase(cmd.Context(), g, h, text); err != nil {
		if g.database != "" {
			err = errors.Join(err, os.Remove(h.address()))
		}
		return "", err
	}
	if err := seedfile.Write(h.seed(), text, seal); err != nil {
		return "", err
	}
	return h, p.show(g, madeJSON{g.name, string(h)}, func(w io.Writer) { line(w, "The wallet %q is in %s.", g.name, h) })
}

// wordSheet lays the words out in numbered columns.
func wordSheet(text string) string {
	words := strings.Fields(text)
	var b strings.Builder
	b.WriteString("\nThese words are the wallet. Write them on paper, in this order, and keep the paper\n" +
		"safe: whoever reads them has the ecash.\n\n")
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

type seedJSON struct {
	Seed string `json:"seed"`
}

// showSeed shows the words at the terminal, or where the person has sent them with
// --yes.
func (p program) showSeed(cmd *cobra.Command, g *globals) error {
	h, err := g.home()
	if err != nil {
		return err
	}
	if err := h.mustExist(); err != nil {
		return err
	}
	if err := p.agree(cmd.Context(), g, "Whoever sees the words has the ecash. Show them?"); err != nil {
		return err
	}
	p.harden()
	text, err := seedfile.Reveal(h.seed(), p.opener(cmd.Context(), g))
	if err != nil {
		return err
	}
	if text == "" {
		return errors.New("there is no seed")
	}
	return p.show(g, seedJSON{text}, func(w io.Writer) {
		if len(strings.Fields(text)) == 1 || !p.screen {
			line(w, "%s", text)
			return
		}
		_, _ = io.WriteString(w, wordSheet(text))
	})
}
