package main

import (
	"context"
	"io"
	"os"
	"strings"
	"testing"
	"time"

	"mintmark/internal/commandline"
)

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
		if code != commandline.ExitOK || !strings.Contains(r.stderr.String(), "signatory has ended") {
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
	if got.code != commandline.ExitFailure || !strings.Contains(got.stderr, "a keystore without its seed") {
		t.Errorf("init: %+v", got)
	}
	if _, err := os.Stat(dataDir(dir).database()); err != nil {
		t.Error(err)
	}
}
