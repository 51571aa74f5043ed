//go:build crashpoints

package crashpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"time"
)

// Enabled tells whether this build can be made to crash.
const Enabled = true

var hits atomic.Int64

// Here kills or freezes the process when this place was named and has been
// passed often enough. SIGKILL and not os.Exit: nothing may be tidied up.
func Here(name Name) {
	ordered(name)
	at, count, found := strings.Cut(os.Getenv("MINTMARK_CRASH_AT"), ":")
	if at != string(name) {
		return
	}
	n := int64(1)
	if found {
		if v, err := strconv.ParseInt(count, 10, 64); err == nil {
			n = v
		}
	}
	if hits.Add(1) != n {
		return
	}
	die()
}

func die() {
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way; go no further
}

// Clock is the system's time, shifted as the test orders.
func Clock() func() time.Time {
	dir := os.Getenv("MINTMARK_FAULTS")
	if dir == "" {
		return time.Now
	}
	return func() time.Time { return time.Now().Add(offset(dir)) }
}

// Orders is the directory of faults.
func Orders() string { return os.Getenv("MINTMARK_FAULTS") }
