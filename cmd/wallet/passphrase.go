package main

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/pflag"

	"mintmark/internal/seedfile"
)

// maxPassphrase bounds what is read from a file that is not one.
const maxPassphrase = 4096

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
		return firstLine(f)
	case g.passphrase.fd >= 0:
		return firstLine(os.NewFile(uintptr(g.passphrase.fd), fmt.Sprintf("file descriptor %d", g.passphrase.fd)))
	}
	t, err := p.terminal()
	if err != nil {
		return nil, hint(fmt.Errorf("reading the passphrase: %w", err), "give the passphrase with --passphrase-file or --passphrase-fd")
	}
	defer t.Close()
	first, err := t.ReadSecret(ctx, "Passphrase of the wallet: ")
	if err != nil || !isNew {
		return first, err
	}
	if len(first) == 0 {
		return nil, hint(errors.New("the passphrase is empty"), "--plaintext-seed stores the seed without one")
	}
	second, err := t.ReadSecret(ctx, "The same again: ")
	if err != nil {
		return nil, err
	}
	defer clear(second)
	if subtle.ConstantTimeCompare(first, second) != 1 {
		clear(first)
		return nil, errors.New("the two passphrases differ")
	}
	return first, nil
}

// firstLine reads a passphrase and closes f. Only the end of the line is cut off:
// spaces can be part of a passphrase.
func firstLine(f *os.File) ([]byte, error) {
	if f == nil {
		return nil, errors.New("reading the passphrase: there is no such file descriptor")
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxPassphrase))
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase: %w", err)
	}
	line, rest, _ := bytes.Cut(content, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if len(line) == 0 || len(bytes.TrimSpace(rest)) > 0 {
		clear(content)
		return nil, fmt.Errorf("reading the passphrase: %s holds none, or more than one line", f.Name())
	}
	return line, nil
}
