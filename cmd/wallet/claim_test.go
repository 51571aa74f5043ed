package main

import (
	"encoding/json"
	"testing"
	"time"
)

// Invoices that were paid while nobody looked are claimed with one request, by a
// process that is killed when the mint has answered, and by the next one.
func TestPaidInvoicesAreClaimedTogether(t *testing.T) {
	t.Parallel()
	p := newPeople(t)
	quotes := make([]quoteJSON, 3)
	for i, amount := range []string{"5", "64", "1000"} {
		p.decode(p.must("a", "mint", amount, "--mint", p.mint.URL(), "--no-wait"), &quotes[i])
	}
	for _, q := range quotes { // they pay themselves
		for began := time.Now(); q.State != "PAID"; time.Sleep(50 * time.Millisecond) {
			if time.Since(began) > time.Minute {
				t.Fatalf("the invoice is %s", q.State)
			}
			p.decode(p.must("a", "quotes", "check", q.Quote), &q)
		}
	}
	p.crash("wallet.mint.answered", "a", "quotes", "claim")
	if got := p.balance("a"); got.Available != 0 {
		t.Errorf("there is %+v too early", got)
	}
	p.must("a", "quotes", "claim") // after recovery there is nothing left to claim
	if got := p.balance("a"); got.Available != 1069 {
		t.Errorf("there is %+v", got)
	}
	var history []entryJSON
	p.decode(p.must("a", "history"), &history)
	if len(history) != 1 || history[0].Amount != 1069 || history[0].Status != "completed" || history[0].Memo != "3 invoices" {
		t.Errorf("the history is %+v", history)
	}
}

func (p *people) decode(line string, v any) {
	p.t.Helper()
	if err := json.Unmarshal([]byte(line), v); err != nil {
		p.t.Fatalf("%v: %s", err, line)
	}
}
