package e2e

import (
	"fmt"
	"math/rand/v2"
	"syscall"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/internal/crashpoint"
	"mintmark/internal/pgtest"
	"mintmark/keystore"
	"mintmark/mint"
	"mintmark/signatory/server"
)

// fault is something that befalls a mint under load. strike does it, proves that
// it happened, and repairs what it broke; it returns when the mint had all it
// needs again. It is called under load and may end the load.
type fault struct {
	kind, point string
	strike      func(f *force) time.Time
}

const (
	strikePatience = 40 * time.Second
	atRandom       = "at random"
	// after is how long the load goes on when the repair is done.
	after = 200 * time.Millisecond
)

// waitUntil fails the test when what must happen does not.
func (f *force) waitUntil(what string, happened func() bool) {
	f.t.Helper()
	for deadline := time.Now().Add(strikePatience); !happened(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			f.t.Fatalf("the fault did not happen: %s", what)
		}
	}
}

// excuse allows refusals that the fault explains, until the next verdict.
func (f *force) excuse(codes ...int) {
	if f.excused == nil {
		f.excused = map[int]bool{}
	}
	for _, code := range codes {
		f.excused[code] = true
	}
}

// died waits until a process has died of the order that it was given.
func (f *force) died(p *harness.Process, faults *harness.Faults) {
	f.t.Helper()
	f.waitUntil(p.Name+" dies", func() bool { return !p.Running() })
	p.WaitKilled()
	if !faults.Struck(p.PID()) {
		f.t.Fatalf("%s died, but not of its order", p.Name)
	}
	faults.Cancel()
}

// restart starts the mint again, once the wallets have noticed its end.
func (f *force) restart() time.Time {
	f.t.Helper()
	f.halt()
	began := time.Now()
	f.stack.StartMintd()
	return began
}

// mintFaults kill the mint at every crash point.
func mintFaults() []fault {
	var list []fault
	for _, p := range mint.CrashPoints() {
		list = append(list, mintFault(p))
	}
	return append(list, mintKilledAtRandom)
}

func mintFault(p crashpoint.Name) fault {
	point := string(p)
	strike := func(f *force) time.Time {
		f.stack.Faults.Kill(point, 1+rand.IntN(12))
		f.died(f.stack.Mintd, f.stack.Faults)
		return f.restart()
	}
	switch point {
	case "saga.undoing", "saga.undone", "melt.settled":
		strike = func(f *force) time.Time { return f.killUndoing(point) }
	case "recovery.claimed", "recovery.recovered":
		strike = func(f *force) time.Time { return f.killRecovering(point) }
	}
	return fault{kind: "mintd killed", point: point, strike: strike}
}

var mintKilledAtRandom = fault{kind: "mintd killed", point: atRandom, strike: func(f *force) time.Time {
	pause(50*time.Millisecond, 400*time.Millisecond)
	f.stack.Mintd.Kill()
	f.stack.Mintd.WaitKilled()
	return f.restart()
}}

// killUndoing makes swaps fail in the middle, by taking the signatory away, so
// that the mint has something to undo, or melts that are paid and cannot give change.
func (f *force) killUndoing(point string) time.Time {
	f.t.Helper()
	f.stack.Faults.Kill(point, 1+rand.IntN(3))
	for deadline := time.Now().Add(strikePatience); f.stack.Mintd.Running() && time.Now().Before(deadline); {
		f.stack.Signatory.Kill()
		for range 20 {
			if !f.stack.Mintd.Running() {
				break
			}
			time.Sleep(10 * time.Millisecond)
		}
		f.stack.StartSignatory()
		pause(50*time.Millisecond, 100*time.Millisecond)
	}
	f.died(f.stack.Mintd, f.stack.Faults)
	return f.restart()
}

// killRecovering kills the mint twice: under load, and when it starts and recovers.
func (f *force) killRecovering(point string) time.Time {
	f.t.Helper()
	first := []string{"swap.reserved", "melt.reserved", "melt.sent"}[rand.IntN(3)]
	f.stack.Faults.Kill(first, 2+rand.IntN(8))
	f.died(f.stack.Mintd, f.stack.Faults)
	f.halt()
	f.stack.Faults.Kill(point, 1)
	f.stack.LaunchMintd()
	f.died(f.stack.Mintd, f.stack.Faults)
	return f.restart()
}

