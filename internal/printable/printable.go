// Package printable makes what strangers have written fit for the terminal of a person.
//
// It must never let through what moves the cursor or turns the reading direction.
package printable

import (
	"strings"
	"unicode"
)

// Text is s without what is no text, and no longer than most characters; 0 = any length.
func Text(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPrint(r) {
			return r
		}
		return -1
	}, s)
	if runes := []rune(s); most > 0 && len(runes) > most {
		s = string(runes[:most]) + "…"
	}
	return s
}
