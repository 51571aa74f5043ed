// Package conditions decides whether a coin may be spent by whoever presents it:
// the secrets of NUT-10, with the kinds P2PK (NUT-11) and HTLC (NUT-14), and what
// a wallet needs to make and to meet them, blinded keys (NUT-28) included.
//
// A mint calls Check, which costs next to nothing and refuses whatever is refused
// without curve arithmetic, and later Verify, which checks signatures on all
// cores. What is not understood is never spendable: an unknown kind, a tag with a
// value that makes no sense, a secret that only starts like a condition.
//
// It is pure: no I/O and no clock. It trusts neither secret nor witness; lengths
// are the mint's business, and numbers of tags, keys, signatures and
// verifications are bounded here.
package conditions
