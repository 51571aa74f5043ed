package e2e

import (
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/internal/crashpoint"
	"mintmark/mint"
	"mintmark/wallet/mintclient"
)

func crashAt(point crashpoint.Name) string { return "MINTMARK_CRASH_AT=" + string(point) }

// pointsOf lists the mint's crash points of one kind of operation.
func pointsOf(prefix string) []crashpoint.Name {
	var points []crashpoint.Name
	for _, p := range mint.CrashPoints() {
		if strings.HasPrefix(string(p), prefix) {
			points = append(points, p)
		}
	}
	return points
}

func TestEveryCrashPointOfTheMintIsTested(t *testing.T) {
	t.Parallel()
	for _, p := range mint.CrashPoints() {
		switch kind, _, _ := strings.Cut(string(p), "."); kind {
		case "swap", "issue", "melt", "saga", "quote", "recovery":
		default:
			t.Errorf("no test kills the mint at %s", p)
		}
	}
}

// P5: nothing lost, nothing created, nothing left pending.
func TestMintKilledInsideASwapLosesNothing(t *testing.T) {
	t.Parallel()
	for _, point := range pointsOf("swap.") {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, crashing, harness.Unix)
			s.Start()
			w := s.Wallet()
			a := newSwap(w, w.Mint(100))
			dieAndRecover(t, s, w, point, a)
		})
	}
}

// P5 and P3: a quote is never issued twice and never lost.
func TestMintKilledWhileMintingLosesNothing(t *testing.T) {
	t.Parallel()
	for _, point := range pointsOf("issue.") {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, crashing, harness.Unix)
			s.Start()
			w := s.Wallet()
			a := newIssue(w, 100)
			dieAndRecover(t, s, w, point, a)
		})
	}
}

func TestMintKilledWhileMintingABatchLosesNothing(t *testing.T) {
	t.Parallel()
	for _, point := range pointsOf("issue.") {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, crashing, harness.Unix)
			s.Start()
			w := s.Wallet()
			dieAndRecover(t, s, w, point, newBatch(w, 5, 3, 100))
		})
	}
}

func dieAndRecover(t *testing.T, s *harness.Stack, w *harness.Wallet, point crashpoint.Name, a attempt) {
	t.Helper()
	s.Mintd.Stop()
	s.StartMintd(crashAt(point))
	if reply, err := w.Post(a.path, a.body); err == nil {
		t.Fatalf("the mint was to die at %s, but answered %v", point, reply)
	}
	s.Mintd.WaitKilled()
	s.StartMintd()
	a.proveWhole(t, w)
}

// The undoing of a swap may be killed as well, before and after its commit. The
// signatory is given so little time that it can verify the coins and cannot sign
// a thousand outputs.
func TestMintKilledWhileUndoingASwapLosesNothing(t *testing.T) {
	t.Parallel()
	for _, point := range pointsOf("saga.") {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, crashing, harness.Unix)
			s.Start()
			w := s.Wallet()
			a := newWideSwap(w, w.Mint(1000))
			s.Mintd.Stop()
			s.Config = harness.Quick("30ms")
			s.StartMintd(crashAt(point))
			for range 50 {
				reply, err := w.Post(a.path, a.body)
				if err != nil {
					break
				}
				if reply.Status != 503 {
					t.Fatalf("got %v, want 503 or the death of the mint", reply)
				}
			}
			s.Mintd.WaitKilled()
			s.Config = harness.Quick("10s")
			s.StartMintd()
			a.proveWhole(t, w)
		})
	}
}

// P3: a swap that the signatory cannot sign in time is undone at once.
func TestASwapThatCannotBeSignedIsUndone(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	a := newWideSwap(w, w.Mint(1000))
	s.Mintd.Stop()
	s.Config = harness.Quick("30ms")
	s.StartMintd()
	for range 5 {
		if reply, err := w.Post(a.path, a.body); err != nil || reply.Status != 503 {
			t.Fatalf("got %v, %v, want 503", reply, err)
		}
		if a.outcome(t, w) {
			t.Fatal("the swap was refused and happened")
		}
	}
	s.Mintd.Stop()
	s.Config = harness.Quick("10s")
	s.StartMintd()
	a.proveWhole(t, w)
}

func TestMintKilledWhileMakingAQuoteMakesAnotherOne(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, crashing, harness.Unix)
	s.StartSignatory()
	s.StartMintd(crashAt("quote.created"))
	reply, err := s.Client().Post("/v1/mint/quote/bolt11", map[string]any{"amount": 100, "unit": "sat"})
	if err == nil {
		t.Fatalf("the mint was to die, but answered %v", reply)
	}
	s.Mintd.WaitKilled()
	s.StartMintd()
	w := s.Wallet()
	newIssue(w, 100).proveWhole(t, w)
}

// A payment is counted once, also when the mint dies right after it was noted
// and hears of it again.
func TestMintKilledWhenAPaymentArrivesCountsItOnce(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, crashing, harness.Unix)
	s.StartSignatory()
	s.StartMintd(crashAt("quote.paid"))
	client := s.Client()
	q := client.MintQuote("bolt11", mintclient.MintQuoteRequest{Amount: 100})
	for s.Mintd.Running() { // a wallet that looks is one more way to learn of the payment
		if _, err := client.Get("/v1/mint/quote/bolt11/" + q.Quote); err != nil {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	s.Mintd.WaitKilled()
	s.StartMintd()
	w := s.Wallet()
	q = w.WaitPaid(q.Quote)
	if paid, issued := q.Totals(0); q.State != "PAID" || paid != 100 || issued != 0 {
		t.Fatalf("after one payment of 100 the quote is %s, with %d paid and %d issued", q.State, paid, issued)
	}
	outputs := w.Outputs(100)
	a := attempt{
		path: "/v1/mint/bolt11", quote: q.Quote, outputs: outputs,
		body: cashu.MintRequest{Quote: q.Quote, Outputs: harness.Messages(outputs)},
	}
	a.proveWhole(t, w)
	reply, err := w.Post("/v1/mint/bolt11", cashu.MintRequest{Quote: q.Quote, Outputs: harness.Messages(w.Outputs(100))})
	if err != nil {
		t.Fatal(err)
	}
	if reply.Status != 400 || reply.Code != 20002 {
		t.Errorf("minting the quote a second time: got %v, want code 20002", reply)
	}
}
