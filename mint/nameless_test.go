package mint_test

import (
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/mint"
)

// A node that should say who it is and says nothing is away, and nothing is what it will
// not be remembered by.
func TestANodeWithoutANameIsAwayUntilItSaysWhoItIs(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		nameless := &namedPayer{w.payer, "", nil}
		w.mint = w.with("second", mint.Backend{Name: "node", Receiver: w.backend, Payer: nameless})
		stop := run(w.mint)
		time.Sleep(time.Minute)
		stop()
		if node := w.mint.Payments(t.Context()).Backends[0]; !node.Away || !strings.Contains(node.Reason, "does not say") {
			t.Errorf("the operator reads %+v", node)
		}
		nameless.name = "somebody"
		defer run(w.mint)()
		time.Sleep(time.Minute)
		if node := w.mint.Payments(t.Context()).Backends[0]; node.Away {
			t.Errorf("when it says who it is, the operator reads %+v", node)
		}
	})
}
