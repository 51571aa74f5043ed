//go:build !linux

package harden

// process does nothing: only Linux is supported for real money. The report says
// so honestly.
func process() Report {
	return Report{Problems: []string{"not implemented on this operating system"}}
}

func lockMemory(r *Report) {
	r.Problems = append(r.Problems, "memory lock: not implemented on this operating system")
}
