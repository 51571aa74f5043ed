package e2e

import (
	"net/http"
	"sync"
	"testing"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/internal/pgtest"
)

// Two mintd on one database hear of the same payments from one node, and both look
// when asked. What comes in for an offer or an address, many times and through both,
// counts once each, is told alike by both, and can be issued once.
func TestTwoMintdCountEveryPaymentOnce(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Database = pgtest.Start(t, pgtest.Options{}).Database(t)
	s.ShareNode()
	s.Start()
	other := s.Replica()
	other.StartMintd()
	fronts := []*harness.Wallet{s.Wallet(), other.Wallet()}
	amount := cashu.Amount(20) // another one each time, by which the node's ledger tells them apart
	for _, method := range []string{"bolt12", "onchain"} {
		t.Run(method, func(t *testing.T) {
			payee := openQuoteOf(fronts[0], method)
			var melts []meltAttempt
			total := cashu.Amount(1000) // what the fake node pays by itself
			for i := range 8 {
				amount++
				total += amount
				melts = append(melts, newMeltTo(fronts[i%2], method, payee.Request, amount))
			}
			var group sync.WaitGroup
			for i, a := range melts {
				group.Go(func() {
					a.body.PreferAsync = true
					if reply, err := fronts[i%2].Post(a.path(), a.body); err != nil || reply.Status != http.StatusOK {
						t.Errorf("melt %d: %v, %v", i, reply, err)
					}
				})
			}
			group.Wait()
			for i, front := range fronts {
				if paid, _ := front.WaitPaidOf(method, payee.Quote, total).Totals(0); paid != total {
					t.Errorf("mintd %d says that %d was paid, want %d", i+1, paid, total)
				}
			}
			for _, a := range melts {
				a.wantWhole(t, s, fronts[0], a.settled(t, fronts[1]))
			}
			wantIssuedOnce(t, fronts, method, payee.Quote, total)
		})
	}
}

// wantIssuedOnce asks both for all that was paid, at the same moment.
func wantIssuedOnce(t *testing.T, fronts []*harness.Wallet, method, quote string, total cashu.Amount) {
	t.Helper()
	var requests []cashu.MintRequest
	for _, w := range fronts {
		r := cashu.MintRequest{Quote: quote, Outputs: harness.Messages(w.Outputs(total))}
		r.Signature = w.SignQuote(openKey, quote, r.Outputs)
		requests = append(requests, r)
	}
	replies := make([]harness.Reply, len(fronts))
	var group sync.WaitGroup
	for i, w := range fronts {
		group.Go(func() {
			var err error
			if replies[i], err = w.Post("/v1/mint/"+method, requests[i]); err != nil {
				t.Error(err)
			}
		})
	}
	group.Wait()
	won := 0
	for _, r := range replies {
		switch {
		case r.Status == http.StatusOK:
			won++
		case r.Code != 20002 && r.Code != 20005 && r.Code != 11005:
			t.Errorf("whoever is second is answered %v", r)
		}
	}
	if won != 1 {
		t.Errorf("%d were issued: %v", won, replies)
	}
	for i, w := range fronts {
		if paid, issued := w.WaitPaidOf(method, quote, total).Totals(0); paid != total || issued != total {
			t.Errorf("mintd %d says that %d was paid and %d issued, want %d", i+1, paid, issued, total)
		}
	}
}
