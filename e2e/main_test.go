// Package e2e tests the real programs from outside: it starts them, speaks to
// them as wallets and operators do, kills them, and looks at what is left.
package e2e

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"mintmark/e2e/harness"
)

// Set once by TestMain.
var (
	programs harness.Programs // as an operator builds them
	crashing harness.Programs // with crash points

	exampleProcessor string // examples/processor
)

func TestMain(m *testing.M) {
	code, err := buildAndRun(m)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		code = 1
	}
	os.Exit(code)
}

func buildAndRun(m *testing.M) (int, error) {
	dir, err := os.MkdirTemp("", "mmbin")
	if err != nil {
		return 1, err
	}
	defer os.RemoveAll(dir)
	if programs, err = harness.Build(context.Background(), filepath.Join(dir, "normal"), ""); err != nil {
		return 1, err
	}
	if crashing, err = harness.Build(context.Background(), filepath.Join(dir, "crashing"), "crashpoints"); err != nil {
		return 1, err
	}
	if exampleProcessor, err = harness.BuildProcessor(context.Background(), dir); err != nil {
		return 1, err
	}
	defer lnNetwork.Stop()
	return m.Run(), nil
}
