package lnd

import "mintmark/internal/crashpoint"

// The places where a crash matters, in the order in which a payment passes them.
const (
	crashBegun     crashpoint.Name = "lnd.begun"     // the attempt is written down, the node knows nothing
	crashOrdered   crashpoint.Name = "lnd.ordered"   // written down that the node is told, which it is not yet
	crashAccepted  crashpoint.Name = "lnd.accepted"  // the node has said that it is at it
	crashEnded     crashpoint.Name = "lnd.ended"     // the end is written down, the mint knows nothing
	crashDelivered crashpoint.Name = "lnd.delivered" // the mint has taken a payment in, which is not noted
)

// CrashPoints lists every crash point of this package, for tests that kill the mint at
// each.
func CrashPoints() []crashpoint.Name {
	return []crashpoint.Name{crashBegun, crashOrdered, crashAccepted, crashEnded, crashDelivered}
}
