// Package deploy holds what runs the programs in production: systemd units and
// example configurations. It has only test files, which hold the units to their
// promises.
package deploy

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// maxExposure is the worst score of `systemd-analyze security` that a unit may
// have; 0 is best, 10 is a service without any fence.
const maxExposure = 2.0

func TestUnitsAreFencedIn(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed: the units are not scored")
	}
	score := regexp.MustCompile(`Overall exposure level for \S+: ([0-9.]+)`)
	for _, unit := range []string{"signatory.service", "mintd.service"} {
		out, err := exec.CommandContext(t.Context(), tool, "security", "--offline=true", "--no-pager", "./"+unit).CombinedOutput()
		found := score.FindSubmatch(out)
		if found == nil {
			t.Fatalf("%s: no score: %v\n%s", unit, err, out)
		}
		exposure, err := strconv.ParseFloat(string(found[1]), 64)
		if err != nil {
			t.Fatal(err)
		}
		if exposure >= maxExposure {
			t.Errorf("%s: exposure %.1f, want less than %.1f", unit, exposure, maxExposure)
		}
	}
}

func TestUnitsKeepWhatTheTrustModelNeeds(t *testing.T) {
	t.Parallel()
	for unit, lines := range map[string][]string{
		"signatory.service": {
			"LimitCORE=0", "NoNewPrivileges=yes", "ProtectProc=invisible", "MemorySwapMax=0", "CapabilityBoundingSet=",
			"LoadCredentialEncrypted=passphrase:/etc/signatory/passphrase.cred", "IPAddressDeny=any", "UMask=0077",
			"Type=notify", "WatchdogSec=60s", "SocketBindDeny=any", "SocketBindAllow=ipv4:tcp:15060", "SocketBindAllow=ipv4:tcp:9339",
			"SystemCallFilter=landlock_create_ruleset landlock_add_rule landlock_restrict_self",
		},
		"mintd.service": {"LimitCORE=0", "NoNewPrivileges=yes", "CapabilityBoundingSet=", "UMask=0077", "Type=notify", "WatchdogSec=60s",
			"SocketBindDeny=any", "SocketBindAllow=ipv4:tcp:3338", "SocketBindAllow=ipv4:tcp:9338"},
	} {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		for _, line := range lines {
			if !strings.Contains("\n"+string(text), "\n"+line+"\n") {
				t.Errorf("%s has lost the line %q", unit, line)
			}
		}
	}
}

func TestEveryCredentialThatAUnitUsesIsLoadedAsAFile(t *testing.T) {
	t.Parallel()
	// A directory would become ID_NAME for each of its files, and %d/ID would
	// not exist.
	needed := map[string][]string{
		"signatory.service": {"ca.pem", "server.pem", "server.key"}, // by --tls
		"mintd.service":     {"ca.pem", "client.pem", "client.key"},
	}
	loaded := regexp.MustCompile(`(?m)^LoadCredential(?:Encrypted)?=([^:\n]+):(/\S+)$`)
	used := regexp.MustCompile(`%d/([A-Za-z0-9._-]+)`)
	for unit, names := range needed {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		files := map[string]bool{}
		for _, m := range loaded.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(m[2][strings.LastIndex(m[2], "/"):], ".") {
				t.Errorf("%s: %s looks like a directory", unit, m[2])
			}
			files[m[1]] = true
		}
		for _, m := range used.FindAllStringSubmatch(string(text), -1) {
			names = append(names, m[1])
		}
		for _, name := range names {
			if !files[name] {
				t.Errorf("%s: credential %s is used and not loaded", unit, name)
			}
		}
	}
}

// The programs are not installed where the units look: something else stands in.
func TestSystemdFindsNothingWrongWithTheUnits(t *testing.T) {
	t.Parallel()
	tool, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("systemd-analyze is not installed: the units are not verified")
	}
	for _, unit := range []string{"signatory.service", "mintd.service"} {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), unit)
		installed := regexp.MustCompile(`(?m)^ExecStart=/usr/local/bin/\S+`).ReplaceAll(text, []byte("ExecStart=/bin/true"))
		if err := os.WriteFile(copied, installed, 0o600); err != nil {
			t.Fatal(err)
		}
		if out, err := exec.CommandContext(t.Context(), tool, "verify", "--man=no", copied).CombinedOutput(); err != nil || len(out) > 0 {
			t.Errorf("%s: %v\n%s", unit, err, out)
		}
	}
}
