// Package procs sets how many threads of a server may run Go code at once.
//
// It trusts the operator, whose GOMAXPROCS comes first. It must never set fewer
// than Go would.
package procs

import (
	"os"
	"runtime"
)

// Spare adds n to what Go has found, one for every goroutine that spends its time
// in system calls, above all waiting for a disk. Go takes a thread for running until
// such a call has lasted for long, and with none to spare its monitor wakes up some
// ten thousand times a second to see whether one has: a tenth of what a mint with
// SQLite costs under load. More threads than processors share them, nothing else.
//
// Once it is set, Go does not follow later changes of the limit of its cgroup.
func Spare(n int) {
	if os.Getenv("GOMAXPROCS") == "" {
		runtime.GOMAXPROCS(runtime.GOMAXPROCS(0) + n)
	}
}
