package harden

import (
	"fmt"

	"golang.org/x/sys/unix"
)

const ownerOnly = 0o077

func process() Report {
	var r Report
	note := func(what string, err error) {
		r.Problems = append(r.Problems, fmt.Sprintf("%s: %v", what, err))
	}

	unix.Umask(ownerOnly)
	r.Umask = true // the call cannot fail and has no way to be refused

	if err := unix.Setrlimit(unix.RLIMIT_CORE, &unix.Rlimit{}); err != nil {
		note("core limit", err)
	}
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		note("reading the core limit", err)
	} else {
		r.NoCore = limit.Cur == 0 && limit.Max == 0
	}

	// A core pattern that is a pipe ignores the limit above; this covers it.
	if err := unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0); err != nil {
		note("dumpable flag", err)
	}
	dumpable, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		note("reading the dumpable flag", err)
	} else {
		r.NotDumpable = dumpable == 0
	}
	return r
}