// signatoryFaults kill the signatory at every crash point and at random.
func signatoryFaults() []fault {
	var list []fault
	for _, p := range append(keystore.CrashPoints(), server.CrashPoints()...) {
		list = append(list, signatoryFault(string(p)))
	}
	return append(list, signatoryKilledAtRandom)
}

func signatoryFault(point string) fault {
	rotates := point == "rotate.committed" || point == "rotate.published"
	return fault{kind: "signatory killed", point: point, strike: func(f *force) time.Time {
		if rotates {
			pause(20*time.Millisecond, 150*time.Millisecond)
			f.excuse(12002)
			f.stack.SignatoryFaults.Kill(point, 1)
			before := f.keyset().ID
			if out, err := f.stack.TryRotate("--fee-ppk", fmt.Sprint(100*rand.IntN(3))); err == nil {
				f.t.Errorf("the signatory was to die in the rotation, but said %s", out)
			}
			defer f.rotated(before)
		} else {
			f.stack.SignatoryFaults.Kill(point, 1+rand.IntN(20))
		}
		f.died(f.stack.Signatory, f.stack.SignatoryFaults)
		return f.signatoryBack()
	}}
}

var signatoryKilledAtRandom = fault{kind: "signatory killed", point: atRandom, strike: func(f *force) time.Time {
	pause(50*time.Millisecond, 300*time.Millisecond)
	f.stack.Signatory.Kill()
	return f.signatoryBack()
}}

// signatoryBack starts the signatory again, under the load that goes on.
func (f *force) signatoryBack() time.Time {
	f.t.Helper()
	pause(50*time.Millisecond, after)
	f.stack.StartSignatory()
	began := time.Now()
	time.Sleep(after)
	return began
}

// rotated waits until the mint shows another active keyset.
func (f *force) rotated(before cashu.KeysetID) {
	f.t.Helper()
	f.waitUntil("the mint takes up the new keyset", func() bool {
		f.refresh(f.fronts[0])
		return f.keyset().ID != before
	})
}

// frozen stops a process for a while.
func frozen(name string, d time.Duration, which func(*harness.Stack) *harness.Process) fault {
	return fault{kind: name + " frozen", point: d.String(), strike: func(f *force) time.Time {
		pause(50*time.Millisecond, after)
		p := which(f.stack)
		p.Signal(syscall.SIGSTOP)
		f.waitUntil(name+" stands still", p.Frozen)
		time.Sleep(d)
		if !p.Frozen() {
			f.t.Errorf("%s did not stay frozen", name)
		}
		p.Signal(syscall.SIGCONT)
		began := time.Now()
		time.Sleep(after)
		return began
	}}
}

func signatoryFrozen(d time.Duration) fault {
	return frozen("signatory", d, func(s *harness.Stack) *harness.Process { return s.Signatory })
}

func mintFrozen(d time.Duration) fault {
	return frozen("mintd", d, func(s *harness.Stack) *harness.Process { return s.Mintd })
}

// The server of the database.

func databaseKilled(server *pgtest.Server) fault {
	return fault{kind: "database killed", point: atRandom, strike: func(f *force) time.Time {
		pause(50*time.Millisecond, 300*time.Millisecond)
		server.Kill(f.t)
		f.waitUntil("the mint notices that its database is gone", func() bool { return f.serverErrors() > 0 })
		server.Restart(f.t)
		began := time.Now()
		time.Sleep(after)
		return began
	}}
}

func databaseFrozen(server *pgtest.Server, d time.Duration) fault {
	return fault{kind: "database frozen", point: d.String(), strike: func(f *force) time.Time {
		pause(50*time.Millisecond, after)
		server.Freeze(f.t)
		before := f.answers()
		time.Sleep(d)
		// Nothing that needs the database was answered meanwhile.
		if n := f.answers() - before; n > len(f.workers) {
			f.t.Errorf("%d requests were granted while the database stood still", n)
		}
		server.Thaw(f.t)
		began := time.Now()
		time.Sleep(after)
		return began
	}}
}

// serverErrors counts the answers of this scene that speak of trouble.
func (f *force) serverErrors() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for code, count := range f.refusals {
		if code <= -500 {
			n += count
		}
	}
	return n
}

// answers counts what was granted in this scene.
func (f *force) answers() int {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.granted
}
