package sqlstore_test

import (
	"os"
	"testing"

	"mintmark/internal/pgtest"
)

// postgres is the server of all tests that do not harm it.
var postgres pgtest.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	postgres.Stop()
	os.Exit(code)
}
