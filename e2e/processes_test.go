package e2e

import (
	"errors"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"mintmark/e2e/harness"
)

// A2: plain "mintd serve" brings up both processes, again and again on the same
// keys.
func TestPlainServeWorksAndKeepsItsKeys(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Spawn)
	s.Start()
	w := s.Wallet()
	first, coins := w.Keyset.ID, w.Mint(10)
	child := onlyChild(t, s)

	s.Mintd.Stop()
	if alive(child) {
		t.Error("mintd ended in order and left its signatory behind")
	}
	s.StartMintd()
	if w.LoadKeyset().ID != first {
		t.Error("after a new start there is another keyset")
	}

	// SIGKILL gives mintd no chance to stop its child; the next start must not
	// find it in the way.
	child = onlyChild(t, s)
	s.Mintd.Kill()
	s.StartMintd()
	if alive(child) {
		t.Error("mintd was killed and its signatory lives on")
	}
	newIssue(w, 1).put(t, w)
	w.Swap(coins, w.Outputs(10))

	// The child may die alone.
	if err := syscall.Kill(onlyChild(t, s), syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	newIssue(w, 1).proveWhole(t, w)
}

func onlyChild(t *testing.T, s *harness.Stack) int {
	t.Helper()
	children := s.Mintd.Children()
	if len(children) != 1 {
		t.Fatalf("mintd has the children %v, want the signatory alone", children)
	}
	return children[0]
}

// alive waits a moment for a process that is on its way out.
func alive(pid int) bool {
	for range 100 {
		if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
			return false
		}
		time.Sleep(20 * time.Millisecond)
	}
	return true
}

func TestASecondProcessOnTheSameDataIsRefused(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	for name, second := range map[string]func() (string, error){
		"signatory": s.SecondSignatory, "mintd": s.SecondMintd,
	} {
		said, err := second()
		var exit *exec.ExitError
		if !errors.As(err, &exit) || exit.ExitCode() != 1 {
			t.Errorf("a second %s ended with %v, want exit code 1", name, err)
		}
		if !strings.Contains(said, "in use") {
			t.Errorf("a second %s says %q, which does not tell why it is refused", name, said)
		}
	}
	w := s.Wallet()
	w.Swap(w.Mint(10), w.Outputs(10)) // the first ones did not notice
}
