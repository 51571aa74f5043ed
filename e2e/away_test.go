package e2e

import (
	"net/http"
	"syscall"
	"testing"
	"time"

	"mintmark/e2e/harness"
)

// P8: with the signatory away, reads work and writes answer 503 before anything
// changes; when it is back, the same request succeeds without a restart.
func TestWithoutSignatoryReadsWorkAndWritesAreRefusedUnchanged(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	swap := newSwap(w, w.Mint(100))
	issue := newIssue(w, 50)

	s.Signatory.Kill()
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
			// outcome reads with checkstate, restore and the quote.
			if a.outcome(t, w) {
				t.Errorf("%s: %s happened without a signatory", when, a.path)
			}
		}
	}
	refused("after the signatory died")

	s.Mintd.Stop()
	s.StartMintd()
	refused("after the mint started without a signatory")

	s.StartSignatory()
	for _, a := range []attempt{swap, issue} {
		a.proveWhole(t, w)
	}
}

// P6: a signatory that hangs costs bounded waiting and nothing else.
func TestAFrozenSignatoryGivesABoundedRefusal(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Config = harness.Quick("2s")
	s.Start()
	w := s.Wallet()
	a := newSwap(w, w.Mint(100))

	s.Signatory.Freeze()
	began := time.Now()
	reply, err := w.Post(a.path, a.body)
	if err != nil || reply.Status != http.StatusServiceUnavailable {
		t.Errorf("got %v, %v, want 503", reply, err)
	}
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("the refusal took %v with a deadline of 2s", took)
	}
	if a.outcome(t, w) {
		t.Error("the swap happened without a signatory")
	}
	s.Signatory.Signal(syscall.SIGCONT)
	a.proveWhole(t, w)
}

// The signatory dies or freezes at whatever point of a swap it happens to be,
// many times over; no swap may be left half done.
func TestSignatoryLostInTheMiddleOfSwapsLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name  string
		lose  func(*harness.Stack)
		bring func(*harness.Stack)
	}{
		{
			name:  "killed",
			lose:  func(s *harness.Stack) { s.Signatory.Kill() },
			bring: func(s *harness.Stack) { s.StartSignatory() },
		},
		{
			name:  "frozen",
			lose:  func(s *harness.Stack) { s.Signatory.Freeze() },
			bring: func(s *harness.Stack) { s.Signatory.Signal(syscall.SIGCONT) },
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, programs, harness.Unix)
			s.Config = harness.Quick("2s")
			s.Start()
			w := s.Wallet()
			for round := range 6 {
				// Many outputs: signing takes long enough to be interrupted.
				a := newSwap(w, w.Mint(2000))
				done := make(chan harness.Reply, 1)
				go func() {
					reply, err := w.Post(a.path, a.body)
					if err != nil {
						t.Errorf("the mint itself must not go away: %v", err)
					}
					done <- reply
				}()
				time.Sleep(time.Duration(round) * 4 * time.Millisecond)
				tt.lose(s)
				reply := <-done
				if reply.Status != http.StatusOK && reply.Status != http.StatusServiceUnavailable {
					t.Errorf("round %d: got %v, want the signatures or 503", round, reply)
				}
				a.waitSettled(t, w)
				if happened := a.outcome(t, w); happened != (reply.Status == http.StatusOK) {
					t.Errorf("round %d: answered %d, but happened: %v", round, reply.Status, happened)
				}
				tt.bring(s)
				a.proveWhole(t, w)
			}
		})
	}
}
