package e2e

import (
	"fmt"
	"math/rand/v2"
	"time"

	"mintmark/e2e/harness"
)

// diskFull fills the disk of the mint's data, a small one, under load. With kill
// the mint dies while it is full.
func diskFull(kill bool) fault {
	flt := fault{kind: "disk full", point: "mint's data"}
	if kill {
		flt.point += ", killed"
	}
	flt.strike = func(f *force) time.Time {
		pause(50*time.Millisecond, after)
		f.stack.FillDisk()
		f.troubled("the mint notices that its disk is full")
		if kill {
			f.stack.Mintd.Kill()
			f.stack.EmptyDisk()
			return f.restart()
		}
		pause(after, 2*after)
		f.stack.EmptyDisk()
		began := time.Now()
		time.Sleep(after)
		return began
	}
	return flt
}

// filesLimited is a full disk for who may not mount a small one: the mint's files
// can grow no more.
func filesLimited() fault {
	return fault{kind: "disk full", point: "limit of files", strike: func(f *force) time.Time {
		pause(50*time.Millisecond, after)
		f.stack.Mintd.LimitFiles(4096)
		f.troubled("the mint notices that its files cannot grow")
		pause(after, 2*after)
		f.stack.Mintd.LimitFiles(harness.NoLimit)
		began := time.Now()
		time.Sleep(after)
		return began
	}}
}

// troubled waits until the mint has refused some more requests for its own sake.
func (f *force) troubled(what string) {
	f.t.Helper()
	before := f.serverErrors()
	f.waitUntil(what, func() bool { return f.serverErrors() > before+10 })
}

// jump is further than any quote or lease lasts.
const jump = 2 * time.Hour

// clockForthAndBack sets the mint's clock ahead under load, past the end of every
// quote, and back.
func clockForthAndBack() fault {
	return fault{kind: "clock jumps", point: "past quotes, back", strike: func(f *force) time.Time {
		f.excuse(20007) // a quote that nobody had paid yet
		f.setClock(jump)
		f.goesOn()
		f.setClock(0)
		f.goesOn()
		return time.Now()
	}}
}

// clockAcrossCrash kills the mint and starts it with another time.
func clockAcrossCrash(d time.Duration) fault {
	return fault{kind: "clock jumps", point: fmt.Sprintf("by %s in a crash", d), strike: func(f *force) time.Time {
		f.excuse(20007)
		f.stack.Faults.Kill([]string{"swap.reserved", "melt.sent"}[rand.IntN(2)], 2+rand.IntN(10))
		f.died(f.stack.Mintd, f.stack.Faults)
		f.stack.Faults.Clock(d)
		began := f.restart()
		f.setClock(d) // proves it
		f.settle()
		f.run()
		f.goesOn()
		f.setClock(0)
		return began
	}}
}

// clockPastKeyset lets the active keyset expire under load, and come back.
func clockPastKeyset() fault {
	return fault{kind: "clock jumps", point: "past keyset, back", strike: func(f *force) time.Time {
		f.excuse(12002, 12003, 20007)
		f.expired = true
		f.rotate("--final-expiry", time.Now().Add(jump/2).UTC().Format(time.RFC3339))
		f.goesOn()
		f.setClock(jump)
		f.waitUntil("coins are refused as expired", func() bool { return f.refused(12003) > len(f.workers)/2 })
		pause(50*time.Millisecond, after)
		f.setClock(0)
		f.goesOn()
		f.rotate("--final-expiry", "0")
		f.goesOn()
		return time.Now()
	}}
}

// rotate makes a new keyset and waits until the mint uses it.
func (f *force) rotate(args ...string) {
	f.t.Helper()
	before := f.keyset().ID
	f.stack.Rotate(args...)
	f.rotated(before)
}

// setClock sets the mint's clock and proves, by what the mint says the time is, that
// it goes by it.
func (f *force) setClock(d time.Duration) {
	f.t.Helper()
	f.stack.Faults.Clock(d)
	var info struct {
		Time int64 `json:"time"`
	}
	f.fronts[0].MustGet("/v1/info", &info)
	if off := time.Unix(info.Time, 0).Sub(time.Now().Add(d)).Abs(); off > time.Minute {
		f.t.Fatalf("the fault did not happen: the time of a mint whose clock is %v ahead is off by %v", d, off)
	}
}

// goesOn waits until some wallets have got something done.
func (f *force) goesOn() {
	f.t.Helper()
	before := f.answers()
	f.waitUntil("the mint goes on", func() bool { return f.answers() > before+len(f.workers)/4 })
}
