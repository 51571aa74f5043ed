package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"mintmark/internal/durable"
)

const (
	// maxSocketPath is what fits into the address of a unix socket everywhere.
	maxSocketPath = 100
	// drainTimeout is how long a spawned signatory may finish calls at the end;
	// the mint has stopped before it, so there are none.
	drainTimeout = 5 * time.Second
)

// spawning is a signatory that is ready to be run as a child process.
type spawning struct {
	program string
	data    string // its data directory, which has a seed
	socket  string
	scratch string // directory to remove at the end; empty = none
}

// prepareSpawn finds the signatory program and, on the very first start, makes
// its data directory. A directory that is there is never touched.
func prepareSpawn(ctx context.Context, cfg Config, stderr io.Writer) (*spawning, error) {
	program, err := findProgram(cfg.Signatory.Program)
	if err != nil {
		return nil, err
	}
	home, err := filepath.Abs(cfg.Data)
	if err != nil {
		return nil, fmt.Errorf("finding the data directory: %w", err)
	}
	s := &spawning{program: program, data: filepath.Join(home, "signatory")}
	_, err = os.Stat(s.data)
	if errors.Is(err, fs.ErrNotExist) {
		err = s.firstStart(ctx, cfg.databasePath(), stderr)
	}
	if err != nil {
		return nil, fmt.Errorf("preparing the signatory's data: %w", err)
	}
	if err := s.chooseSocket(home); err != nil {
		return nil, fmt.Errorf("choosing the signatory's socket: %w", err)
	}
	return s, nil
}

// findProgram looks for the signatory beside this program, then on the PATH.
func findProgram(configured string) (string, error) {
	if configured != "" {
		return configured, nil
	}
	const name = "signatory"
	self, err := os.Executable()
	if err != nil {
		return "", fmt.Errorf("finding this program: %w", err)
	}
	if path := filepath.Join(filepath.Dir(self), name); isProgram(path) {
		return path, nil
	}
	path, err := exec.LookPath(name)
	if err != nil {
		return "", fmt.Errorf("there is no program %q in %s or on the PATH: build it (make build), or say where it is with --signatory-program",
			name, filepath.Dir(self))
	}
	return path, nil
}

func isProgram(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode().Perm()&0o111 != 0
}

// firstStart makes the signatory's data with a new seed. It happens in a
// directory of its own, which then gets its name in one step: an interrupted
// first start leaves nothing that looks complete.
func (s *spawning) firstStart(ctx context.Context, database string, stderr io.Writer) error {
	if _, err := os.Stat(database); err == nil {
		return fmt.Errorf("the mint's database %s exists, but the signatory's directory %s does not: "+
			"bring it back from where it went; a new seed could not honour the ecash that is out", database, s.data)
	}
	home := filepath.Dir(s.data)
	workshop, err := os.MkdirTemp(home, "signatory.new-*")
	if err != nil {
		return err
	}
	defer os.RemoveAll(workshop) // the seed in there, if any, has signed nothing
	made := filepath.Join(workshop, "signatory")
	if err := s.runInit(ctx, made); err != nil {
		return err
	}
	if err := os.Rename(made, s.data); err != nil {
		return err
	}
	if err := durable.SyncDir(home); err != nil {
		return err
	}
	fmt.Fprintf(stderr, `
  ****************************************************************************
  *  FIRST START: a new seed was made for the signatory, in PLAIN TEXT, in
  *  %s
  *  Whoever reads it can make ecash of this mint. This is for trying out.
  *  For real money run "signatory init" and "signatory serve" yourself, with a
  *  passphrase, as another user or on another host, and tell mintd where it is
  *  with --signatory.
  ****************************************************************************

`, s.data)
	return nil
}

// runInit runs "signatory init". The words of the seed are shown to nobody: they
// are in the seed file, and here they would end in a log.
func (s *spawning) runInit(ctx context.Context, data string) error {
	var said bytes.Buffer
	cmd := exec.CommandContext(ctx, s.program, "init", "--data", data, "--plaintext-seed", "--no-words")
	cmd.Stderr = &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no terminal to ask at or to show words on
	if err := cmd.Run(); err != nil {
		return fmt.Errorf("%s init: %w:\n%s", s.program, err, strings.TrimSpace(said.String()))
	}
	return nil
}

// arguments are those of "signatory serve". It ends with its standard input,
// which is ours to hold open, and drains for less than it is given to stop.
func (s *spawning) arguments(level string) []string {
	return []string{
		"serve", "--data", s.data, "--listen", unixPrefix + s.socket, "--exit-with-stdin",
		"--drain-timeout", drainTimeout.String(), "--log-format", "json", "--log-level", level,
	}
}

// awaitSocket gives a child that has just been started a moment to listen, so
// that the mint's first call finds it. The mint does without, too.
func (s *spawning) awaitSocket(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	for {
		if _, err := os.Stat(s.socket); err == nil {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// chooseSocket puts the socket into the mint's data directory, or, where that
// path is too long for a socket, into a private directory for temporary files.
func (s *spawning) chooseSocket(home string) error {
	s.socket = filepath.Join(home, "signatory.sock")
	if len(s.socket) <= maxSocketPath {
		return nil
	}
	dir, err := os.MkdirTemp("", "mintmark-") // mode 0700
	if err != nil {
		return err
	}
	s.scratch, s.socket = dir, filepath.Join(dir, "signatory.sock")
	if len(s.socket) > maxSocketPath {
		return errors.Join(fmt.Errorf("%s is too long for a socket", s.socket), s.removeScratch())
	}
	return nil
}

func (s *spawning) removeScratch() error {
	if s.scratch == "" {
		return nil
	}
	return os.RemoveAll(s.scratch)
}
