package harness

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
)

// Secrets collects what must never be seen in a log or in an answer, and looks
// for it when the test ends.
type Secrets struct {
	mu     sync.Mutex
	hidden []string
}

// Hide adds a secret: a proof's secret, a blinding factor, a seed.
func (s *Secrets) Hide(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hidden = append(s.hidden, secrets...)
}

// HideSeed adds the seed of a plain seed file: hex as it stands, a mnemonic in
// every run of three words, so that a part of it does not pass either.
func (s *Secrets) HideSeed(path string) error {
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	} else if err != nil {
		return err
	}
	words := strings.Fields(string(text))
	if len(words) < 12 {
		s.Hide(words...)
		return nil
	}
	for i := range len(words) - 2 {
		s.Hide(strings.Join(words[i:i+3], " "))
	}
	return nil
}

// Find returns a hidden secret that the text shows, or "". The secret itself is
// not returned whole: it would end in yet another log.
func (s *Secrets) Find(text string) string {
	s.mu.Lock()
	defer s.mu.Unlock()
	lower := strings.ToLower(text)
	for _, secret := range s.hidden {
		if strings.Contains(lower, strings.ToLower(secret)) {
			return secret[:min(len(secret), 8)] + "…"
		}
	}
	return ""
}

// searchLogs fails the test for every log below dir that shows a secret.
func (s *Secrets) searchLogs(t testing.TB, dir string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	if err != nil || len(logs) == 0 {
		t.Errorf("no logs to search in %s: %v", dir, err)
	}
	for _, path := range logs {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Errorf("reading a log: %v", err)
			continue
		}
		if shown := s.Find(string(text)); shown != "" {
			t.Errorf("the log %s shows the secret %s", filepath.Base(path), shown)
		}
	}
}

// insides are words that an answer to a wallet must not contain: they come from
// the database, the language or the machine.
var insides = regexp.MustCompile(`(?i)sqlite|\bselect\b.*\bfrom\b|insert into|constraint|goroutine|panic|rpc error|\.go:\d|/tmp/`)
