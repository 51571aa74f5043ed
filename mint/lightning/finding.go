package lightning

import "fmt"

// Finding is one thing that a look at a backend has found, for its operator.
type Finding struct {
	// Severity of what was found.
	Severity Severity
	// Text says what it is, and what to do about it if it is not fine.
	Text string
}

// Severity of a finding.
type Severity uint8

// Fine needs nothing done, Doubtful should be looked at, and with a Broken one the mint
// cannot work.
const (
	Fine Severity = iota
	Doubtful
	Broken
)

// Findings are what a look has found, in the order in which it was found.
type Findings []Finding

// Add adds one.
func (f *Findings) Add(s Severity, format string, args ...any) {
	*f = append(*f, Finding{s, fmt.Sprintf(format, args...)})
}
