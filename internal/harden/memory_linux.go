package harden

import (
	"fmt"
	"os"
	"strconv"
	"strings"

	"golang.org/x/sys/unix"
)

func lockMemory(r *Report) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_MEMLOCK, &limit); err != nil {
		r.Problems = append(r.Problems, fmt.Sprintf("reading the limit of locked memory: %v", err))
		return
	}
	if limit.Cur != unix.RLIM_INFINITY && !mayLock() {
		r.Problems = append(r.Problems, fmt.Sprintf("memory lock: the limit is %d bytes, it must be infinity", limit.Cur))
		return
	}
	// On fault: the Go runtime reserves far more addresses than it uses.
	if err := unix.Mlockall(unix.MCL_CURRENT | unix.MCL_FUTURE | unix.MCL_ONFAULT); err != nil {
		r.Problems = append(r.Problems, fmt.Sprintf("memory lock: %v", err))
		return
	}
	r.MemoryLocked = lockedKiB() > 0
}

// mayLock tells whether the process has CAP_IPC_LOCK, which no limit binds.
func mayLock() bool {
	caps, err := strconv.ParseUint(statusField("CapEff"), 16, 64)
	return err == nil && caps&(1<<unix.CAP_IPC_LOCK) != 0
}

// lockedKiB is how much the kernel says is locked.
func lockedKiB() uint64 {
	n, _ := strconv.ParseUint(strings.TrimSuffix(statusField("VmLck"), " kB"), 10, 64)
	return n
}

// statusField reads a line of /proc/self/status, which stays readable for a
// process that is not dumpable.
func statusField(name string) string {
	text, err := os.ReadFile("/proc/self/status")
	if err != nil {
		return ""
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(value)
		}
	}
	return ""
}
