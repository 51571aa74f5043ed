// Package pgtest gives tests a real PostgreSQL: it starts a throwaway server from
// the programs that are installed on this machine, hands out databases on it, and
// stops, kills or freezes it when a test wants to see what happens then.
//
// It trusts the machine that it runs on: the servers listen on loopback and on a
// socket in a private directory, and by default let in whoever asks. It must
// never be linked into a program, never touch a server that it did not start, and
// never leave one running: the kernel kills it when the test binary dies.
package pgtest

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"sync"
	"testing"
)

// Options describes a server. The zero value is a fast one: what it commits
// survives the death of its processes, but not of the machine.
type Options struct {
	// Fsync makes the server write to the disk what it promises, as in
	// production. Off by default, for speed.
	Fsync bool
	// Password that clients must give over TCP. Empty: they need none.
	Password string
	// TLSHosts makes the server offer TLS, with a certificate for these names
	// and addresses, by an authority of its own (see Server.Authority).
	TLSHosts []string
	// TLSOnly makes the server refuse clients over TCP that do not use TLS.
	TLSOnly bool
	// Settings of the server, for example "max_connections": "20".
	Settings map[string]string
}

// Shared is one server for all the tests of a binary, started for the first of
// them. The zero value is ready. Keep it in a variable of the test package and
// call Stop at the end of TestMain.
type Shared struct {
	mu      sync.Mutex
	server  *Server
	stopped bool
}

// Database makes a database on the shared server and returns its URL. It is
// dropped at the end of the test. Without PostgreSQL on this machine the test is
// skipped, or fails where CI=true.
func (s *Shared) Database(t testing.TB) string {
	t.Helper()
	return s.Server(t).Database(t)
}

// Schema makes a schema of its own in a database that all such tests share, and
// returns a URL that leads to it. That is ten times as quick as a database, and
// all that most tests need. It stays until Stop.
func (s *Shared) Schema(t testing.TB) string {
	t.Helper()
	return s.Server(t).schema(t)
}

// Server returns the shared server. Tests must not stop it.
func (s *Shared) Server(t testing.TB) *Server {
	t.Helper()
	programs := require(t)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		t.Fatal("the shared PostgreSQL was stopped already")
	}
	if s.server == nil {
		server, err := newServer(programs, Options{})
		if err != nil {
			t.Fatalf("starting PostgreSQL: %v", err)
		}
		s.server = server
	}
	return s.server
}

// Stop ends the server, if there is one, and removes its files.
func (s *Shared) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	if s.server != nil {
		s.server.discard()
		s.server = nil
	}
}

// Start starts a server that belongs to one test, which may do to it what it
// wants. It is stopped, and its files are removed, at the end of the test.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	s, err := newServer(require(t), o)
	if err != nil {
		t.Fatalf("starting PostgreSQL: %v", err)
	}
	t.Cleanup(s.discard)
	return s
}

// require finds the programs of the server or ends the test.
func require(t testing.TB) string {
	t.Helper()
	dir, ok := find()
	if !ok {
		absent(t, os.Getenv("CI") == "true")
	}
	return dir
}

// absent ends a test that cannot run. Where nobody would read that it was
// skipped, it fails.
func absent(t testing.TB, ci bool) {
	t.Helper()
	if ci {
		t.Fatal("PostgreSQL is not installed, and CI=true: its tests must run (apt-get install postgresql)")
	}
	t.Skip("PostgreSQL is not installed: this test did not run (apt-get install postgresql)")
}

// find returns the folder of the newest installed server.
func find() (string, bool) {
	best := ""
	dirs, _ := filepath.Glob("/usr/lib/postgresql/*/bin")
	for _, dir := range dirs {
		if executable(filepath.Join(dir, "initdb")) && executable(filepath.Join(dir, "postgres")) && newer(dir, best) {
			best = dir
		}
	}
	if best != "" {
		return best, true
	}
	if path, err := exec.LookPath("postgres"); err == nil {
		dir := filepath.Dir(path)
		return dir, executable(filepath.Join(dir, "initdb"))
	}
	return "", false
}

// newer compares the version numbers in two such folders.
func newer(a, b string) bool { return version(a) > version(b) }

func version(dir string) float64 {
	v, _ := strconv.ParseFloat(filepath.Base(filepath.Dir(dir)), 64)
	return v
}

func executable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}
