package main

import (
	"strings"
	"testing"

	"mintmark/e2e/harness"
)

// A wallet takes the coins of a payment back, and is killed when it has them, before it
// has written down that the payment is over. The next process ends that: the coins are
// there once, and the invoice is not paid.
func TestAWalletIsKilledWhenItHasReclaimed(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	elsewhere := startMint(t, p.mint.Programs, strings.Replace(harness.Quick("10s"), `incoming_delay = "20ms"`, `incoming_delay = "1h"`, 1))
	p.must("a", "mint", "64", "--mint", p.mint.URL())
	var q quoteJSON
	p.decode(p.must("a", "mint", "20", "--mint", elsewhere.URL(), "--no-wait"), &q)
	p.crash("wallet.melt.sending", "a", "pay", q.Request, "--mint", p.mint.URL())
	var open []operationJSON
	if p.decode(p.must("a", "ops", "list"), &open); len(open) != 1 {
		t.Fatalf("what is unfinished: %+v", open)
	}
	p.crash("wallet.melt.reclaimed", "a", "ops", "reclaim", open[0].Operation)
	p.must("a", "ops", "recover")
	if left := p.must("a", "ops"); left != "[]" {
		t.Errorf("it is not over: %s", left)
	}
	if got := p.balance("a"); got.Pending != 0 || got.Available > 64 || got.Available < 63 { // the fee of a swap
		t.Errorf("there is %+v of 64", got)
	}
	var history []entryJSON
	p.decode(p.must("a", "history"), &history)
	for _, e := range history {
		if e.Kind == "melt" && e.Status != "failed" {
			t.Errorf("the payment is %s", e.Status)
		}
	}
}
