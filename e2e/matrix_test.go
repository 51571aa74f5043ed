package e2e

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"mintmark/e2e/harness"
)

const (
	onSQLite   = "SQLite"
	onPostgres = "PostgreSQL"
)

// impatient makes everything quick that a fault makes slow.
const impatient = "1s"

// suffer does faults to a mint under the load of many wallets, one after the
// other, with a verdict after each, and takes a last look at the end.
func (f *force) suffer(tb *table, database string, faults []fault) {
	f.t.Helper()
	var l *line
	for _, flt := range faults {
		l = tb.begin(database, flt)
		f.run()
		began := flt.strike(f)
		report, recovery := f.judge(began)
		tb.end(l, report, recovery)
		if f.t.Failed() {
			f.t.Fatalf("after %s, %s", flt.kind, flt.point)
		}
	}
	tb.last(l, f.close())
}

func shuffled(faults []fault) []fault {
	rand.Shuffle(len(faults), func(i, j int) { faults[i], faults[j] = faults[j], faults[i] })
	return faults
}

// matrixStack is a mint with crash points on a database of the kind.
func matrixStack(t *testing.T, database string) *harness.Stack {
	t.Helper()
	s := harness.NewStack(t, crashing, harness.Unix)
	s.Config = harness.Quick(impatient)
	return s
}

// P2 to P6 under faults. make crash does the same for longer.
func TestCrashMatrix(t *testing.T) {
	t.Parallel()
	tb := &table{started: time.Now()}
	t.Cleanup(func() { t.Logf("\n%s", tb) })
	worlds := []struct {
		name   string
		faults []fault
	}{
		{"the mint is killed", shuffled(mintFaults())},
		{"the signatory is killed or frozen", append(shuffled(signatoryFaults()), signatoryFrozen(2*time.Second), mintFrozen(2*time.Second))},
	}
	for _, w := range worlds {
		t.Run(fmt.Sprintf("%s on %s", w.name, onSQLite), func(t *testing.T) {
			t.Parallel()
			s := matrixStack(t, onSQLite)
			s.Start()
			newForce(t, s, workers).suffer(tb, onSQLite, w.faults)
		})
	}
}
