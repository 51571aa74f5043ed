//go:build crashpoints

package crashpoint

import (
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
)

// Enabled tells whether this build can be made to crash.
const Enabled = true

var hits atomic.Int64

// Here kills the process when MINTMARK_CRASH_AT names this place and it has
// been passed often enough. SIGKILL and not os.Exit: nothing may be tidied up.
func Here(name Name) {
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
	_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	select {} // the signal is on its way; go no further
}
