// Package conditions reads spending conditions out of secrets (NUT-10).
//
// It is pure: no I/O, no clock. Today it only tells whether a secret carries a
// condition at all, so that a mint which does not check conditions can refuse
// the proof instead of letting anyone spend it.
package conditions

import (
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
)

// Kind returns the kind of the secret's condition ("P2PK", "HTLC", …) and true,
// or false for a plain secret (NUT-10: a JSON array of a string and an object).
// A secret that starts like a condition and is not valid JSON counts as one, of
// kind "": failing closed keeps it from being spent by anyone.
func Kind(secret string) (string, bool) {
	trimmed := strings.TrimLeft(secret, " \t\r\n")
	if !strings.HasPrefix(trimmed, "[") {
		return "", false
	}
	var parts []jsontext.Value
	if err := json.Unmarshal([]byte(secret), &parts); err != nil {
		rest := strings.TrimLeft(trimmed[1:], " \t\r\n")
		return "", strings.HasPrefix(rest, `"`)
	}
	if len(parts) != 2 || parts[0].Kind() != '"' || parts[1].Kind() != '{' {
		return "", false
	}
	var kind string
	if err := json.Unmarshal(parts[0], &kind); err != nil {
		return "", true
	}
	return kind, true
}
