package e2e

import (
	"net/http"
	"strings"
	"testing"

	"mintmark/e2e/harness"
)

// The keys come and go while the mint runs: without them reads work and writes
// answer 503 before anything changes, and when they are back the mint goes on by
// itself. What opened the seed stands in no log: the harness looks.
func TestAMintOutlivesALockedSignatory(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.MTLS)
	s.StartLocked()
	s.MustUnlock()
	s.StartMintd()
	w := s.Wallet()
	swap := newSwap(w, w.Mint(100))
	issue := newIssue(w, 50)

	refused := func(when string) {
		t.Helper()
		for _, path := range []string{"/v1/info", "/v1/keys", "/v1/keysets", "/v1/keys/" + w.Keyset.ID.String(), "/v1/mint/quote/bolt11/" + issue.quote} {
			if reply, err := w.Get(path); err != nil || reply.Status != http.StatusOK {
				t.Errorf("%s: GET %s: %v, %v", when, path, reply, err)
			}
		}
		for _, a := range []attempt{swap, issue} {
			if reply, err := w.Post(a.path, a.body); err != nil || reply.Status != http.StatusServiceUnavailable {
				t.Errorf("%s: POST %s: got %v, %v, want 503", when, a.path, reply, err)
			}
			if a.outcome(t, w) {
				t.Errorf("%s: %s happened without keys", when, a.path)
			}
		}
	}
	if said, err := s.Admin("lock"); err != nil || !strings.Contains(said, "locked") {
		t.Fatal(said, err)
	}
	refused("locked")
	s.Mintd.Stop()
	s.StartMintd()
	refused("locked, after a new start of the mint")
	s.MustUnlock()
	swap.proveWhole(t, w)

	s.Signatory.Stop()
	s.StartLocked()
	if reply, err := w.Post(issue.path, issue.body); err != nil || reply.Status != http.StatusServiceUnavailable {
		t.Errorf("a signatory that started without its seed: %v, %v", reply, err)
	}
	s.MustUnlock()
	issue.proveWhole(t, w)
}
