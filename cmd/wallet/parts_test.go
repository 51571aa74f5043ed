package main

import (
	"strings"
	"testing"

	"mintmark/cashu"
	"mintmark/e2e/harness"
)

// A wallet that is paying in parts is killed when the first mint has answered. The
// next process finds out from each mint what became of its part, and a part that its
// mint has not begun is taken back: nothing is lost, and nothing is paid twice.
func TestAWalletIsKilledWhileItPaysInParts(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	second := startMint(t, p.mint.Programs, harness.Quick("10s"))
	outside := startMint(t, p.mint.Programs, strings.Replace(harness.Quick("10s"), `incoming_delay = "20ms"`, `incoming_delay = "1h"`, 1))
	p.must("a", "mint", "100", "--mint", p.mint.URL())
	p.must("a", "mint", "80", "--mint", second.URL())
	var q quoteJSON
	p.decode(p.must("a", "mint", "150", "--mint", outside.URL(), "--no-wait"), &q)
	p.crash("wallet.melt.answered", "a", "pay", q.Request)
	_ = p.command("a", "ops", "recover").Run() // 4 if a part is in doubt
	var open []operationJSON
	p.decode(p.must("a", "ops", "list"), &open)
	for _, o := range open {
		p.must("a", "ops", "reclaim", o.Operation)
	}
	var history []entryJSON
	p.decode(p.must("a", "history"), &history)
	var spent cashu.Amount
	parts := 0
	for _, e := range history {
		if e.Kind != "melt" {
			continue
		}
		parts++
		switch {
		case e.Payment == "":
			t.Errorf("the part %+v belongs to nothing", e)
		case e.Status == "completed":
			spent += e.Amount + e.Fee
		case e.Status != "failed":
			t.Errorf("the part %+v is not over", e)
		}
	}
	if parts != 2 || spent == 0 {
		t.Errorf("%d parts, %d are spent", parts, spent)
	}
	got := p.balance("a")
	if got.Pending != 0 || got.Available > 180-spent || got.Available+cashu.Amount(len(open)) < 180-spent { // taking back costs a fee
		t.Errorf("of 180, %d are spent, and there is %+v", spent, got)
	}
	out, err := p.command("a", "pay", q.Request).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "this wallet has paid it already") {
		t.Errorf("the whole of it once more: %v: %s", err, out)
	}
}
