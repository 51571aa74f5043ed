// Package crashpoint names the places in the code where a crash matters, so
// that a test can kill the real process exactly there.
//
// A normal build compiles every call to nothing. A build with the tag
// "crashpoints" reads MINTMARK_CRASH_AT="name" or "name:n" and ends the process
// with SIGKILL when the n-th call (default: the first) of Here(name) is made:
// no deferred function runs, nothing is flushed. It trusts nobody and must never
// be part of a binary that holds real money.
package crashpoint

// Name identifies a place. The names of a package are constants of that
// package, listed where a test can range over them.
type Name string
