package keystore

import "mintmark/internal/crashpoint"

// crashRotated: the rotation is committed, and nobody has seen the new keyset.
const crashRotated crashpoint.Name = "rotate.committed"

// CrashPoints lists every crash point of this package, for tests that kill the
// signatory at each.
func CrashPoints() []crashpoint.Name { return []crashpoint.Name{crashRotated} }
