package main

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"go.uber.org/goleak"
)

// TestMain makes the test binary a signatory when it is called by that name.
func TestMain(m *testing.M) {
	if filepath.Base(os.Args[0]) == "signatory" {
		os.Exit(playSignatory(os.Args[1:]))
	}
	goleak.VerifyTestMain(m)
}

// playSignatory knows "init" and "serve" with the arguments that they get from
// here. Nobody can talk to it. It fails when the file "fail" lies beside it.
func playSignatory(args []string) int {
	if _, err := os.Lstat(filepath.Join(filepath.Dir(os.Args[0]), "fail")); err == nil {
		fmt.Fprintln(os.Stderr, "signatory: error: no luck today")
		return 1
	}
	switch {
	case len(args) == 5 && args[0] == "init" && args[1] == "--data" && args[3] == "--plaintext-seed" && args[4] == "--no-words":
		fmt.Println("abandon abandon about")
		if tty, err := os.Open("/dev/tty"); err == nil {
			tty.Close()
			fmt.Fprintln(os.Stderr, "there is a terminal to show the words on")
			return 1
		}
		if os.MkdirAll(args[2], 0o700) != nil || os.WriteFile(filepath.Join(args[2], "seed"), []byte("abandon"), 0o600) != nil {
			return 1
		}
		return 0
	case len(args) == 12 && args[0] == "serve" && args[1] == "--data" && args[3] == "--listen" && args[5] == "--exit-with-stdin":
		if _, err := os.ReadFile(filepath.Join(args[2], "seed")); err != nil {
			return 1
		}
		l, err := net.Listen("unix", strings.TrimPrefix(args[4], unixPrefix))
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		fmt.Fprintln(os.Stderr, `{"level":"INFO","msg":"listening"}`)
		_, _ = io.Copy(io.Discard, os.Stdin)
		_ = l.Close()
		return 0
	}
	fmt.Fprintln(os.Stderr, "called with", args)
	return 2
}

// spawnConfig is a configuration whose signatory is the test binary.
func spawnConfig(t *testing.T) Config {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	program := filepath.Join(t.TempDir(), "signatory")
	if err := os.Symlink(self, program); err != nil {
		t.Fatal(err)
	}
	cfg := defaultConfig()
	cfg.Signatory.Program = program
	cfg.Data, err = os.MkdirTemp("", "mm") // short: the name of the test would make the socket's path too long
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(cfg.Data) })
	return cfg
}

// names lists what is in a directory.
func names(t *testing.T, dir string) string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return strings.Join(all, " ")
}

func TestTheFirstStartMakesASeedAndSaysSoLoudly(t *testing.T) {
	t.Parallel()
	cfg := spawnConfig(t)
	var stderr bytes.Buffer
	s, err := prepareSpawn(t.Context(), cfg, &stderr)
	if err != nil {
		t.Fatal(err)
	}
	if s.data != filepath.Join(cfg.Data, "signatory") || s.socket != filepath.Join(cfg.Data, "signatory.sock") || s.scratch != "" {
		t.Errorf("prepared %+v", s)
	}
	if got := names(t, cfg.Data); got != "signatory" {
		t.Errorf("the data directory has %q, want only the signatory's", got)
	}
	seed, err := os.ReadFile(filepath.Join(s.data, "seed"))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"FIRST START", "PLAIN TEXT", s.data, "trying out"} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("the banner does not say %q:\n%s", want, stderr.String())
		}
	}
	if strings.Contains(stderr.String(), "abandon") {
		t.Errorf("the words of the seed were shown:\n%s", stderr.String())
	}

	stderr.Reset()
	if err := os.WriteFile(cfg.databasePath(), nil, 0o600); err != nil { // the mint has run
		t.Fatal(err)
	}
	if _, err := prepareSpawn(t.Context(), cfg, &stderr); err != nil {
		t.Fatal(err)
	}
	again, err := os.ReadFile(filepath.Join(s.data, "seed"))
	if err != nil || !bytes.Equal(seed, again) || stderr.Len() != 0 {
		t.Errorf("the second start touched the seed (%v) or said %q", err, stderr.String())
	}
}

func TestAFailedFirstStartLeavesNothingAndCanBeRepeated(t *testing.T) {
	t.Parallel()
	cfg := spawnConfig(t)
	fail := filepath.Join(filepath.Dir(cfg.Signatory.Program), "fail")
	if err := os.WriteFile(fail, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	_, err := prepareSpawn(t.Context(), cfg, &stderr)
	if err == nil || !strings.Contains(err.Error(), "no luck today") {
		t.Errorf("error is %v, want the program's own", err)
	}
	if got := names(t, cfg.Data); got != "" {
		t.Errorf("the data directory has %q", got)
	}
	if err := os.Remove(fail); err != nil {
		t.Fatal(err)
	}
	if _, err := prepareSpawn(t.Context(), cfg, &stderr); err != nil {
		t.Errorf("the second try: %v", err)
	}
}

// A mint whose signatory's directory is gone must not get a new seed: the ecash
// that is out could never be redeemed with it.
func TestALostSeedIsNotReplaced(t *testing.T) {
	t.Parallel()
	cfg := spawnConfig(t)
	if err := os.WriteFile(cfg.databasePath(), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	var stderr bytes.Buffer
	_, err := prepareSpawn(t.Context(), cfg, &stderr)
	if err == nil || !strings.Contains(err.Error(), "bring it back") {
		t.Errorf("error is %v", err)
	}
	if got := names(t, cfg.Data); got != "mint.db" {
		t.Errorf("the data directory has %q", got)
	}
}

func TestASocketWhosePathWouldBeTooLongGoesIntoAPrivateDirectory(t *testing.T) {
	t.Parallel()
	cfg := spawnConfig(t)
	cfg.Data = filepath.Join(cfg.Data, strings.Repeat("long", 25))
	if err := os.MkdirAll(cfg.Data, 0o700); err != nil {
		t.Fatal(err)
	}
	s, err := prepareSpawn(t.Context(), cfg, new(bytes.Buffer))
	if err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(filepath.Dir(s.socket))
	if err != nil || info.Mode().Perm() != 0o700 || len(s.socket) > maxSocketPath {
		t.Errorf("socket %s, directory %v (%v)", s.socket, info, err)
	}
	if err := s.removeScratch(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Dir(s.socket)); !os.IsNotExist(err) {
		t.Errorf("the directory is still there: %v", err)
	}
	if names(t, cfg.Data) != "signatory" {
		t.Error("the data went with it")
	}
}

func TestTheProgramIsTheConfiguredOneElseOneOnThePath(t *testing.T) {
	dir := t.TempDir()
	t.Setenv("PATH", dir)
	if got, err := findProgram("some/program"); got != "some/program" || err != nil {
		t.Errorf("configured: %q, %v", got, err)
	}
	if _, err := findProgram(""); err == nil || !strings.Contains(err.Error(), "--signatory-program") {
		t.Errorf("nowhere: %v", err)
	}
	path := filepath.Join(dir, "signatory")
	if err := os.WriteFile(path, nil, 0o700); err != nil {
		t.Fatal(err)
	}
	if got, err := findProgram(""); got != path || err != nil {
		t.Errorf("on the PATH: %q, %v", got, err)
	}
	if isProgram(dir) || isProgram(filepath.Join(dir, "none")) {
		t.Error("a directory or nothing passes as a program")
	}
}
