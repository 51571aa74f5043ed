package server

import "mintmark/internal/crashpoint"

// The places where a crash of the signatory matters to its clients.
const (
	crashVerified  crashpoint.Name = "verify.done"      // proofs verified, nobody told
	crashSigned    crashpoint.Name = "sign.done"        // signatures made, nobody has them
	crashPublished crashpoint.Name = "rotate.published" // the keyset signs, who asked for it is not told
)

// CrashPoints lists every crash point of this package, for tests that kill the
// signatory at each.
func CrashPoints() []crashpoint.Name {
	return []crashpoint.Name{crashVerified, crashSigned, crashPublished}
}
