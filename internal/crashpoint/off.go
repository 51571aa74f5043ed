//go:build !crashpoints

package crashpoint

import "time"

// Enabled tells whether this build can be made to crash.
const Enabled = false

// Here does nothing in this build.
func Here(Name) {}

// Clock is time.Now in this build.
func Clock() func() time.Time { return time.Now }

// Orders is the directory of faults; empty in this build.
func Orders() string { return "" }
