package bench

import (
	"fmt"
	"time"

	"golang.org/x/sys/unix"
)

// ownCPU is the CPU time of this process.
func ownCPU() (time.Duration, error) { return cpuClock(unix.CLOCK_PROCESS_CPUTIME_ID) }

// threadCPU is the CPU time of the calling thread, to which the caller has
// locked its goroutine. Unlike the wall clock it stands still while a neighbour
// has the core.
func threadCPU() (time.Duration, error) { return cpuClock(unix.CLOCK_THREAD_CPUTIME_ID) }

func cpuClock(id int32) (time.Duration, error) {
	var now unix.Timespec
	if err := unix.ClockGettime(id, &now); err != nil {
		return 0, fmt.Errorf("reading a CPU clock: %w", err)
	}
	return time.Duration(now.Nano()), nil
}
