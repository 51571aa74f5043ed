package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"mintmark/internal/commandline"
	"mintmark/internal/seedfile"
)

// maxSecretFile bounds what is read as an identity or a credential.
const maxSecretFile = 64 << 10

// unsealFlags say how the seed is opened: with a passphrase, with an age
// identity, or not at all because systemd has opened it already.
type unsealFlags struct {
	passphrase         passphraseFlags
	identityFile       string
	identityCredential string
}

func (u *unsealFlags) add(flags *pflag.FlagSet) {
	u.passphrase.add(flags)
	flags.StringVar(&u.identityFile, "identity-file", "", "open a seed that is sealed for an age identity with this `file`, as age-keygen makes it")
	flags.StringVar(&u.identityCredential, "identity-credential", "", "the same, from the systemd credential with this `name`")
}

func (u *unsealFlags) check(cmd *cobra.Command) error {
	if u.identityFile != "" && u.identityCredential != "" {
		return commandline.Usagef(cmd, "--identity-file and --identity-credential exclude each other")
	}
	return u.passphrase.check(cmd)
}

// byIdentity tells that an age identity is given.
func (u *unsealFlags) byIdentity() bool { return u.identityFile != "" || u.identityCredential != "" }

// opener asks for a secret only when the seed file needs it.
func (p program) opener(ctx context.Context, u unsealFlags) seedfile.Opener {
	o := seedfile.Opener{Passphrase: func() ([]byte, error) { return p.readPassphrase(ctx, u.passphrase, false) }}
	switch {
	case u.identityFile != "":
		o.Identity = func() ([]byte, error) { return p.readIdentity(u.identityFile) }
	case u.identityCredential != "":
		o.Identity = func() ([]byte, error) { return readCredential(u.identityCredential) }
	}
	return o
}

// openSeed gets the seed from the data directory or, with a name, from a systemd
// credential that holds its text.
func (p program) openSeed(ctx context.Context, dir dataDir, u unsealFlags, credential string) (seedfile.Seed, error) {
	if credential == "" {
		seed, err := seedfile.Open(dir.seed(), p.opener(ctx, u))
		return seed, hintSeed(err, dir)
	}
	text, err := readCredential(credential)
	if err != nil {
		return seedfile.Seed{}, fmt.Errorf("reading the seed: %w", err)
	}
	defer clear(text)
	seed, err := seedfile.FromText(string(text))
	if err != nil {
		return seedfile.Seed{}, fmt.Errorf("the credential %q: %w", credential, err)
	}
	return seed, nil
}

func (p program) readIdentity(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading the identity: %w", err)
	}
	defer f.Close()
	p.warnExposed(f)
	content, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	if err != nil {
		return nil, fmt.Errorf("reading the identity: %w", err)
	}
	return content, nil
}

// readCredential reads a credential that systemd has put into a directory that
// only this service can read (LoadCredential=, LoadCredentialEncrypted=).
func readCredential(name string) ([]byte, error) {
	f, err := openCredential(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, maxSecretFile))
	if err != nil {
		return nil, fmt.Errorf("reading the credential %q: %w", name, err)
	}
	return content, nil
}

func openCredential(name string) (*os.File, error) {
	dir := os.Getenv("CREDENTIALS_DIRECTORY")
	switch {
	case dir == "":
		return nil, commandline.Hint(errors.New("there are no systemd credentials"),
			"set LoadCredential= or LoadCredentialEncrypted= in the unit; systemd then sets CREDENTIALS_DIRECTORY")
	case name != filepath.Base(name) || name == "." || name == "..":
		return nil, fmt.Errorf("%q is not the name of a credential", name)
	}
	f, err := os.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("reading the credential %q: %w", name, err)
	}
	return f, nil
}
