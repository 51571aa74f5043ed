// Package mint is the domain of a Cashu mint: which ecash may be exchanged for
// which, and how an exchange survives a crash at any point.
//
// It holds public keysets only. Private keys live in the signatory, another
// process; the mint sends it proofs to verify and blinded messages to sign, and
// this package must never be able to do either itself.
//
// Every exchange is a saga of two transactions with one call between them:
// reserve (inputs pending, outputs unsigned, a saga row), sign, finish (inputs
// spent, signatures stored, saga row gone). Nothing leaves the mint before the
// second commit is durable; a failure before it removes what the first wrote.
// After a crash, recovery looks at what the database holds, not at how far the
// saga says it came. A request that repeats a finished one gets the stored
// signatures again, for ever.
//
// The package trusts its Store to be transactional and its Signer to answer
// truthfully; it trusts no wallet. It does no I/O of its own, knows no HTTP and
// no SQL, and takes the time from its configuration.
package mint
