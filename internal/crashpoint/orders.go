//go:build crashpoints

package crashpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"time"
)

// standing is the order that was read last, and how often its place was passed.
var standing struct {
	sync.Mutex
	text   string
	passed int
}

// ordered carries out the order in the directory of faults, if it is for this
// place and the place has been passed often enough.
func ordered(name Name) {
	dir := os.Getenv("MINTMARK_FAULTS")
	if dir == "" {
		return
	}
	text, err := os.ReadFile(filepath.Join(dir, "order"))
	if err != nil {
		return
	}
	var deed, at string
	var n int
	if _, err := fmt.Sscan(string(text), &deed, &at, &n); err != nil || at != string(name) {
		return
	}
	if !due(string(text), n) {
		return
	}
	proof := fmt.Sprintf("%s by %d\n", strings.TrimSpace(string(text)), os.Getpid())
	if err := os.WriteFile(filepath.Join(dir, "struck"), []byte(proof), 0o600); err != nil {
		return // without the proof it would look like an accident
	}
	if deed == "stop" {
		_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
		return // somebody let the process go on
	}
	die()
}

// due counts this call. It is true once for every order.
func due(text string, n int) bool {
	standing.Lock()
	defer standing.Unlock()
	if standing.text != text {
		standing.text, standing.passed = text, 0
	}
	standing.passed++
	return standing.passed == n
}

func offset(dir string) time.Duration {
	text, err := os.ReadFile(filepath.Join(dir, "clock"))
	if err != nil {
		return 0
	}
	d, err := time.ParseDuration(strings.TrimSpace(string(text)))
	if err != nil {
		return 0
	}
	return d
}
