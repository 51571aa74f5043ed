// Package passphrase reads the passphrase of a sealed seed: from a file, or from a
// person at a terminal, who says a new one twice.
//
// It trusts whoever wrote the file. It must never print what it has read, and keep
// no copy of it.
package passphrase

import (
	"bytes"
	"context"
	"crypto/subtle"
	"errors"
	"fmt"
	"io"
	"os"

	"mintmark/internal/terminal"
)

// Max bounds what is read from a file that is not one of a passphrase.
const Max = 4096

// FirstLine reads a passphrase and closes f, which may be nil as os.NewFile gives
// it. Only the end of the line is cut off: spaces can be part of a passphrase.
func FirstLine(f *os.File) ([]byte, error) {
	if f == nil {
		return nil, errors.New("reading the passphrase: there is no such file descriptor")
	}
	defer f.Close()
	content, err := io.ReadAll(io.LimitReader(f, Max))
	if err != nil {
		return nil, fmt.Errorf("reading the passphrase: %w", err)
	}
	line, rest, _ := bytes.Cut(content, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	switch {
	case len(line) == 0:
		return nil, fmt.Errorf("reading the passphrase: the first line of %s is empty", f.Name())
	case len(bytes.TrimSpace(rest)) > 0 || len(content) == Max:
		clear(content)
		return nil, fmt.Errorf("reading the passphrase: there is more than one line in %s", f.Name())
	}
	return line, nil
}

// ErrEmpty: a new passphrase is empty.
var ErrEmpty = errors.New("the passphrase is empty")

// AskNew asks for a new one, twice.
func AskNew(ctx context.Context, t terminal.Terminal, prompt string) ([]byte, error) {
	first, err := t.ReadSecret(ctx, prompt)
	if err != nil {
		return nil, err
	}
	if len(first) == 0 {
		return nil, ErrEmpty
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
