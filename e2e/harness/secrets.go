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
	hidden []string            // in lower case
	keys   map[string]struct{} // those that are 32 bytes in hex: there may be very many
}

// keyLength is how many hex digits 32 bytes have.
const keyLength = 64

var hexRun = regexp.MustCompile(`[0-9a-f]{64,}`)

// Hide adds a secret: a proof's secret, a blinding factor, a seed.
func (s *Secrets) Hide(secrets ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, secret := range secrets {
		secret = strings.ToLower(secret)
		if len(secret) != keyLength || !hexRun.MatchString(secret) {
			s.hidden = append(s.hidden, secret)
			continue
		}
		if s.keys == nil {
			s.keys = map[string]struct{}{}
		}
		s.keys[secret] = struct{}{}
	}
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
		if strings.Contains(lower, secret) {
			return secret[:min(len(secret), 8)] + "…"
		}
	}
	for _, digits := range hexRun.FindAllString(lower, -1) {
		for i := range len(digits) - keyLength + 1 {
			if _, hidden := s.keys[digits[i:i+keyLength]]; hidden {
				return digits[i:i+8] + "…"
			}
		}
	}
	return ""
}

// searchLogs fails the test for every log below dir that shows a secret, a
// statement of SQL, or a trace of a panic.
func (s *Secrets) searchLogs(t testing.TB, dir string) {
	t.Helper()
	logs, err := filepath.Glob(filepath.Join(dir, "*.log"))
	others, errOthers := filepath.Glob(filepath.Join(dir, "*"+foreign))
	if err := errors.Join(err, errOthers); err != nil || len(logs)+len(others) == 0 {
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
		if shown := unfit.Find(text); shown != nil {
			t.Errorf("the log %s shows %q", filepath.Base(path), shown)
		}
	}
}

// insides are words that an answer to a wallet must not contain: they come from
// the database, the language or the machine.
var insides = regexp.MustCompile(`(?i)sqlite|\bselect\b.*\bfrom\b|insert into|constraint|goroutine|panic|rpc error|\.go:\d|/tmp/`)

// unfit is what even a log must not contain. What a driver says may stand in a
// log, in the one line that internal/sqldb writes about it; the statement may not.
var unfit = regexp.MustCompile(`(?i)\bselect\b.{1,200}\bfrom\b|\binsert into\b|\bupdate \w+ set\b|\bdelete from\b|goroutine \d+ \[|panic:|postgres://[^ /"]*:[^ /"]*@`)
