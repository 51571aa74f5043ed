//go:build race

package wallet_test

// raced tells that the race detector is on, which makes everything here many times as
// slow: the matrices then do every tenth of their operations, and processes are killed
// in every fifth window. "make e2e" does all of that without it.
const raced = true
