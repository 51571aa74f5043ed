package conditions

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// The kinds that are known.
const (
	KindP2PK = "P2PK" // NUT-11
	KindHTLC = "HTLC" // NUT-14
)

// Kind returns the kind of the secret's condition ("P2PK", "HTLC", …) and true,
// or false for a plain secret (NUT-10: a JSON array of a string and an object).
// A secret that starts like a condition and is not valid JSON counts as one, of
// kind "": failing closed keeps it from being spent by anyone.
//
// On a plain secret it looks at the first character and no further: every input
// of every swap comes by here.
func Kind(secret string) (string, bool) {
	kind, _, conditional := split(secret)
	return kind, conditional
}

// split tells a condition from a plain secret and takes it apart. The payload is
// nil when the secret only starts like a condition.
func split(secret string) (kind string, payload jsontext.Value, conditional bool) {
	trimmed := strings.TrimLeft(secret, " \t\r\n")
	if !strings.HasPrefix(trimmed, "[") {
		return "", nil, false
	}
	var parts []jsontext.Value
	if err := json.Unmarshal([]byte(secret), &parts); err != nil {
		rest := strings.TrimLeft(trimmed[1:], " \t\r\n")
		return "", nil, strings.HasPrefix(rest, `"`)
	}
	if len(parts) != 2 || parts[0].Kind() != '"' || parts[1].Kind() != '{' {
		return "", nil, false
	}
	var text string // not kind, which would then be allocated for plain secrets too
	if err := json.Unmarshal(parts[0], &text); err != nil {
		return "", nil, true
	}
	return text, parts[1], true
}
