// Package heap sets how much memory the servers trade for less garbage collection.
//
// It trusts the operator, whose GOGC and GOMEMLIMIT come first. It must never set
// one without the other: with room to grow and no limit, a few large requests
// could take the machine.
package heap

import (
	"os"
	"runtime/debug"
)

// growth is how far the heap may grow beyond what is in use before it is
// collected, in percent. A server that keeps little and makes much garbage, as
// ours do, spends a tenth of its time on collections with Go's 100.
const growth = 400

// Tune lets the heap grow to five times what is in use, up to a limit, from where
// on it is collected more often. Only what the environment leaves open is set.
func Tune(limit int64) {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(growth)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(limit)
	}
}
