package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"mintmark/internal/commandline"
	"mintmark/internal/terminal"
)

func TestAnInitThatFailsAtTheEndLeavesNoDatabase(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := testProgram()
	// A seed that appears while the passphrase is typed.
	asked := func() { _ = os.WriteFile(dataDir(dir).seed(), []byte("precious"), 0o600) }
	p.terminal = func() (terminal.Terminal, error) {
		return &fakeTerminal{answers: []string{"a", "a"}, asked: asked}, nil
	}
	got := p.execute(t.Context(), "init", "--data", dir)
	if got.code != commandline.ExitFailure || !strings.Contains(got.stderr, "there is a seed file already") {
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
		case r.code == commandline.ExitOK:
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
			p.terminal = func() (terminal.Terminal, error) { return screen, nil }
			got := p.execute(t.Context(), append([]string{"init", "--data", dir, "--plaintext-seed"}, c.args...)...)
			if got.code != commandline.ExitOK {
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
