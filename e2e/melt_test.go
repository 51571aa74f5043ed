package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/internal/pgtest"
	"mintmark/wallet/mintclient"
)

// P5, for payments: nothing lost, nothing paid twice.
func TestMintKilledInsideAMeltPaysOnceAndLosesNothing(t *testing.T) {
	t.Parallel()
	for _, point := range pointsOf("melt.") {
		if point == "melt.quoted" || point == "melt.settled" {
			continue // below
		}
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, crashing, harness.Unix)
			s.Start()
			w := s.Wallet()
			a := newMelt(w, 100, "")
			s.Mintd.Stop()
			s.StartMintd(crashAt(point))
			if reply, err := w.Post("/v1/melt/bolt11", a.body); err == nil {
				t.Fatalf("the mint was to die at %s, but answered %v", point, reply)
			}
			s.Mintd.WaitKilled()
			s.StartMintd()
			a.proveWhole(t, s, w)
		})
	}
	t.Run("all points on PostgreSQL", func(t *testing.T) {
		t.Parallel()
		s := harness.NewStack(t, crashing, harness.Unix)
		s.Database = pgtest.Start(t, pgtest.Options{}).Database(t)
		s.Start()
		w := s.Wallet()
		for _, point := range []string{"melt.reserved", "melt.sent", "melt.signed"} {
			a := newMelt(w, 100, "")
			s.Faults.Kill(point, 1)
			if reply, err := w.Post("/v1/melt/bolt11", a.body); err == nil {
				t.Fatalf("the mint was to die at %s, but answered %v", point, reply)
			}
			s.Mintd.WaitKilled()
			s.Faults.Cancel()
			s.StartMintd()
			a.proveWhole(t, s, w)
		}
	})
}

// slowPayments changes how long the payments of the mint take.
func slowPayments(config, delay string) string {
	return strings.Replace(config, `outgoing_delay = "20ms"`, fmt.Sprintf("outgoing_delay = %q", delay), 1)
}

// The offer is lost with the answer. It runs out, and then there is another one.
func TestMintKilledWhileMakingAnOfferMakesAnotherOne(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, crashing, harness.Unix)
	s.Config = strings.Replace(s.Config, "[quotes]\n", "[quotes]\nmelt_ttl = \"2s\"\n", 1)
	s.StartSignatory()
	s.StartMintd(crashAt("melt.quoted"))
	w := s.Wallet()
	request, hash := w.Invoice(100, "")
	ask := map[string]any{"request": request, "unit": "sat"}
	if reply, err := w.Post("/v1/melt/quote/bolt11", ask); err == nil {
		t.Fatalf("the mint was to die, but answered %v", reply)
	}
	s.Mintd.WaitKilled()
	s.StartMintd()
	reply, err := w.Post("/v1/melt/quote/bolt11", ask)
	if err != nil || reply.Code != 20005 {
		t.Errorf("while the lost offer is valid: %v, %v", reply, err)
	}
	time.Sleep(2 * time.Second)
	newMeltOf(w, request, hash, 100).proveWhole(t, s, w)
}

// The money is gone and the signatory too: the change waits for it, also over a
// death of the mint.
func TestMintKilledWhenThePaidMeltCannotGiveChangeGivesItLater(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, crashing, harness.Unix)
	s.Config = slowPayments(harness.Quick("500ms"), "1500ms")
	s.Start()
	w := s.Wallet()
	a := newMelt(w, 100, "")
	s.Mintd.Stop()
	s.StartMintd(crashAt("melt.settled"))
	answered := make(chan error, 1)
	go func() {
		_, err := w.Post("/v1/melt/bolt11", a.body)
		answered <- err
	}()
	for !w.AllIn("PENDING", a.inputs) {
		time.Sleep(10 * time.Millisecond)
	}
	s.Signatory.Kill()
	s.Mintd.WaitKilled()
	if err := <-answered; err == nil {
		t.Error("the mint answered and died")
	}
	s.LaunchMintd()
	time.Sleep(time.Second) // recovery finds no signatory
	s.StartSignatory()
	a.proveWhole(t, s, w)
}

