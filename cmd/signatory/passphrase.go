package main

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mintmark/internal/terminal"
)

// maxPassphrase bounds what is read from a file that is not one.
const maxPassphrase = 4096

// passphraseFlags says where the passphrase of the seed comes from. There is no
// flag for the passphrase itself: every user of the machine could read it in the
// list of processes.
type passphraseFlags struct {
	file       string
	fd         int
	credential string
}

func (p *passphraseFlags) add(flags *pflag.FlagSet) {
	flags.StringVar(&p.file, "passphrase-file", "", "read the passphrase of the seed from the first line of this `file`")
	flags.IntVar(&p.fd, "passphrase-fd", -1, "read the passphrase from the open file descriptor with this `number`")
	flags.StringVar(&p.credential, "passphrase-credential", "", "read the passphrase from the systemd credential with this `name`")
}

func (p *passphraseFlags) check(cmd *cobra.Command) error {
	if p.file != "" && p.fd >= 0 {
		return usagef(cmd, "--passphrase-file and --passphrase-fd exclude each other")
	}
	if p.credential != "" && (p.file != "" || p.fd >= 0) {
		return usagef(cmd, "--passphrase-credential and the other sources of a passphrase exclude each other")
	}
	return nil
}

func (p *passphraseFlags) given() bool { return p.file != "" || p.fd >= 0 || p.credential != "" }

// readPassphrase gets the passphrase from where the flags say, or asks at the
// terminal: twice when it is a new one.
func (p program) readPassphrase(ctx context.Context, from passphraseFlags, isNew bool) ([]byte, error) {
	switch {
	case from.file != "":
		f, err := os.Open(from.file)
		if err != nil {
			return nil, fmt.Errorf("reading the passphrase: %w", err)
		}
		p.warnExposed(f)
		return firstLine(f)
	case from.fd >= 0:
		return firstLine(os.NewFile(uintptr(from.fd), fmt.Sprintf("file descriptor %d", from.fd)))
	case from.credential != "":
		f, err := openCredential(from.credential)
		if err != nil {
			return nil, fmt.Errorf("reading the passphrase: %w", err)
		}
		return firstLine(f)
	}
	t, err := p.terminal()
	if err != nil {
		return nil, hint(fmt.Errorf("reading the passphrase: %w", err),
			"give the passphrase with --passphrase-file or --passphrase-fd")
	}
	defer t.Close()
	if isNew {
		return askTwice(ctx, t)
	}
	return t.ReadSecret(ctx, "Passphrase of the seed: ")
}

// warnExposed speaks up when everybody can read a file with a secret. It is no
// error: container systems mount secrets that way, where nobody else lives.
func (p program) warnExposed(f *os.File) {
	info, err := f.Stat()
	if err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o004 != 0 {
		fmt.Fprintf(p.stderr, "signatory: warning: every user of this machine can read %s (mode %04o)\n", f.Name(), info.Mode().Perm())
	}
}

// firstLine reads a passphrase and closes f. Only the end of the line is cut
// off: spaces can be part of a passphrase.
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
	switch {
	case len(line) == 0:
		return nil, fmt.Errorf("reading the passphrase: the first line of %s is empty", f.Name())
	case len(bytes.TrimSpace(rest)) > 0 || len(content) == maxPassphrase:
		clear(content)
		return nil, fmt.Errorf("reading the passphrase: there is more than one line in %s", f.Name())
	}
	return line, nil
}

func askTwice(ctx context.Context, t terminal.Terminal) ([]byte, error) {
	first, err := t.ReadSecret(ctx, "Passphrase to seal the seed with: ")
	if err != nil {
		return nil, err
	}
	if len(first) == 0 {
		return nil, hint(errors.New("the passphrase is empty"), "--plaintext-seed stores the seed without one, for trying out")
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
