package harness

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// inKeystore adds to the arguments of a command where the keystore is.
func (s *Stack) inKeystore(args ...string) []string {
	if s.keystore != "" {
		args = append(args, "--database", s.keystore)
	}
	return args
}

// OnKeystore runs a command of the signatory on the keystore, as an operator does.
func (s *Stack) OnKeystore(args ...string) string {
	s.t.Helper()
	out, err := run(s.t, s.Programs.Signatory, s.inKeystore(args...)...)
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// AddSignatory makes another signatory on the same keystore, with a directory and a
// unix socket of its own and a copy of the seed. Its Start and Process are those of
// the Stack that is returned; mintd of s knows of it from its next start on.
func (s *Stack) AddSignatory() *Stack {
	s.t.Helper()
	other := *s
	other.dir = filepath.Join(s.dir, "signatory"+strconv.Itoa(2+strings.Count(s.sigMore, ",")))
	if err := os.MkdirAll(other.sigData(), 0o700); err != nil {
		s.t.Fatal(err)
	}
	seed, err := os.ReadFile(filepath.Join(s.sigData(), "seed"))
	if err == nil {
		err = os.WriteFile(filepath.Join(other.sigData(), "seed"), seed, 0o600)
	}
	if err != nil {
		s.t.Fatal(err)
	}
	other.sigAddr = "unix:" + filepath.Join(other.dir, "s.sock")
	other.SignatoryFaults = newFaults(s.t, filepath.Join(other.dir, "faults"))
	other.Signatory, other.Mintd = nil, nil
	s.sigMore += "," + other.sigAddr
	dir := other.dir
	s.t.Cleanup(func() { s.Secrets.searchLogs(s.t, dir) })
	return &other
}

// Keysets is what the signatory lists.
func (s *Stack) Keysets() string {
	s.t.Helper()
	out, err := s.keysets("list")
	if err != nil {
		s.t.Fatal(err)
	}
	return out
}

// SignatoryData is the directory of the signatory.
func (s *Stack) SignatoryData() string { return s.sigData() }

// Logged counts the lines of the signatory's log that hold a text.
func (s *Stack) Logged(text string) (n int) {
	s.t.Helper()
	return s.countLines("signatory.log", text)
}

// LoggedByMintd counts the lines of mintd's log that hold a text.
func (s *Stack) LoggedByMintd(text string) (n int) {
	s.t.Helper()
	return s.countLines("mintd"+s.suffix+".log", text)
}

func (s *Stack) countLines(name, text string) (n int) {
	s.t.Helper()
	log, err := os.ReadFile(filepath.Join(s.dir, name))
	if err != nil {
		s.t.Fatal(err)
	}
	for line := range strings.Lines(string(log)) {
		if strings.Contains(line, text) {
			n++
		}
	}
	return n
}
