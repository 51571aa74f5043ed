// Package crashpoint names the places in the code where a crash matters, so
// that a test can kill or freeze the real process exactly there, and lets a test
// set the clock of a real process.
//
// A normal build compiles every call to nothing. A build with the tag
// "crashpoints" reads MINTMARK_CRASH_AT="name" or "name:n" and ends the process
// with SIGKILL when the n-th call (default: the first) of Here(name) is made:
// no deferred function runs, nothing is flushed.
//
// MINTMARK_FAULTS names a directory in which a test orders faults while the
// process runs. Its file "order" holds "kill NAME N" or "stop NAME N": at the
// N-th call of Here(NAME) since the order was given, the process writes the
// order and its own id into the file "struck", then gets SIGKILL or SIGSTOP. Its
// file "clock" holds a duration by which Clock is ahead of the system's time.
//
// It trusts nobody and must never be part of a binary that holds real money.
package crashpoint

// Name identifies a place. The names of a package are constants of that
// package, listed where a test can range over them.
type Name string
