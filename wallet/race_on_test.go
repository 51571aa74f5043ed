//go:build race

package wallet_test

// raced tells that the race detector is on, which makes the curve ten times as
// slow: the matrices then do every tenth of their operations. "make e2e" does all
// of them without it.
const raced = true
