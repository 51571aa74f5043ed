package heap

import (
	"math"
	"runtime/debug"
	"testing"
)

func settings() (percent int, limit int64) {
	percent = debug.SetGCPercent(100)
	debug.SetGCPercent(percent)
	limit = debug.SetMemoryLimit(-1)
	return percent, limit
}

// reset starts from what Go does by itself, and goes back to what was.
func reset(t *testing.T) {
	t.Helper()
	percent, limit := debug.SetGCPercent(100), debug.SetMemoryLimit(math.MaxInt64)
	t.Cleanup(func() {
		debug.SetGCPercent(percent)
		debug.SetMemoryLimit(limit)
	})
}

func TestTheHeapMayGrowUpToALimit(t *testing.T) {
	reset(t)
	t.Setenv("GOGC", "")
	t.Setenv("GOMEMLIMIT", "")
	Tune(1 << 30)
	if percent, limit := settings(); percent != growth || limit != 1<<30 {
		t.Errorf("%d %% and %d bytes", percent, limit)
	}
}

func TestTheEnvironmentOfTheOperatorComesFirst(t *testing.T) {
	reset(t)
	t.Setenv("GOGC", "50")
	t.Setenv("GOMEMLIMIT", "1GiB")
	Tune(1 << 20)
	if percent, limit := settings(); percent != 100 || limit != math.MaxInt64 {
		t.Errorf("%d %% and %d bytes were set over the operator's", percent, limit)
	}
}