// A payment that failed is undone, however often the mint dies over it.
func TestMintKilledWhileUndoingAMeltGivesTheCoinsBack(t *testing.T) {
	t.Parallel()
	for _, point := range pointsOf("saga.") {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, crashing, harness.Unix)
			s.Start()
			w := s.Wallet()
			a := newMelt(w, 100, "fail the payment")
			s.Mintd.Stop()
			s.StartMintd(crashAt(point))
			if reply, err := w.Post("/v1/melt/bolt11", a.body); err == nil {
				t.Fatalf("the mint was to die at %s, but answered %v", point, reply)
			}
			s.Mintd.WaitKilled()
			s.StartMintd()
			q := a.settled(t, w)
			a.wantWhole(t, s, w, q)
			if q.State != "UNPAID" {
				t.Errorf("the payment failed and the quote is %s", q.State)
			}
			if reply := a.put(t, w); reply.Code != 20004 {
				t.Errorf("put again: %v", reply)
			}
			w.Swap(a.inputs, w.Outputs(harness.Total(a.inputs)))
		})
	}
}

// Recovery itself may be killed, before and after it has decided.
func TestMintKilledWhileRecoveringAMeltPaysOnce(t *testing.T) {
	t.Parallel()
	for _, point := range pointsOf("recovery.") {
		t.Run(string(point), func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, crashing, harness.Unix)
			s.Start()
			w := s.Wallet()
			a := newMelt(w, 100, "")
			s.Mintd.Stop()
			s.StartMintd(crashAt("melt.reserved"))
			if reply, err := w.Post("/v1/melt/bolt11", a.body); err == nil {
				t.Fatalf("the mint was to die, but answered %v", reply)
			}
			s.Mintd.WaitKilled()
			s.LaunchMintd(crashAt(point))
			s.Mintd.WaitKilled()
			s.StartMintd()
			a.proveWhole(t, s, w)
		})
	}
}

func TestAMeltWithinTheMintPaysAQuoteOfTheMint(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	coins := w.Mint(100)
	s.Mintd.Stop()
	s.Config = strings.Replace(s.Config, `incoming_delay = "20ms"`, `incoming_delay = "1h"`, 1)
	s.StartMintd()
	payee := w.MintQuote("bolt11", mintclient.MintQuoteRequest{Amount: 90})
	q := w.MeltQuote("bolt11", mintclient.MeltQuoteRequest{Request: payee.Request})
	blanks := w.Blanks(4)
	q = w.Melt("bolt11", mintclient.MeltRequest{Quote: q.Quote, Inputs: coins, Outputs: harness.Messages(blanks)})
	if q.State != "PAID" || q.FeeReserve != 0 || q.Preimage != "" {
		t.Errorf("the melt is %+v", q)
	}
	if got := harness.Total(w.OpenChange(blanks, q.Change)); got != 10 {
		t.Errorf("the change is %d, want 10", got)
	}
	w.MintOn(payee.Quote, 90)
	if list := s.Payments(); len(list) != 0 {
		t.Errorf("the node was asked to pay %+v", list)
	}
}

// A look at a quote never waits for its payment, and neither does a wallet that
// does not want to.
func TestAMeltThatDoesNotWaitAndTheLooksAtIt(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Config = slowPayments(s.Config, "2s")
	s.Start()
	w := s.Wallet()
	a := newMelt(w, 100, "")
	a.body.PreferAsync = true
	began := time.Now()
	reply, err := w.Post("/v1/melt/bolt11", a.body)
	var q mintclient.MeltQuote
	if err != nil || reply.Status != http.StatusOK || cashu.Decode([]byte(reply.Body), &q) != nil || q.State != "PENDING" {
		t.Fatalf("got %v, %v", reply, err)
	}
	if q := w.ReadMelt(a.quote.Quote); q.State != "PENDING" || time.Since(began) > 1500*time.Millisecond {
		t.Errorf("after %v the quote is %s", time.Since(began), q.State)
	}
	if !w.AllIn("PENDING", a.inputs) {
		t.Errorf("the coins are %v", w.States(a.inputs))
	}
	a.proveWhole(t, s, w)
}
