package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/internal/harden"
)

const testWords = "legal winner thank year wave sausage worth useful legal winner thank year " +
	"wave sausage worth useful legal winner thank year wave sausage worth title"

// outcome is what a command did.
type outcome struct {
	code           int
	stdout, stderr string
}

// testProgram runs commands inside the test process, without a terminal and
// without hardening it.
func testProgram() program {
	return program{
		stdin:    strings.NewReader(""),
		clock:    time.Now,
		harden:   func() harden.Report { return harden.Report{} },
		terminal: func() (terminal, error) { return nil, errNoTerminal },
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
func (f *fakeTerminal) Close() error                { return nil }

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

func mustInit(t *testing.T, dir string, args ...string) {
	t.Helper()
	got := testProgram().execute(t.Context(), append([]string{"init", "--data", dir, "--plaintext-seed"}, args...)...)
	if got.code != exitOK {
		t.Fatalf("init: %+v", got)
	}
}

// running is a signatory inside the test process.
type running struct {
	stderr *safeBuffer
	done   chan int
}

func startServe(t *testing.T, ctx context.Context, p program, args ...string) running {
	t.Helper()
	r := running{&safeBuffer{}, make(chan int, 1)}
	p.stdout, p.stderr = io.Discard, r.stderr
	go func() { r.done <- p.run(ctx, append([]string{"serve"}, args...)) }()
	deadline := time.After(30 * time.Second)
	for !strings.Contains(r.stderr.String(), "signatory is listening") {
		select {
		case code := <-r.done:
			t.Fatalf("serve ended with %d:\n%s", code, r.stderr)
		case <-deadline:
			t.Fatalf("serve does not listen:\n%s", r.stderr)
		case <-time.After(5 * time.Millisecond):
		}
	}
	return r
}

func (r running) assertEnds(t *testing.T) {
	t.Helper()
	select {
	case code := <-r.done:
		if code != exitOK || !strings.Contains(r.stderr.String(), "signatory has ended") {
			t.Errorf("serve ended with %d:\n%s", code, r.stderr)
		}
	case <-time.After(30 * time.Second):
		t.Fatalf("serve does not end:\n%s", r.stderr)
	}
}

func TestServeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustInit(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := startServe(t, ctx, testProgram(), "--data", dir)
	cancel()
	r.assertEnds(t)
}

func TestServeEndsWithItsStandardInputWhenToldTo(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustInit(t, dir)
	parent, child := io.Pipe()
	p := testProgram()
	p.stdin = parent
	r := startServe(t, t.Context(), p, "--data", dir, "--exit-with-stdin")
	if _, err := child.Write([]byte("what a parent says is not for us\n")); err != nil {
		t.Fatal(err)
	}
	select {
	case code := <-r.done:
		t.Fatalf("serve ended with %d while its input was open", code)
	case <-time.After(50 * time.Millisecond):
	}
	if err := child.Close(); err != nil {
		t.Fatal(err)
	}
	r.assertEnds(t)
}

// The input of a daemon is empty from the start.
func TestServeIgnoresItsStandardInputOtherwise(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustInit(t, dir)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := startServe(t, ctx, testProgram(), "--data", dir)
	select {
	case code := <-r.done:
		t.Fatalf("serve ended with %d", code)
	case <-time.After(50 * time.Millisecond):
	}
	cancel()
	r.assertEnds(t)
}

func TestServeForgetsAnInitThatDiedAfterTheSeed(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	mustInit(t, dir)
	marker := dataDir(dir).unfinished()
	if err := os.WriteFile(marker, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := startServe(t, ctx, testProgram(), "--data", dir)
	cancel()
	r.assertEnds(t)
	// Now somebody takes the seed away: the database must count as used.
	if err := os.Remove(dataDir(dir).seed()); err != nil {
		t.Fatal(err)
	}
	got := testProgram().execute(t.Context(), "init", "--data", dir, "--plaintext-seed")
	if got.code != exitFailure || !strings.Contains(got.stderr, "a keystore without its seed") {
		t.Errorf("init: %+v", got)
	}
	if _, err := os.Stat(dataDir(dir).database()); err != nil {
		t.Error(err)
	}
}

func TestAnInitThatFailsAtTheEndLeavesNoDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := testProgram()
	// A seed that appears while the passphrase is typed.
	asked := func() { _ = os.WriteFile(dataDir(dir).seed(), []byte("precious"), 0o600) }
	p.terminal = func() (terminal, error) { return &fakeTerminal{answers: []string{"a", "a"}, asked: asked}, nil }
	got := p.execute(t.Context(), "init", "--data", dir)
	if got.code != exitFailure || !strings.Contains(got.stderr, "there is a seed file already") {
		t.Errorf("init: %+v", got)
	}
	assertDirHolds(t, dir, "seed")
	if content, err := os.ReadFile(dataDir(dir).seed()); err != nil || string(content) != "precious" {
		t.Errorf("the seed is %q, %v", content, err)
	}
}

func TestOfTwoInitsAtOnceOneWins(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	results := make([]outcome, 4)
	var wg sync.WaitGroup
	for i := range results {
		wg.Go(func() {
			results[i] = testProgram().execute(t.Context(), "init", "--data", dir, "--plaintext-seed")
		})
	}
	wg.Wait()
	won := 0
	for _, r := range results {
		switch {
		case r.code == exitOK:
			won++
		case !strings.Contains(r.stderr, "another init is at work") && !strings.Contains(r.stderr, "there is a seed file already"):
			t.Errorf("a loser says: %s", r.stderr)
		}
	}
	if won != 1 {
		t.Errorf("%d inits won", won)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := startServe(t, ctx, testProgram(), "--data", dir) // what is there fits together
	cancel()
	r.assertEnds(t)
}

func TestTheWordsAreShownOnceAndOnlyOnTheTerminal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		args  []string
		shown bool
	}{
		"new seed":      {nil, true},
		"--no-words":    {[]string{"--no-words"}, false},
		"imported seed": {[]string{"--import-file", writeTemp(t, testWords)}, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir, screen := t.TempDir(), &fakeTerminal{}
			p := testProgram()
			p.terminal = func() (terminal, error) { return screen, nil }
			got := p.execute(t.Context(), append([]string{"init", "--data", dir, "--plaintext-seed"}, c.args...)...)
			if got.code != exitOK {
				t.Fatalf("init: %+v", got)
			}
			content, err := os.ReadFile(dataDir(dir).seed())
			if err != nil {
				t.Fatal(err)
			}
			words := strings.Fields(string(content))
			for i, word := range words {
				row := fmt.Sprintf(" %2d %-10s", i+1, word)
				if strings.Count(screen.shown.String(), row) != map[bool]int{true: 1}[c.shown] {
					t.Errorf("word %d on the terminal:\n%s", i+1, screen.shown.String())
				}
			}
			if all := strings.Join(words[:3], " "); strings.Contains(got.stdout+got.stderr, all) {
				t.Error("the words are in the output")
			}
		})
	}
}

