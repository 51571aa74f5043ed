package e2e

import (
	"crypto/rand"
	"net/http"
	"sync"
	"testing"
	"time"

	"mintmark/e2e/harness"
)

// The id of a request stands in the log of the mint and, with the calls
// that the request needed, in that of the signatory, also when the calls of several
// travelled together.
func TestARequestIsFoundByItsIDInBothLogs(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.MTLS)
	s.Start()
	w := s.Wallet()
	ids := make([]string, 8)
	var wg sync.WaitGroup
	for i := range ids {
		ids[i] = rand.Text()
		swap := newSwap(w, w.Mint(16))
		wg.Go(func() {
			reply, err := w.PostAs("X-Request-Id", ids[i], swap.path, swap.body)
			if err != nil || reply.Status != http.StatusOK {
				t.Errorf("swap: %v, %v", reply, err)
			}
		})
	}
	wg.Wait()
	for _, id := range ids {
		// The line of a request is written after its answer. Each needs two calls:
		// one verifies its inputs, one signs its outputs.
		for deadline := time.Now().Add(10 * time.Second); ; time.Sleep(10 * time.Millisecond) {
			mint, signatory := s.LoggedByMintd("request="+id), s.Logged(id)
			if mint == 1 && signatory == 2 {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("request %s stands %d times in the log of mintd and %d times in that of the signatory", id, mint, signatory)
			}
		}
	}
}
