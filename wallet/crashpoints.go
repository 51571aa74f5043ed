package wallet

import (
	"mintmark/internal/crashpoint"
)

// The places between two commits, or between a commit and a byte on the wire,
// where a crash must cost nobody anything.
var steps = map[Kind][]string{
	KindSwap:    {"reserved", "sending", "answered", "taken", "undone", "part", "replanned", "reclaimed", "abandoned", "resumed"},
	KindReceive: {"reserved", "planned", "sending", "answered", "taken", "undone", "replanned", "abandoned", "resumed"},
	KindMint:    {"reserved", "sending", "answered", "taken", "undone", "replanned", "abandoned", "resumed"},
	KindSend:    {"reserved", "created", "rolling_back", "rolled_back", "abandoned", "resumed"},
	KindMelt:    {"reserved", "sending", "answered", "pending", "taken", "undone", "replanned", "reclaimed", "abandoned", "resumed"},
}

func crashPoint(k Kind, step string) crashpoint.Name {
	return crashpoint.Name("wallet." + string(k) + "." + step)
}

// CrashPoints lists all of them, for tests to range over.
func CrashPoints() []crashpoint.Name {
	var names []crashpoint.Name
	for _, k := range []Kind{KindMint, KindSwap, KindSend, KindReceive, KindMelt} {
		for _, step := range steps[k] {
			names = append(names, crashPoint(k, step))
		}
	}
	return append(names, crashTokenTaken, crashTokensSigned)
}

// The places around blind tokens (NUT-22): one that was taken, and not shown yet; some
// that the mint has signed, and that are not kept yet.
const (
	crashTokenTaken   crashpoint.Name = "wallet.auth.taken"
	crashTokensSigned crashpoint.Name = "wallet.auth.signed"
)
