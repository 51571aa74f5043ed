// Package lntest gives tests a real Lightning network: it starts btcd on a chain of
// its own and three lnd in a row, A to B to C, with money in channels both ways, and
// lets a test pay, hold, kill and start them again.
//
// It needs the programs that tools/ln/install builds. It trusts the machine that it
// runs on: everything listens on loopback only and is worth nothing. It must never be
// linked into a program, never read or write a home directory, and never leave a
// process running: the kernel kills them when the test binary dies.
package lntest

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"testing"
)

// programs is the directory of lnd and btcd.
func programs() (string, error) {
	dir := os.Getenv("MINTMARK_LN_DIR")
	if dir == "" {
		hash, err := versionHash()
		if err != nil {
			return "", err
		}
		cache, err := os.UserCacheDir()
		if err != nil {
			return "", err
		}
		dir = filepath.Join(cache, "mintmark", "ln-"+hash)
	}
	for _, name := range []string{"lnd", "btcd"} {
		if _, err := os.Stat(filepath.Join(dir, name)); err != nil {
			return "", fmt.Errorf("%s is not in %s: run \"make ln\"", name, dir)
		}
	}
	return dir, nil
}

// versionHash names what tools/ln pins, as tools/ln/install does.
func versionHash() (string, error) {
	dir, err := os.Getwd()
	if err != nil {
		return "", err
	}
	for ; ; dir = filepath.Dir(dir) {
		mod, err := os.ReadFile(filepath.Join(dir, "tools", "ln", "go.mod"))
		if err != nil {
			if dir == filepath.Dir(dir) {
				return "", fmt.Errorf("looking for tools/ln: %w", err)
			}
			continue
		}
		sum, err := os.ReadFile(filepath.Join(dir, "tools", "ln", "go.sum"))
		if err != nil {
			return "", err
		}
		hash := sha256.Sum256(append(mod, sum...))
		return hex.EncodeToString(hash[:])[:16], nil
	}
}

// Require finds the programs or ends the test: where CI=true it fails, else it is
// skipped and says so.
func Require(t testing.TB) string {
	t.Helper()
	dir, err := programs()
	if err == nil {
		return dir
	}
	if os.Getenv("CI") == "true" {
		t.Fatalf("a real Lightning network is not there, and CI=true: its tests must run: %v", err)
	}
	t.Skipf("NOT RUN, as there is no real Lightning network: %v", err)
	return ""
}
