//go:build race

package sqlstore_test

// raceEnabled tells that the race detector slows everything down.
const raceEnabled = true
