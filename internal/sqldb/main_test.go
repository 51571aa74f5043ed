package sqldb_test

import (
	"testing"

	"go.uber.org/goleak"

	"mintmark/internal/pgtest"
)

// postgres is the server of all tests that do not harm it.
var postgres pgtest.Shared

// run stops the server after the tests and before the search for leaks.
type run struct{ m *testing.M }

func (r run) Run() int {
	defer postgres.Stop()
	return r.m.Run()
}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(run{m})
}
