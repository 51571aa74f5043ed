package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/pflag"

	"mintmark/internal/passphrase"
	"mintmark/internal/seedfile"
)

// passphraseFlags say where the passphrase of the seed comes from. There is no flag
// for the passphrase itself: every user of the machine could read it in the list of
// processes.
type passphraseFlags struct {
	file string
	fd   int
}

func (f *passphraseFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&f.file, "passphrase-file", "", "read the passphrase of the seed from the first line of this `file`")
	flags.IntVar(&f.fd, "passphrase-fd", -1, "read the passphrase from the open file descriptor with this `number`")
}

func (f *passphraseFlags) given() bool { return f.file != "" || f.fd >= 0 }

// opener asks for the passphrase only if the seed file is sealed.
func (p program) opener(ctx context.Context, g *globals) seedfile.Opener {
	return seedfile.Opener{Passphrase: func() ([]byte, error) { return p.readPassphrase(ctx, g, false) }}
}

// readPassphrase gets the passphrase from where the flags say, or asks at the
// terminal: twice when it is a new one.
func (p program) readPassphrase(ctx context.Context, g *globals, isNew bool) ([]byte, error) {
	switch {
	case g.passphrase.file != "":
		f, err := os.Open(g.passphrase.file)
		if err != nil {
			return nil, fmt.Errorf("reading the passphrase: %w", err)
		}
		return passphrase.FirstLine(f)
	case g.passphrase.fd >= 0:
		return passphrase.FirstLine(os.NewFile(uintptr(g.passphrase.fd), fmt.Sprintf("file descriptor %d", g.passphrase.fd)))
	}
	t, err := p.terminal()
	if err != nil {
		return nil, hint(fmt.Errorf("reading the passphrase: %w", err), "give the passphrase with --passphrase-file or --passphrase-fd")
	}
	defer t.Close()
	const prompt = "Passphrase of the wallet: "
	if !isNew {
		return t.ReadSecret(ctx, prompt)
	}
	secret, err := passphrase.AskNew(ctx, t, prompt)
	if errors.Is(err, passphrase.ErrEmpty) {
		err = hint(err, "--plaintext-seed stores the seed without one")
	}
	return secret, err
}
