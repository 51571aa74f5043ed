package e2e

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"text/tabwriter"
	"time"

	"mintmark/e2e/verdict"
)

// table counts what became of the faults, by kind, point and database.
type table struct {
	started time.Time
	out     io.Writer // progress, a line for each fault; nil: none

	mu    sync.Mutex
	lines []*line
}

type line struct {
	kind, point, database string

	rounds, struck              int
	verdicts                    int
	done, untouched             int // requests under way, after recovery
	lost, created, stuck, twice int
	slowest, sum                time.Duration
}

// begin notes that a fault is about to be done.
func (tb *table) begin(database string, flt fault) *line {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	for _, l := range tb.lines {
		if l.kind == flt.kind && l.point == flt.point && l.database == database {
			l.rounds++
			return l
		}
	}
	l := &line{kind: flt.kind, point: flt.point, database: database, rounds: 1}
	tb.lines = append(tb.lines, l)
	return l
}

// struck notes that it was done.
func (tb *table) struck(l *line) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	l.struck++
}

// judged enters a verdict, under the fault that came last before it.
func (tb *table) judged(l *line, r verdict.Report, recovery time.Duration) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	l.add(r)
	l.verdicts++
	l.sum += recovery
	l.slowest = max(l.slowest, recovery)
	if tb.out != nil {
		total := tb.total()
		fmt.Fprintf(tb.out, "%4.0fs  %-10s %-18s %-18s done %2d  untouched %2d  recovered in %5.1fs   so far: %d struck, %d lost, %d created, %d stuck, %d paid twice\n",
			time.Since(tb.started).Seconds(), l.database, l.kind, l.point, r.Done, r.Untouched, recovery.Seconds(),
			total.struck, total.lost, total.created, total.stuck, total.twice)
	}
}

// last enters the verdict of the end of a world.
func (tb *table) last(l *line, r verdict.Report) {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	l.add(r)
}

func (l *line) add(r verdict.Report) {
	l.done += r.Done
	l.untouched += r.Untouched
	l.lost += len(r.Lost)
	l.created += len(r.Created)
	l.stuck += len(r.Stuck)
	l.twice += len(r.Twice)
}

func (tb *table) total() line {
	sum := line{kind: "all"}
	for _, l := range tb.lines {
		sum.rounds += l.rounds
		sum.struck += l.struck
		sum.verdicts += l.verdicts
		sum.done += l.done
		sum.untouched += l.untouched
		sum.lost += l.lost
		sum.created += l.created
		sum.stuck += l.stuck
		sum.twice += l.twice
		sum.sum += l.sum
		sum.slowest = max(sum.slowest, l.slowest)
	}
	return sum
}

// String is the table for people, as Markdown.
func (tb *table) String() string {
	tb.mu.Lock()
	defer tb.mu.Unlock()
	var text strings.Builder
	w := tabwriter.NewWriter(&text, 0, 0, 1, ' ', 0)
	fmt.Fprintln(w, "| fault\t| point\t| database\t| rounds\t| struck\t| verdicts\t| done\t| untouched\t| lost\t| created\t| stuck\t| paid twice\t| recovery mean s\t| worst s\t|")
	fmt.Fprintln(w, "|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|---\t|")
	for _, l := range append(tb.lines, new(tb.total())) {
		mean := 0.0
		if l.verdicts > 0 {
			mean = l.sum.Seconds() / float64(l.verdicts)
		}
		fmt.Fprintf(w, "| %s\t| %s\t| %s\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %d\t| %.1f\t| %.1f\t|\n", l.kind, l.point, l.database,
			l.rounds, l.struck, l.verdicts, l.done, l.untouched, l.lost, l.created, l.stuck, l.twice, mean, l.slowest.Seconds())
	}
	_ = w.Flush() // into memory
	return text.String()
}
