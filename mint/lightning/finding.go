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

// Channels is how many channels a node has, and what can go through them.
type Channels struct {
	Active, Inactive, Pending int
	// Out and In are what can be sent and received, in sat.
	Out, In uint64
}

// AddChannels tells whether money can go out and come in, as far as it depends on how many
// channels there are. If nothing can, it is false.
func (f *Findings) AddChannels(c Channels) bool {
	switch {
	case c.Active == 0 && c.Inactive+c.Pending > 0:
		f.Add(Broken, "no channel is active; %d are inactive and %d pending: are the peers connected?", c.Inactive, c.Pending)
	case c.Active == 0:
		f.Add(Broken, "the node has no channel: nothing can be paid, either way")
	case c.Inactive > 0:
		f.Add(Doubtful, "%d of %d channels are inactive", c.Inactive, c.Active+c.Inactive)
	}
	return c.Active > 0
}

// AddLiquidity tells how much can go out and come in.
func (f *Findings) AddLiquidity(c Channels) {
	if c.Out == 0 {
		f.Add(Doubtful, "there is no outbound liquidity: nothing can be melted until money has come in")
	}
	if c.In == 0 {
		f.Add(Doubtful, "there is no inbound liquidity: nobody can pay the mint until some money has gone out, or somebody opens a channel to the node")
	}
	f.Add(Fine, "%d channels are active; up to %d sat can go out and %d sat come in", c.Active, c.Out, c.In)
}
