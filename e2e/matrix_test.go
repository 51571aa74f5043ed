package e2e

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/internal/pgtest"
)

const (
	smallDisk = 48 << 20

	onSQLite   = "SQLite"
	onPostgres = "PostgreSQL"
)

// impatient makes everything quick that a fault makes slow.
const impatient = "1s"

// next says what befalls a mint next: faults one after the other, with one
// verdict at the end, under which the requests of all of them are counted for the
// last. Nothing: it is over.
type next func() []fault

// each is every fault once, each with its verdict.
func each(faults ...fault) next { return groups(1, faults...) }

// groups is every fault once, so many between two verdicts.
func groups(together int, faults ...fault) next {
	return func() []fault {
		some := faults[:min(together, len(faults))]
		faults = faults[len(some):]
		return some
	}
}

// until is faults from the list, again and again, so many between two verdicts.
func until(end time.Time, together int, faults ...fault) next {
	var rest []fault
	return func() []fault {
		if !time.Now().Before(end) {
			return nil
		}
		if len(rest) < together {
			rest = append(rest, shuffled(slices.Clone(faults))...)
		}
		some := rest[:together]
		rest = rest[together:]
		return some
	}
}

func shuffled(faults []fault) []fault {
	rand.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	return faults
}

// suffer lets faults befall a mint under the load of many wallets, with verdicts
// in between, and takes a last look at the end.
func (f *force) suffer(tb *table, database string, faults next) {
	f.t.Helper()
	f.run()
	f.waitUntil("every wallet has something", func() bool { return f.answers() > len(f.workers) })
	var l *line
	for some := faults(); len(some) > 0; some = faults() {
		var began time.Time
		for _, flt := range some {
			if f.stop == nil {
				f.revive()
				f.run()
				f.goesOn()
			}
			l = tb.begin(database, flt)
			began = flt.strike(f)
			tb.struck(l)
		}
		report, recovery := f.judge(began)
		tb.judged(l, report, recovery)
		if f.t.Failed() {
			f.t.Fatalf("after %s, %s", l.kind, l.point)
		}
	}
	if l != nil {
		f.revive()
		tb.last(l, f.close())
	}
}

// world is one mint, and what befalls it.
type world struct {
	name     string
	database string
	// faults may depend on the server of the database, which belongs to this
	// world alone, and is nil on SQLite.
	faults    func(*pgtest.Server) next
	replicas  int // besides the first mintd
	smallDisk int // bytes, 0 = no disk of its own
	// noMelts is for worlds in which a replica is frozen: it may be so with the
	// lock of the file of the fake node, and then no other can pay.
	noMelts  bool
	deadline string // of calls to the signatory; empty = impatient
}

// run makes the mint of the world and lets it suffer.
func (w world) run(t *testing.T, tb *table) {
	t.Helper()
	var server *pgtest.Server
	url := ""
	if w.database == onPostgres {
		server = pgtest.Start(t, pgtest.Options{})
		url = server.Database(t)
	}
	s := harness.NewStack(t, crashing, harness.Unix)
	s.Config, s.Database = harness.Quick(cmp.Or(w.deadline, impatient)), url
	s.Config = strings.Replace(s.Config, "[quotes]\n", "[quotes]\npay_timeout = \""+payTimeout+"\"\n", 1)
	if w.replicas > 0 {
		s.ShareNode()
	}
	if w.smallDisk > 0 {
		if err := s.SmallDisk(w.smallDisk); err != nil {
			t.Skipf("no small disk here: %v", err)
		}
	}
	s.Start()
	var replicas []*harness.Stack
	for range w.replicas {
		other := s.Replica()
		other.StartMintd()
		replicas = append(replicas, other)
	}
	f := newForce(t, s, workers, replicas...)
	f.noMelts = w.noMelts
	f.suffer(tb, w.database, w.faults(server))
}

// once is for faults that need no server.
func once(list ...fault) func(*pgtest.Server) next {
	return func(*pgtest.Server) next { return each(list...) }
}

// P2 to P6 under faults, each once. make crash does them for minutes.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	tb := &table{started: time.Now()}
	t.Cleanup(func() { t.Logf("\n%s", tb) })
	const moment = 2 * time.Second
	worlds := []world{
		{name: "one of two replicas is frozen", database: onPostgres, replicas: 1, noMelts: true, faults: once(replicaFenced("swap.signed", true))},
		{name: "one of two replicas is killed", database: onPostgres, replicas: 1, faults: once(replicaKilled("melt.sent"))},
		{name: "the mint is killed", database: onSQLite, faults: once(shuffled(mintFaults())...)},
		{name: "the signatory is killed or frozen", database: onSQLite,
			faults: once(append(shuffled(signatoryFaults()), signatoryFrozen(moment), mintFrozen(moment))...)},
		{name: "the database is killed or frozen", database: onPostgres,
			faults: func(s *pgtest.Server) next {
				return each(databaseKilled(s), databaseFrozen(s, moment), databaseKilled(s))
			}},
		{name: "the disk is full", database: onSQLite, smallDisk: smallDisk, faults: once(diskFull(false), diskFull(true))},
		{name: "files cannot grow and the clock jumps", database: onSQLite,
			faults: once(filesLimited(), clockForthAndBack(), clockPastKeyset(), clockAcrossCrash(-jump), clockAcrossCrash(jump))},
		// Here each recovery takes a quarter of a minute, until the dead owner is
		// known to be dead: a few deaths share a verdict, make crash has the rest.
		{name: "the mint is killed", database: onPostgres,
			faults: func(*pgtest.Server) next { return groups(5, shuffled(mintFaults())[:5]...) }},
	}
	for _, w := range worlds {
		t.Run(fmt.Sprintf("%s on %s", w.name, w.database), func(t *testing.T) {
			t.Parallel()
			w.run(t, tb)
		})
	}
}
