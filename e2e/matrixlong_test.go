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
	half := time.Now().Add(*crashTime * 4 / 10)
	end := time.Now().Add(*crashTime * 9 / 10) // what goes on then takes a while
	often := func(end time.Time, together int, faults ...fault) func(*pgtest.Server) next {
		return func(*pgtest.Server) next { return until(end, together, faults...) }
	}
	first := []world{
		{name: "mint killed", database: onSQLite, faults: often(half, 1, mintFaults()...)},
		{name: "signatory killed", database: onSQLite, faults: often(half, 1, signatoryFaults()...)},
		{name: "frozen", database: onSQLite, deadline: "10s", faults: often(half, 1, signatoryFrozen(freeze), mintFrozen(freeze))},
		{name: "disk full", database: onSQLite, smallDisk: smallDisk, faults: often(half, 1, diskFull(false), diskFull(true), filesLimited())},
		{name: "clock", database: onSQLite, faults: often(half, 1, clockForthAndBack(), clockPastKeyset(), clockAcrossCrash(-jump), clockAcrossCrash(jump))},
	}
	var fenced, killed []fault
	for _, p := range []crashpoint.Name{"swap.reserved", "swap.signed", "issue.reserved", "issue.signed"} {
		fenced = append(fenced, replicaFenced(p, true))
		killed = append(killed, replicaKilled(p))
	}
	second := []world{
		{name: "signatory killed and frozen", database: onPostgres, deadline: "10s", faults: often(end, 4, append(signatoryFaults(), signatoryFrozen(freeze))...)},
		{name: "database killed", database: onPostgres, ownServer: true, faults: func(s *pgtest.Server) next { return until(end, 1, databaseKilled(s)) }},
		{name: "database frozen", database: onPostgres, ownServer: true, faults: func(s *pgtest.Server) next { return until(end, 1, databaseFrozen(s, freeze)) }},
		{name: "clock", database: onPostgres, faults: often(end, 2, clockForthAndBack(), clockPastKeyset(), clockAcrossCrash(-jump), clockAcrossCrash(jump))},
		{name: "two replicas, one frozen or killed", database: onPostgres, replicas: 1, faults: often(end, 1, append(fenced, killed...)...)},
		{name: "two replicas, one frozen past its lease", database: onPostgres, replicas: 1, faults: often(end, 1, replicaFenced("swap.signed", false))},
	}
	for i := range 3 {
		second = append(second, world{name: fmt.Sprintf("mint killed %d", i+1), database: onPostgres, faults: often(end, 5, mintFaults()...)})
	}
	for i, wave := range [][]world{first, second} {
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
