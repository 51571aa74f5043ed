// Package traceparent carries the place of a call in a trace from one program to
// the next, as the W3C's Trace Context writes it. It knows the text and no more, so
// that who only passes it on or logs it needs no tracing library.
//
// Like the id of a request, it is a claim: it is for finding things, never for a
// decision.
package traceparent

import (
	"context"
	"strings"
)

// Header is its name in HTTP and in the metadata of gRPC.
const Header = "traceparent"

type key struct{}

// With makes ctx carry it.
func With(ctx context.Context, text string) context.Context {
	return context.WithValue(ctx, key{}, text)
}

// Of is what ctx carries; empty: nothing.
func Of(ctx context.Context) string {
	text, _ := ctx.Value(key{}).(string)
	return text
}

// Trace is the id of the trace, 32 digits of hex, or empty if the text is none of
// version 00: version, trace, span and flags.
func Trace(text string) string {
	parts := strings.Split(text, "-")
	if len(parts) != 4 || parts[0] != "00" || !isHex(parts[1], 32) || !isHex(parts[2], 16) || !isHex(parts[3], 2) {
		return ""
	}
	if strings.Trim(parts[1], "0") == "" || strings.Trim(parts[2], "0") == "" {
		return ""
	}
	return parts[1]
}

func isHex(s string, length int) bool {
	return len(s) == length && strings.Trim(s, "0123456789abcdef") == ""
}
