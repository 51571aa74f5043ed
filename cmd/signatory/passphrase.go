package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mintmark/internal/commandline"
	"mintmark/internal/passphrase"
)

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
		return commandline.Usagef(cmd, "--passphrase-file and --passphrase-fd exclude each other")
	}
	if p.credential != "" && (p.file != "" || p.fd >= 0) {
		return commandline.Usagef(cmd, "--passphrase-credential and the other sources of a passphrase exclude each other")
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
		return passphrase.FirstLine(f)
	case from.fd >= 0:
		return passphrase.FirstLine(os.NewFile(uintptr(from.fd), fmt.Sprintf("file descriptor %d", from.fd)))
	case from.credential != "":
		f, err := openCredential(from.credential)
		if err != nil {
			return nil, fmt.Errorf("reading the passphrase: %w", err)
		}
		return passphrase.FirstLine(f)
	}
	t, err := p.terminal()
	if err != nil {
		return nil, commandline.Hint(fmt.Errorf("reading the passphrase: %w", err),
			"give the passphrase with --passphrase-file or --passphrase-fd")
	}
	defer t.Close()
	if isNew {
		secret, err := passphrase.AskNew(ctx, t, "Passphrase to seal the seed with: ")
		if errors.Is(err, passphrase.ErrEmpty) {
			err = commandline.Hint(err, "--plaintext-seed stores the seed without one, for trying out")
		}
		return secret, err
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
