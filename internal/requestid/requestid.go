// Package requestid carries the ids of requests along, so that one can be found in
// the logs of every program that it went through.
//
// An id comes from a client and is a claim: it is for finding lines, never for a
// decision. What goes through Parse or Valid is harmless in a log.
package requestid

import (
	"context"
	"slices"
	"strings"
)

const (
	// Max is how many ids one call takes along; of more the first are named.
	Max = 64
	// MaxLength of an id.
	MaxLength = 64
)

type key struct{}

// With adds ids to those that ctx carries.
func With(ctx context.Context, ids ...string) context.Context {
	if len(ids) == 0 {
		return ctx
	}
	return context.WithValue(ctx, key{}, Merge(Of(ctx), ids))
}

// Of is what ctx carries.
func Of(ctx context.Context) []string {
	ids, _ := ctx.Value(key{}).([]string)
	return ids
}

// Merge lists each id once, in order, and no more than Max.
func Merge(lists ...[]string) []string {
	var out []string
	for _, list := range lists {
		for _, id := range list {
			if len(out) < Max && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
	}
	return out
}

// Valid tells whether an id is of letters, digits, - and _, and not too long.
func Valid(id string) bool {
	if id == "" || len(id) > MaxLength {
		return false
	}
	for i := range len(id) {
		c := id[i]
		letter := 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z'
		if !letter && !('0' <= c && c <= '9') && c != '-' && c != '_' {
			return false
		}
	}
	return true
}

// Format writes ids as one text.
func Format(ids []string) string { return strings.Join(ids, ",") }

// Parse reads what Format wrote. What is no id is left out: a request is not worse
// for a name that nobody can use.
func Parse(text string) []string {
	var out []string
	for id := range strings.SplitSeq(text, ",") {
		if len(out) == Max {
			break
		}
		if Valid(id) {
			out = append(out, id)
		}
	}
	return out
}