func TestThePassphraseComesFromADescriptor(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ written, want, problem string }{
		"a line":               {"open sesame\n", "open sesame", ""},
		"without an end":       {"open sesame", "open sesame", ""},
		"an end from Windows":  {"open sesame\r\n", "open sesame", ""},
		"spaces are part":      {"  open  sesame \n\n", "  open  sesame ", ""},
		"nothing":              {"", "", "is empty"},
		"an empty line":        {"\nsecond", "", "is empty"},
		"two lines":            {"open\nsesame\n", "", "more than one line"},
		"something enormous":   {strings.Repeat("x", maxPassphrase), "", "more than one line"},
		"something else large": {strings.Repeat("x", maxPassphrase-1), strings.Repeat("x", maxPassphrase-1), ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, w, err := os.Pipe()
			if err != nil {
				t.Fatal(err)
			}
			if _, err := io.WriteString(w, c.written); err != nil {
				t.Fatal(err)
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			got, err := firstLine(r)
			if string(got) != c.want || (err == nil) != (c.problem == "") || (err != nil && !strings.Contains(err.Error(), c.problem)) {
				t.Errorf("firstLine = %q, %v", got, err)
			}
			if err != nil && strings.Contains(err.Error(), "sesame") {
				t.Errorf("the error shows the passphrase: %v", err)
			}
		})
	}
}

func TestHintsOfWrappedErrorsAreFound(t *testing.T) {
	t.Parallel()
	inner := hint(errors.New("inner"), "first")
	err := hint(fmt.Errorf("outer: %w: %w", io.EOF, errors.Join(inner, hint(io.EOF, "second"))), "third")
	if got := strings.Join(hints(err), " "); got != "third first second" {
		t.Errorf("hints are %q", got)
	}
	if hint(nil, "none") != nil {
		t.Error("a hint made an error")
	}
}

func writeTemp(t *testing.T, content string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func assertDirHolds(t *testing.T, dir string, want ...string) {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var got []string
	for _, e := range entries {
		got = append(got, e.Name())
	}
	if strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the directory holds %v, want %v", got, want)
	}
}
