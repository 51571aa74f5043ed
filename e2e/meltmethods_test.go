package e2e

import (
	"testing"

	"mintmark/e2e/harness"
	"mintmark/internal/crashpoint"
	"mintmark/internal/pgtest"
)

// P5 for what is not an invoice: offers, and addresses, whose payments nobody waits
// for (NUT-25, NUT-30). At every point of the melt, of its recovery, and of its
// undoing where the node lets a payment fail.
func TestMintKilledInsideAMeltOfAnOfferOrAnAddressPaysOnceAndLosesNothing(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"bolt12", "onchain"} {
		for _, on := range []string{"SQLite", "PostgreSQL"} {
			t.Run(method+" on "+on, func(t *testing.T) {
				t.Parallel()
				s := harness.NewStack(t, crashing, harness.Unix)
				points := pointsOf("melt.")
				if on == "PostgreSQL" {
					// Where others may be at work a death costs the lease of the dead, and
					// the places are the same.
					s.Database = pgtest.Start(t, pgtest.Options{}).Database(t)
					points = []crashpoint.Name{"melt.reserved", "melt.sent"}
				}
				s.Start()
				w := s.Wallet()
				prepare := func(description string) meltAttempt { return newMeltBy(w, method, 100, description) }
				for _, point := range points {
					if point == "melt.quoted" || point == "melt.settled" {
						continue // an offer is asked for again; the change is settled as for bolt11
					}
					a := prepare("")
					a.dieAt(s, w, string(point))
					s.StartMintd()
					a.proveWhole(t, s, w)
				}
				if on == "PostgreSQL" {
					return
				}
				for _, point := range pointsOf("recovery.") {
					a := prepare("")
					a.dieAt(s, w, "melt.reserved")
					s.Faults.Kill(string(point), 1)
					s.LaunchMintd()
					s.Mintd.WaitKilled()
					s.Faults.Cancel()
					s.StartMintd()
					a.proveWhole(t, s, w)
				}
				if method == "onchain" {
					return // no address says how its payment ends
				}
				for _, point := range pointsOf("saga.") {
					a := prepare("fail the payment")
					a.dieAt(s, w, string(point))
					s.StartMintd()
					q := a.settled(t, w)
					a.wantWhole(t, s, w, q)
					if q.State != "UNPAID" {
						t.Errorf("the payment failed and the quote is %s", q.State)
					}
					w.Swap(a.inputs, w.Outputs(harness.Total(a.inputs)))
				}
			})
		}
	}
}

// dieAt puts the melt and waits until the mint has died of it. Whoever is not kept
// waiting may have an answer before that, that it is pending.
func (a meltAttempt) dieAt(s *harness.Stack, w *harness.Wallet, point string) {
	s.Faults.Kill(point, 1)
	_, _ = w.Post(a.path(), a.body)
	s.Mintd.WaitKilled()
	s.Faults.Cancel()
}
