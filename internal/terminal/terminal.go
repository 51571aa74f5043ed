// Package terminal is the person in front of the screen, for programs that ask for
// secrets and show them.
//
// It trusts the controlling terminal of the process. It must never show what is
// typed where a secret is asked for, and never leave the terminal without echo.
package terminal

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// ErrNone: there is nobody to ask or to show anything to.
var ErrNone = errors.New("there is no terminal")

// Terminal is where a person reads and types. Standard input and output may lead
// elsewhere, into a pipe or a log; this never does.
type Terminal interface {
	io.WriteCloser
	// ReadSecret shows the prompt and reads a line without showing it. It
	// returns when ctx ends.
	ReadSecret(ctx context.Context, prompt string) ([]byte, error)
	// ReadLine shows the prompt and reads a line. It returns when ctx ends.
	ReadLine(ctx context.Context, prompt string) (string, error)
}

// tty is the controlling terminal of the process.
type tty struct{ *os.File }

// Open opens the controlling terminal; ErrNone if there is none.
func Open() (Terminal, error) {
	f, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	if err != nil {
		return nil, ErrNone
	}
	return tty{f}, nil
}

func (t tty) ReadSecret(ctx context.Context, prompt string) ([]byte, error) {
	// The reading goroutine has a descriptor of its own, which it closes when it
	// is done: it may outlive this call, and must not touch a number that by
	// then stands for something else.
	fd, err := unix.FcntlInt(t.Fd(), unix.F_DUPFD_CLOEXEC, 0)
	if err != nil {
		return nil, fmt.Errorf("asking at the terminal: %w", err)
	}
	before, err := term.GetState(fd)
	if err == nil {
		_, err = io.WriteString(t, prompt)
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("asking at the terminal: %w", err), unix.Close(fd))
	}
	type answer struct {
		secret []byte
		err    error
	}
	answered := make(chan answer, 1)
	go func() {
		defer unix.Close(fd)
		secret, err := term.ReadPassword(fd)
		answered <- answer{secret, err}
	}()
	// A signal ends ctx, not the read: without this, Ctrl-C would seem to do
	// nothing, and a second one would leave the terminal without echo. The
	// goroutine ends with the process, which has nothing else to do then.
	var a answer
	select {
	case a = <-answered:
	case <-ctx.Done():
		a.err = errors.Join(ctx.Err(), term.Restore(int(t.Fd()), before))
	}
	if _, err := io.WriteString(t, "\n"); a.err == nil {
		a.err = err
	}
	if a.err != nil {
		clear(a.secret)
		return nil, fmt.Errorf("reading from the terminal: %w", a.err)
	}
	return a.secret, nil
}

func (t tty) ReadLine(ctx context.Context, prompt string) (string, error) {
	fd, err := unix.FcntlInt(t.Fd(), unix.F_DUPFD_CLOEXEC, 0) // see ReadSecret
	if err == nil {
		_, err = io.WriteString(t, prompt)
	}
	if err != nil {
		return "", fmt.Errorf("asking at the terminal: %w", err)
	}
	type answer struct {
		line string
		err  error
	}
	answered := make(chan answer, 1)
	go func() {
		own := os.NewFile(uintptr(fd), t.Name())
		defer own.Close()
		line, err := bufio.NewReader(io.LimitReader(own, maxLine)).ReadString('\n')
		answered <- answer{strings.TrimSpace(line), err}
	}()
	select {
	case a := <-answered:
		if a.err != nil {
			return "", fmt.Errorf("reading from the terminal: %w", a.err)
		}
		return a.line, nil
	case <-ctx.Done():
		return "", fmt.Errorf("reading from the terminal: %w", ctx.Err())
	}
}

// maxLine bounds an answer; what comes after it is not one.
const maxLine = 4096
