package e2e

import (
	"maps"
	"math/rand/v2"
	"syscall"
	"time"

	"mintmark/internal/crashpoint"
)

// replicaKilled kills the first of two replicas; the other recovers what it left.
func replicaKilled(p crashpoint.Name) fault {
	return fault{kind: "one of two mintd killed", point: string(p), strike: func(f *force) time.Time {
		f.stack.Faults.Kill(string(p), 2+rand.IntN(20))
		f.died(f.stack.Mintd, f.stack.Faults)
		began := time.Now()
		f.goesOn() // on the other
		return began
	}}
}

// replicaFenced freezes the first of two replicas in the middle of an operation,
// until the other has taken that away from it, and then lets it go on. With fast
// the clock of the other is ahead, so that the lease need not be waited for.
func replicaFenced(p crashpoint.Name, fast bool) fault {
	flt := fault{kind: "one of two mintd frozen", point: string(p) + ", clocks differ"}
	if !fast {
		flt.point = string(p) + ", past lease"
	}
	flt.strike = func(f *force) time.Time {
		first, second := f.stacks[0], f.stacks[1]
		first.Faults.Stop(string(p), 2+rand.IntN(20))
		f.waitUntil("the replica stands still", func() bool {
			return first.Mintd.Frozen() && first.Faults.Struck(first.Mintd.PID())
		})
		left := f.lingering()
		if len(left) == 0 {
			f.t.Fatal("the fault did not happen: the frozen replica holds no operation")
		}
		if fast {
			f.excuse(20007) // to the other, offers of the first have run out
			second.Faults.Clock(jump)
		}
		for deadline := time.Now().Add(2 * time.Minute); len(left) > 0; time.Sleep(200 * time.Millisecond) {
			now := f.sagas(1)
			maps.DeleteFunc(left, func(id string, _ bool) bool { return !now[id] })
			if time.Now().After(deadline) {
				f.t.Fatalf("nobody took %d operations from the frozen replica", len(left))
			}
		}
		if !first.Mintd.Frozen() {
			f.t.Error("the replica did not stay frozen")
		}
		first.Faults.Cancel()
		first.Mintd.Signal(syscall.SIGCONT)
		began := time.Now()
		f.goesOn()
		second.Faults.Clock(0)
		return began
	}
	return flt
}

// lingering are the operations that do not end by themselves.
func (f *force) lingering() map[string]bool {
	first := f.sagas(1)
	for range 3 {
		time.Sleep(300 * time.Millisecond)
		now := f.sagas(1)
		maps.DeleteFunc(first, func(id string, _ bool) bool { return !now[id] })
	}
	return first
}

// revive starts the replicas that are dead.
func (f *force) revive() {
	f.t.Helper()
	for _, s := range f.stacks {
		if !s.Mintd.Running() {
			s.StartMintd()
		}
	}
}
