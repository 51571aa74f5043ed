//go:build !crashpoints

package crashpoint

// Enabled tells whether this build can be made to crash.
const Enabled = false

// Here does nothing in this build.
func Here(Name) {}
