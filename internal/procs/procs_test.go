package procs

import (
	"runtime"
	"testing"
)

// spared tells how many threads Spare(2) adds.
func spared(t *testing.T) int {
	t.Helper()
	before := runtime.GOMAXPROCS(0)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
	Spare(2)
	return runtime.GOMAXPROCS(0) - before
}

func TestThreadsAreAddedToWhatGoHasFound(t *testing.T) {
	t.Setenv("GOMAXPROCS", "")
	if n := spared(t); n != 2 {
		t.Errorf("%d were added", n)
	}
}

func TestTheNumberOfTheOperatorComesFirst(t *testing.T) {
	t.Setenv("GOMAXPROCS", "3")
	if n := spared(t); n != 0 {
		t.Errorf("%d were added to the operator's", n)
	}
}
