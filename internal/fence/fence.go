// Package fence keeps a process to the files that it needs, with Landlock: whoever
// takes it over reads no other file of the host, and reaches no process by a signal
// or an abstract socket.
//
// It trusts the kernel and nothing else. Like package harden it must never claim more
// than it has tried out: the report says what the kernel really refuses.
//
// TCP is left alone: Landlock does not cover multipath TCP, which Go's listeners use
// by default, so a rule would claim what it does not keep.
package fence

import (
	"log/slog"
	"path/filepath"
	"slices"
)

// Rules say which files a process needs. What is not there is left out.
type Rules struct {
	// Read are files, and directories with everything below them.
	Read []string
	// Write are directories in which the process may do anything but run programs.
	Write []string
	// Sockets are directories in which it makes and removes unix sockets.
	Sockets []string
	// Terminal is a device that it may talk to. Empty: none.
	Terminal string
}

// Report is what the kernel enforces after Process.
type Report struct {
	// Paths: a directory outside the rules was refused.
	Paths bool
	// Scopes: an abstract socket of another domain was refused; signals to other
	// processes are, too.
	Scopes bool
	// Problem says why something above is false; empty when all is well.
	Problem string
	// Rules that are in force, in the form in which the kernel got them.
	Rules Rules
}

// LogValue shows the report in one group of a log line.
func (r Report) LogValue() slog.Value {
	attrs := []slog.Attr{slog.Bool("paths", r.Paths), slog.Bool("scopes", r.Scopes)}
	if r.Paths {
		attrs = append(attrs, slog.Any("reads", r.Rules.Read), slog.Any("writes", slices.Concat(r.Rules.Write, r.Rules.Sockets)))
	}
	if r.Problem != "" {
		attrs = append(attrs, slog.String("problem", r.Problem))
	}
	return slog.GroupValue(attrs...)
}

// Process fences the running process in, with all its threads, for the rest of its
// life. It does not fail: the caller decides by the report.
func Process(r Rules) Report { return process(r) }

// Around are the directories in which a file has to be readable so that it can be
// replaced later by another of its name: its own, and the one to which it leads if it
// is a link. Of a file right below the root, or among the devices, it is the file
// alone, because the rest there is everything.
func Around(files ...string) []string {
	var out []string
	for _, file := range files {
		if file == "" {
			continue
		}
		for _, path := range []func(string) (string, error){filepath.Abs, filepath.EvalSymlinks} {
			at, err := path(file)
			if err != nil {
				continue
			}
			if at, err = filepath.Abs(at); err != nil {
				continue
			}
			if dir := filepath.Dir(at); dir != "/" && dir != "/dev" {
				at = dir
			}
			if !slices.Contains(out, at) {
				out = append(out, at)
			}
		}
	}
	return out
}
