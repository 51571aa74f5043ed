package gate

import "strings"

// Class is what routes have in common that cost alike.
type Class string

// The classes. What a request leaves behind for ever is dearer than what it takes
// to answer it.
const (
	// Quotes are made for nothing and leave a row, and an invoice.
	Quotes Class = "quotes"
	// Exchanges verify, sign and write: swaps, mints, melts.
	Exchanges Class = "exchanges"
	// Reads leave nothing behind.
	Reads Class = "reads"

	free Class = "" // never limited: who watches the mint must see it
)

// place is where a request waits for its turn.
type place uint8

const (
	nowhere place = iota // answered from memory, or not by working
	atWork
	atMelts
)

// classify knows a route by its pattern, which may lack the verb. A route that it
// has never heard of is counted and waits like any other.
func classify(verb, pattern string) (Class, place) {
	path := pattern[strings.IndexByte(pattern, ' ')+1:]
	switch {
	case path == "/{$}", strings.HasPrefix(path, "/health"):
		return free, nowhere
	case path == "", path == "/", verb != "GET" && verb != "POST": // no route, or another verb of one
		return Reads, nowhere
	case path == "/v1/info", path == "/v1/ws", strings.HasPrefix(path, "/v1/key"), strings.HasPrefix(path, "/v1/auth/blind/key"):
		return Reads, nowhere
	case verb == "GET", path == "/v1/checkstate", path == "/v1/restore":
		return Reads, atWork
	case path == "/v1/mint/quote/{method}", path == "/v1/melt/quote/{method}":
		return Quotes, atWork
	case strings.HasPrefix(path, "/v1/mint/quote/"): // looks at several (NUT-29)
		return Reads, atWork
	case strings.HasPrefix(path, "/v1/melt/"):
		return Exchanges, atMelts
	}
	return Exchanges, atWork
}
