package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"net"
	"os"
	"slices"
	"strconv"
	"strings"
	"syscall"
)

// Kinds of faults. Those of wrong answers begin with "wrong".
const (
	kindRefused    = "refused"
	kindTimeout    = "timeout"
	kindConnection = "connection"
	kindCount      = "wrong signature count"
	kindSignature  = "wrong signature"
	kindDLEQ       = "wrong DLEQ proof"
	kindStates     = "wrong states"
	kindRestored   = "wrong restored signatures"
	kindUnreadable = "wrong body"
)

// fault is an operation that went wrong, in a form that can be counted.
type fault struct {
	kind   string
	status int    // of HTTP; 0: there was no answer
	code   string // of the NUTs, or of gRPC; empty: none was given
	detail string
}

// Error tells it in one line.
func (f *fault) Error() string {
	text := f.kind
	if f.status != 0 {
		text += fmt.Sprintf(", status %d", f.status)
	}
	if f.code != "" {
		text += ", code " + f.code
	}
	if f.detail != "" {
		text += ": " + f.detail
	}
	return text
}

// wrong makes the fault of an answer that does not fit the question.
func wrong(kind, format string, args ...any) *fault {
	return &fault{kind: kind, detail: fmt.Sprintf(format, args...)}
}

// asFault sorts any error; one that is a fault already stays what it is.
func asFault(err error) *fault {
	var f *fault
	if errors.As(err, &f) {
		return f
	}
	f = &fault{kind: kindConnection, detail: shorten(err.Error())}
	var timeout net.Error
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded), errors.Is(err, context.DeadlineExceeded),
		errors.As(err, &timeout) && timeout.Timeout():
		f.kind = kindTimeout
	case errors.Is(err, syscall.ECONNREFUSED):
		f.kind = "connection refused"
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF),
		errors.Is(err, syscall.ECONNRESET), errors.Is(err, syscall.EPIPE):
		f.kind = "connection closed"
	}
	return f
}

// maxExamples bounds how many faults a report spells out.
const maxExamples = 5

// tally counts faults. The zero value is ready. It is not safe for concurrent
// use: every worker has its own.
type tally struct {
	total                  int
	byKind, byCode, byStat map[string]int
	examples               []string
}

func (t *tally) add(f *fault) {
	if t.byKind == nil {
		t.byKind, t.byCode, t.byStat = make(map[string]int), make(map[string]int), make(map[string]int)
	}
	t.total++
	t.byKind[f.kind]++
	if f.code != "" {
		t.byCode[f.code]++
	}
	if f.status != 0 {
		t.byStat[strconv.Itoa(f.status)]++
	}
	t.example(f.Error())
}

func (t *tally) example(text string) {
	if len(t.examples) < maxExamples && !slices.Contains(t.examples, text) {
		t.examples = append(t.examples, text)
	}
}

// merge adds what another tally counted.
func (t *tally) merge(o tally) {
	t.total += o.total
	t.byKind = addCounts(t.byKind, o.byKind)
	t.byCode = addCounts(t.byCode, o.byCode)
	t.byStat = addCounts(t.byStat, o.byStat)
	for _, e := range o.examples {
		t.example(e)
	}
}

func addCounts(a, b map[string]int) map[string]int {
	sum := maps.Clone(a)
	if sum == nil {
		sum = make(map[string]int)
	}
	for k, n := range b {
		sum[k] += n
	}
	return sum
}

// Errors is what a report tells of the operations that failed.
type Errors struct {
	Total    int            `json:"total"`
	ByKind   map[string]int `json:"by_kind"`
	ByCode   map[string]int `json:"by_code"`   // NUT codes; "none": an error without one
	ByStatus map[string]int `json:"by_status"` // HTTP statuses
	Examples []string       `json:"examples"`  // the first few distinct ones
}

func (t *tally) errors() Errors {
	return Errors{
		Total:    t.total,
		ByKind:   addCounts(nil, t.byKind),
		ByCode:   addCounts(nil, t.byCode),
		ByStatus: addCounts(nil, t.byStat),
		Examples: append([]string{}, t.examples...),
	}
}

// shorten keeps what a server said printable and short: it goes to a terminal.
func shorten(text string) string {
	const longest = 160
	printable := strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == '\uFFFD' || (r >= 0x80 && r < 0xa0) {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(printable); len(runes) > longest {
		return string(runes[:longest]) + "..."
	}
	return printable
}
