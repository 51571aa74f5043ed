package seedfile

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"

	"filippo.io/age/armor"

	"mintmark/internal/durable"
)

const (
	filePerm = 0o600
	// othersMask are the permissions that nobody but the owner may have.
	othersMask = 0o077
	// maxFile is far more than any sealed seed; a larger file is a mistake.
	maxFile = 64 << 10
	// sealWork is log2 of the work of scrypt: about a second and 256 MiB, for
	// us and for every guess of a thief. It is age's own default.
	sealWork = 18
)

// What can be wrong with a seed file. Each needs another remedy, so each is an
// error of its own. None of the messages shows content.
var (
	ErrMissing       = errors.New("there is no seed file")
	ErrExists        = errors.New("there is a seed file already")
	ErrUnreadable    = errors.New("the seed file cannot be read")
	ErrExposed       = errors.New("the seed file is open to other users")
	ErrFormat        = errors.New("the seed file is neither sealed by age nor a plain seed")
	ErrNotSealed     = errors.New("the seed is not sealed")
	ErrNoPassphrase  = errors.New("the seed file is sealed and there is no passphrase")
	ErrWrongSeal     = errors.New("the seed file does not open with this passphrase")
	ErrNoIdentity    = errors.New("the seed file is sealed for an age identity and there is none")
	ErrWrongIdentity = errors.New("the seed file does not open with this age identity")
)

// Write stores the text of a seed, a mnemonic or hexadecimal, in a new file of
// mode 0600. A sealed file is in the armored age format, which `age -d` opens. A
// file that exists is never touched (ErrExists). When it returns, the file is on
// the disk.
func Write(path, text string, seal Seal) error {
	seed, err := FromText(text)
	if err != nil {
		return err
	}
	seed.Wipe() // only a check: a file that could never be read is not written
	content, err := seal.close(canonical(text) + "\n")
	if err != nil {
		return fmt.Errorf("sealing the seed: %w", err)
	}
	defer clear(content)
	switch err := durable.WriteNew(path, content, filePerm); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %s", ErrExists, path)
	case err != nil:
		return fmt.Errorf("storing the seed: %w", err)
	}
	return nil
}

// Copy copies a seed file, sealed or plain, to a new path as it is. A file that
// exists is never touched (ErrExists).
func Copy(from, to string) error { return copyFile(from, to, false) }

// CopySealed is Copy for a file that must be sealed; else it is ErrNotSealed.
func CopySealed(from, to string) error { return copyFile(from, to, true) }

func copyFile(from, to string, mustBeSealed bool) error {
	content, err := readOwned(from)
	if err != nil {
		return err
	}
	defer clear(content)
	if sealed, _ := openArmor(content); mustBeSealed && !sealed {
		return fmt.Errorf("%w: %s", ErrNotSealed, from)
	}
	if err := durable.WriteNew(to, content, filePerm); errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("%w: %s", ErrExists, to)
	} else if err != nil {
		return err
	}
	return nil
}

// Read is Open for a file that is plain or sealed with a
// passphrase.
func Read(path string, passphrase func() ([]byte, error)) (Seed, error) {
	return Open(path, Opener{Passphrase: passphrase})
}

// Open reads the seed back. A sealed file (age, binary or armored) asks o
// for what it needs, once; a plain file asks nothing. The file must be a regular
// one that only its owner can read.
//
// Errors: ErrMissing, ErrUnreadable, ErrExposed, ErrFormat,
// ErrNoPassphrase and ErrNoIdentity (there is none, or getting it failed),
// ErrWrongSeal, ErrWrongIdentity, ErrText.
func Open(path string, o Opener) (Seed, error) {
	seed, text, err := readSeed(path, o)
	clear(text)
	return seed, err
}

// Reveal gives the text of the seed, for showing it to its owner and nobody else.
// The errors are those of Open.
func Reveal(path string, o Opener) (string, error) {
	seed, text, err := readSeed(path, o)
	defer clear(text)
	if err != nil {
		return "", err
	}
	seed.Wipe()
	return canonical(string(text)), nil
}

func readSeed(path string, o Opener) (seed Seed, text []byte, err error) {
	text, err = readOwned(path)
	if err != nil {
		return Seed{}, nil, err
	}
	sealed, body := openArmor(text)
	if sealed {
		if text, err = o.open(body); err != nil {
			return Seed{}, nil, fmt.Errorf("%w: %s", err, path)
		}
	}
	seed, err = FromText(string(text))
	switch {
	case err != nil && sealed:
		err = fmt.Errorf("what is sealed in %s: %w", path, err)
	case err != nil:
		err = fmt.Errorf("%w: %s: %w", ErrFormat, path, err)
	}
	return seed, text, err
}

// readOwned reads the file through one descriptor, so that what was checked is
// what is read.
func readOwned(path string) ([]byte, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ErrMissing, path)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrUnreadable, path)
	case info.Mode().Perm()&othersMask != 0:
		return nil, fmt.Errorf("%w: %s has mode %04o", ErrExposed, path, info.Mode().Perm())
	case info.Size() > maxFile:
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrFormat, path, info.Size())
	}
	content, err := io.ReadAll(io.LimitReader(f, maxFile))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreadable, err)
	}
	return content, nil
}

// openArmor recognises the two forms of an age file.
func openArmor(content []byte) (sealed bool, body io.Reader) {
	trimmed := bytes.TrimLeft(content, " \t\r\n")
	switch {
	case bytes.HasPrefix(trimmed, []byte(armor.Header)):
		return true, armor.NewReader(bytes.NewReader(trimmed))
	case bytes.HasPrefix(content, []byte("age-encryption.org/")):
		return true, bytes.NewReader(content)
	default:
		return false, nil
	}
}
