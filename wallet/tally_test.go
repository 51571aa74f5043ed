package wallet_test

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
)

// breach is what an audit finds wrong with the money.
type breach struct {
	kind verdict
	what string
}

type verdict string

const (
	lost    verdict = "lost"    // money that is there and that no wallet knows
	created verdict = "created" // money that wallets count and that is not there
	stuck   verdict = "stuck"   // money that an operation holds for ever
	other   verdict = "other"   // whatever else failed
)

func (b *breach) Error() string { return string(b.kind) + ": " + b.what }

func breachf(kind verdict, format string, args ...any) error {
	return &breach{kind, fmt.Sprintf(format, args...)}
}

// where is the database that a case ran on.
type where string

const (
	onSQLite   where = "SQLite"
	onPostgres where = "PostgreSQL"
)

// tally counts the cases of a matrix and their verdicts, by what was done to them.
type tally struct {
	mu    sync.Mutex
	order []string
	rows  map[string]*score
	notes map[string]string
}

// note adds something to the name of a row.
func (y *tally) note(row, format string, args ...any) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.notes == nil {
		y.notes = map[string]string{}
	}
	y.notes[row] = fmt.Sprintf(format, args...)
}

// expect sets the order in which rows are shown.
func (y *tally) expect(rows ...string) { y.order = append(y.order, rows...) }

type score struct {
	runs     map[where]int
	verdicts map[verdict]int
}

func newScore() *score { return &score{runs: map[where]int{}, verdicts: map[verdict]int{}} }

// add counts a case, which has ended with err.
func (y *tally) add(row string, on where, err error) {
	y.mu.Lock()
	defer y.mu.Unlock()
	if y.rows == nil {
		y.rows = map[string]*score{}
	}
	if y.rows[row] == nil {
		y.rows[row] = newScore()
	}
	if !slices.Contains(y.order, row) {
		y.order = append(y.order, row)
	}
	s := y.rows[row]
	s.runs[on]++
	if err == nil {
		return
	}
	kind := other
	if b, ok := errors.AsType[*breach](err); ok {
		kind = b.kind
	}
	s.verdicts[kind]++
}

// table is the tally as the documentation shows it.
func (y *tally) table(what string) string {
	y.mu.Lock()
	defer y.mu.Unlock()
	var b strings.Builder
	fmt.Fprintf(&b, "\n| %s | on SQLite | on PostgreSQL | lost | created | stuck | failed otherwise |\n|---|--:|--:|--:|--:|--:|--:|\n", what)
	all := newScore()
	line := func(name string, s *score) {
		fmt.Fprintf(&b, "| %s | %d | %d | %d | %d | %d | %d |\n", name, s.runs[onSQLite], s.runs[onPostgres],
			s.verdicts[lost], s.verdicts[created], s.verdicts[stuck], s.verdicts[other])
	}
	for _, name := range y.order {
		s := y.rows[name]
		if s == nil {
			continue
		}
		if y.notes[name] != "" {
			name += ": " + y.notes[name]
		}
		line(name, s)
		for on, n := range s.runs {
			all.runs[on] += n
		}
		for kind, n := range s.verdicts {
			all.verdicts[kind] += n
		}
	}
	line("all", all)
	return b.String()
}
