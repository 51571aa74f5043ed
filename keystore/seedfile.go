package keystore

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
	seedFilePerm = 0o600
	// othersMask are the permissions that nobody but the owner may have.
	othersMask = 0o077
	// maxSeedFile is far more than any sealed seed; a larger file is a mistake.
	maxSeedFile = 64 << 10
	// sealWork is log2 of the work of scrypt: about a second and 256 MiB, for
	// us and for every guess of a thief. It is age's own default.
	sealWork = 18
)

// What can be wrong with a seed file. Each needs another remedy, so each is an
// error of its own. None of the messages shows content.
var (
	ErrSeedMissing    = errors.New("there is no seed file")
	ErrSeedExists     = errors.New("there is a seed file already")
	ErrSeedUnreadable = errors.New("the seed file cannot be read")
	ErrSeedExposed    = errors.New("the seed file is open to other users")
	ErrSeedFormat     = errors.New("the seed file is neither sealed by age nor a plain seed")
	ErrNoPassphrase   = errors.New("the seed file is sealed and there is no passphrase")
	ErrWrongSeal      = errors.New("the seed file does not open with this passphrase")
	ErrNoIdentity     = errors.New("the seed file is sealed for an age identity and there is none")
	ErrWrongIdentity  = errors.New("the seed file does not open with this age identity")
)

// WriteSeedFile stores the text of a seed, a mnemonic or hexadecimal, in a new
// file of mode 0600. With a passphrase the file is sealed in the armored age
// format, which `age -d` opens; nil leaves it in plain text. A file that exists
// is never touched (ErrSeedExists). When it returns, the file is on the disk.
func WriteSeedFile(path, text string, passphrase []byte) error {
	return writeSeedFile(path, text, passphrase, sealWork)
}

func writeSeedFile(path, text string, passphrase []byte, work int) error {
	seed, err := SeedFromText(text)
	if err != nil {
		return err
	}
	seed.Wipe() // only a check: a file that could never be read is not written
	content, err := Seal{Passphrase: passphrase, work: work}.close(canonical(text) + "\n")
	if err != nil {
		return fmt.Errorf("sealing the seed: %w", err)
	}
	defer clear(content)
	switch err := durable.WriteNew(path, content, seedFilePerm); {
	case errors.Is(err, fs.ErrExist):
		return fmt.Errorf("%w: %s", ErrSeedExists, path)
	case err != nil:
		return fmt.Errorf("storing the seed: %w", err)
	}
	return nil
}

// ReadSeedFile is OpenSeedFile for a file that is plain or sealed with a
// passphrase.
func ReadSeedFile(path string, passphrase func() ([]byte, error)) (Seed, error) {
	return OpenSeedFile(path, Opener{Passphrase: passphrase})
}

// OpenSeedFile reads the seed back. A sealed file (age, binary or armored) asks o
// for what it needs, once; a plain file asks nothing. The file must be a regular
// one that only its owner can read.
//
// Errors: ErrSeedMissing, ErrSeedUnreadable, ErrSeedExposed, ErrSeedFormat,
// ErrNoPassphrase and ErrNoIdentity (there is none, or getting it failed),
// ErrWrongSeal, ErrWrongIdentity, ErrSeedText.
func OpenSeedFile(path string, o Opener) (Seed, error) {
	seed, text, err := openSeedFile(path, o)
	clear(text)
	return seed, err
}

func openSeedFile(path string, o Opener) (seed Seed, text []byte, err error) {
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
	seed, err = SeedFromText(string(text))
	switch {
	case err != nil && sealed:
		err = fmt.Errorf("what is sealed in %s: %w", path, err)
	case err != nil:
		err = fmt.Errorf("%w: %s: %w", ErrSeedFormat, path, err)
	}
	return seed, text, err
}

// readOwned reads the file through one descriptor, so that what was checked is
// what is read.
func readOwned(path string) ([]byte, error) {
	f, err := os.Open(path)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("%w: %s", ErrSeedMissing, path)
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrSeedUnreadable, err)
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, fmt.Errorf("%w: %w", ErrSeedUnreadable, err)
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%w: %s is not a regular file", ErrSeedUnreadable, path)
	case info.Mode().Perm()&othersMask != 0:
		return nil, fmt.Errorf("%w: %s has mode %04o", ErrSeedExposed, path, info.Mode().Perm())
	case info.Size() > maxSeedFile:
		return nil, fmt.Errorf("%w: %s has %d bytes", ErrSeedFormat, path, info.Size())
	}
	content, err := io.ReadAll(io.LimitReader(f, maxSeedFile))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrSeedUnreadable, err)
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
