// Package harden makes a process that holds secrets harder to look into, with
// what the kernel offers to any process without privileges.
//
// It trusts the kernel and nothing else. It must never claim more than it has
// read back: the report says what is in force, not what was asked for, so that
// a container that forbids one of the calls is visible in the log.
package harden

import (
	"log/slog"
	"strings"
)

// Report is what is in force after Process.
type Report struct {
	// Umask: files made from now on are for their owner only, unless their
	// mode is set expressly.
	Umask bool
	// NoCore: the limit for core dumps is zero and cannot be raised again.
	NoCore bool
	// NotDumpable: other processes of the same user cannot attach a debugger
	// or read /proc/PID/mem, and no core is written, not even to a pipe. The
	// process itself can still open paths like /dev/fd/3.
	NotDumpable bool
	// MemoryLocked: nothing of the process is written to swap. Only after
	// LockMemory was called.
	MemoryLocked bool
	// Problems says why something above is false; empty when all is well.
	Problems []string
}

// LogValue shows the report in one group of a log line.
func (r Report) LogValue() slog.Value {
	attrs := []slog.Attr{
		slog.Bool("umask_077", r.Umask),
		slog.Bool("core_off", r.NoCore),
		slog.Bool("not_dumpable", r.NotDumpable),
		slog.Bool("memory_locked", r.MemoryLocked),
	}
	if len(r.Problems) > 0 {
		attrs = append(attrs, slog.String("problems", strings.Join(r.Problems, "; ")))
	}
	return slog.GroupValue(attrs...)
}

// Process hardens the running process, for the rest of its life, and reports
// what was achieved. It does not fail: a process that cannot be hardened may
// still be wanted, and the operator decides by the report. Call it before the
// first secret is read.
func Process() Report { return process() }

// LockMemory keeps all memory of the process, that of now and that of later, out
// of swap, and adds the result to the report. It needs an unlimited memory lock
// (LimitMEMLOCK=infinity) or CAP_IPC_LOCK: with a smaller limit it is not even
// tried, because a process that locks what it will need later dies when that is
// more. The kernel keeps copies of its own; a machine without swap, or with
// encrypted swap, is worth more than this.
func LockMemory(r *Report) { lockMemory(r) }
