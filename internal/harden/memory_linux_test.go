package harden_test

import (
	"os"
	"os/exec"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"mintmark/internal/harden"
)

// lockChild marks the process that locks its memory.
const lockChild = "lock"

// childLocks ends with 0 when the report is what /proc says.
func childLocks() int {
	r := harden.Process()
	harden.LockMemory(&r)
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return 20
	}
	locked := false
	for line := range strings.Lines(string(text)) {
		if f := strings.Fields(line); len(f) > 1 && f[0] == "VmLck:" {
			locked = f[1] != "0"
		}
	}
	if r.MemoryLocked != locked || r.MemoryLocked == (len(r.Problems) > 0) {
		return 21
	}
	// Working on must be possible with everything locked.
	if total := len(strings.Repeat("x", 64<<20)); total == 0 {
		return 22
	}
	if os.Getenv("MINTMARK_TEST_EXPECT_LOCK") == "no" && locked {
		return 23
	}
	return 0
}

func TestLockedMemoryIsReportedAsTheKernelSeesIt(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), exe)
	cmd.Env = append(os.Environ(), childVar+"="+lockChild)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
}

// With a limit and without the capability, the process says so and works on.
func TestMemoryIsNotLockedUnderALimit(t *testing.T) {
	t.Parallel()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", "ulimit -l 64; exec "+exe)
	cmd.Env = append(os.Environ(), childVar+"="+lockChild, "MINTMARK_TEST_EXPECT_LOCK=no")
	if unix.Geteuid() == 0 {
		cmd.Args[2] = "ulimit -l 64; exec setpriv --bounding-set=-ipc_lock --inh-caps=-ipc_lock " + exe
		if _, err := exec.LookPath("setpriv"); err != nil {
			t.Skip("as root, without setpriv: nothing to take the capability away with")
		}
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("child: %v\n%s", err, out)
	}
}
