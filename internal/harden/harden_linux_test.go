package harden_test

import (
	"bytes"
	"log/slog"
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"mintmark/internal/harden"
)

// childVar marks the process that hardens itself: the test binary started again,
// so that the test process is left as it is.
const childVar = "MINTMARK_TEST_HARDEN_CHILD"

func TestMain(m *testing.M) {
	switch dir := os.Getenv(childVar); dir {
	case "":
	case lockChild:
		os.Exit(childLocks())
	default:
		os.Exit(child(dir))
	}
	os.Exit(m.Run())
}

func child(dir string) int {
	r := harden.Process()
	limits, err := os.ReadFile("/proc/self/limits")
	if err != nil {
		return 10
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	switch {
	case !r.Umask || !r.NoCore || !r.NotDumpable || len(r.Problems) > 0:
		return 11
	case err != nil || dumpable != 0:
		return 12
	case !coreLimitIsZero(string(limits)):
		return 13
	}
	if err := os.WriteFile(dir+"/file", nil, 0o666); err != nil {
		return 14
	}
	info, err := os.Stat(dir + "/file")
	if err != nil || info.Mode().Perm() != 0o600 {
		return 15
	}
	return 0
}

func coreLimitIsZero(limits string) bool {
	for line := range strings.Lines(limits) {
		if rest, ok := strings.CutPrefix(line, "Max core file size"); ok {
			f := strings.Fields(rest)
			return len(f) >= 2 && f[0] == "0" && f[1] == "0"
		}
	}
	return false
}

func TestTheKernelConfirmsTheReport(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childVar+"="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("hardened child: %v\n%s", err, out)
	}
}

func TestTheLogLineSaysWhatIsMissing(t *testing.T) {
	t.Parallel()
	var buf bytes.Buffer
	report := harden.Report{Umask: true, Problems: []string{"dumpable flag: operation not permitted"}}
	slog.New(slog.NewTextHandler(&buf, nil)).Info("start", "hardening", report)
	for _, want := range []string{
		"hardening.umask_077=true", "hardening.core_off=false", "hardening.not_dumpable=false",
		`hardening.problems="dumpable flag: operation not permitted"`,
	} {
		if !strings.Contains(buf.String(), want) {
			t.Errorf("%q lacks %q", buf.String(), want)
		}
	}
}
