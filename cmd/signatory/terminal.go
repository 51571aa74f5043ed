package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"golang.org/x/term"
)

// errNoTerminal: there is nobody to ask or to show anything to.
var errNoTerminal = errors.New("there is no terminal")

// terminal is the person in front of the screen. Standard input and output may
// lead elsewhere, into a pipe or a log; this never does.
type terminal interface {
	io.WriteCloser
	// ReadSecret shows the prompt and reads a line without showing it.
	ReadSecret(prompt string) ([]byte, error)
}

// tty is the controlling terminal of the process.
type tty struct{ *os.File }

func openTerminal() (terminal, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, errNoTerminal
	}
	return tty{f}, nil
}

func (t tty) ReadSecret(prompt string) ([]byte, error) {
	if _, err := io.WriteString(t, prompt); err != nil {
		return nil, fmt.Errorf("asking at the terminal: %w", err)
	}
	secret, err := term.ReadPassword(int(t.Fd()))
	if _, nlErr := io.WriteString(t, "\n"); err == nil {
		err = nlErr
	}
	if err != nil {
		clear(secret)
		return nil, fmt.Errorf("reading from the terminal: %w", err)
	}
	return secret, nil
}
