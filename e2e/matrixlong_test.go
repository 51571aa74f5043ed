package e2e

import (
	"flag"
	"fmt"
	"os"
	"testing"
	"time"

	"mintmark/internal/crashpoint"
	"mintmark/internal/pgtest"
)

var crashTime = flag.Duration("crash", 0, "run the long crash matrix for about so long")

// The long crash matrix: every fault over and over, on both databases, with
// hundreds of deaths. "make crash" runs it.
func TestCrashMatrixForLong(t *testing.T) {
	if *crashTime <= 0 {
		t.Skip("only make crash runs this")
	}
	tb := &table{started: time.Now(), out: os.Stdout}
	t.Cleanup(func() { fmt.Printf("\n%s\n%v of %s\n", tb, time.Since(tb.started).Round(time.Second), t.Name()) })
	const freeze = 30 * time.Second
	share := func(part float64) time.Time { return tb.started.Add(time.Duration(part * float64(*crashTime))) }
	often := func(end time.Time, together int, faults ...fault) func(*pgtest.Server) next {
		return func(*pgtest.Server) next { return until(end, together, faults...) }
	}
	killed, starved, served := share(0.3), share(0.42), share(0.9) // what goes on then takes a while
	clock := []fault{clockForthAndBack(), clockPastKeyset(), clockAcrossCrash(-jump), clockAcrossCrash(jump)}
	waves := [][]world{{
		{name: "mint killed", database: onSQLite, faults: often(killed, 3, mintFaults()...)},
		{name: "signatory killed", database: onSQLite, faults: often(killed, 2, signatoryFaults()...)},
		{name: "frozen", database: onSQLite, deadline: "10s", faults: often(killed, 1, signatoryFrozen(freeze), mintFrozen(freeze))},
	}, {
		{name: "disk full", database: onSQLite, smallDisk: smallDisk, faults: often(starved, 2, diskFull(false), diskFull(true), filesLimited())},
		{name: "clock", database: onSQLite, faults: often(starved, 1, clock...)},
	}, {
		{name: "signatory killed", database: onPostgres, faults: often(served, 3, signatoryFaults()...)},
		{name: "signatory frozen", database: onPostgres, deadline: "10s", faults: often(served, 1, signatoryFrozen(freeze))},
		{name: "database killed", database: onPostgres, faults: func(s *pgtest.Server) next { return until(served, 1, databaseKilled(s)) }},
		{name: "database frozen", database: onPostgres, faults: func(s *pgtest.Server) next { return until(served, 1, databaseFrozen(s, freeze)) }},
		{name: "clock", database: onPostgres, faults: often(share(0.6), 2, clock...)},
		{name: "two replicas, one frozen past its lease", database: onPostgres, replicas: 1, noMelts: true, faults: often(share(0.6), 1, replicaFenced("swap.signed", false))},
	}}
	last := &waves[len(waves)-1]
	var frozen, orphaned []fault
	for _, p := range []crashpoint.Name{"swap.reserved", "swap.signed", "issue.reserved", "issue.signed"} {
		frozen = append(frozen, replicaFenced(p, true))
	}
	for _, p := range []crashpoint.Name{"swap.signed", "issue.reserved", "melt.reserved", "melt.sent", "melt.signed", "melt.finished"} {
		orphaned = append(orphaned, replicaKilled(p))
	}
	*last = append(*last,
		world{name: "two replicas, one frozen", database: onPostgres, replicas: 1, noMelts: true, faults: often(served, 1, frozen...)},
		world{name: "two replicas, one killed", database: onPostgres, replicas: 1, faults: often(served, 1, orphaned...)})
	for i := range 3 {
		*last = append(*last, world{name: fmt.Sprintf("mint killed %d", i+1), database: onPostgres, faults: often(served, 6, mintFaults()...)})
	}
	for i, wave := range waves {
		t.Run(fmt.Sprintf("wave %d", i+1), func(t *testing.T) {
			for _, w := range wave {
				t.Run(w.name+" on "+w.database, func(t *testing.T) {
					t.Parallel()
					w.run(t, tb)
				})
			}
		})
	}
}
