package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/internal/commandline"
	"mintmark/internal/fence"
	"mintmark/internal/harden"
	"mintmark/internal/terminal"
)

const testWords = "legal winner thank year wave sausage worth useful legal winner thank year " +
	"wave sausage worth useful legal winner thank year wave sausage worth title"

// outcome is what a command did.
type outcome struct {
	code           int
	stdout, stderr string
}

// testProgram runs commands inside the test process, without a terminal and
// without hardening it or fencing it in.
func testProgram() program {
	return program{
		stdin:    strings.NewReader(""),
		clock:    time.Now,
		harden:   func() harden.Report { return harden.Report{} },
		fence:    func(fence.Rules) fence.Report { return fence.Report{} },
		terminal: func() (terminal.Terminal, error) { return nil, terminal.ErrNone },
		hangups:  func() <-chan struct{} { return nil },
	}
}

func (p program) execute(ctx context.Context, args ...string) outcome {
	var stdout, stderr safeBuffer
	p.stdout, p.stderr = &stdout, &stderr
	code := p.run(ctx, args)
	return outcome{code, stdout.String(), stderr.String()}
}

// safeBuffer can be read while it is written.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// fakeTerminal answers prompts in turn and keeps what it is shown.
type fakeTerminal struct {
	answers []string
	asked   func()
	shown   bytes.Buffer
}

func (f *fakeTerminal) Write(p []byte) (int, error) { return f.shown.Write(p) }

func (f *fakeTerminal) Close() error { return nil }

func (f *fakeTerminal) ReadSecret(_ context.Context, prompt string) ([]byte, error) {
	f.shown.WriteString(prompt)
	if f.asked != nil {
		f.asked()
	}
	if len(f.answers) == 0 {
		return nil, io.EOF
	}
	answer := f.answers[0]
	f.answers = f.answers[1:]
	return []byte(answer), nil
}

func (f *fakeTerminal) ReadLine(ctx context.Context, prompt string) (string, error) {
	answer, err := f.ReadSecret(ctx, prompt)
	return string(answer), err
}

func mustInit(t *testing.T, dir string, args ...string) {
	t.Helper()
	got := testProgram().execute(t.Context(), append([]string{"init", "--data", dir, "--plaintext-seed"}, args...)...)
	if got.code != commandline.ExitOK {
		t.Fatalf("init: %+v", got)
	}
}

func TestHintsOfWrappedErrorsAreFound(t *testing.T) {
	t.Parallel()
	inner := commandline.Hint(errors.New("inner"), "first")
	err := commandline.Hint(fmt.Errorf("outer: %w: %w", io.EOF, errors.Join(inner, commandline.Hint(io.EOF, "second"))), "third")
	if got := strings.Join(commandline.Hints(err), " "); got != "third first second" {
		t.Errorf("hints are %q", got)
	}
	if commandline.Hint(nil, "none") != nil {
		t.Error("a hint made an error")
	}
}
