package journal_test

import (
	"fmt"
	"sync"
	"testing"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
)

var (
	outFailed = lightning.Outgoing{State: lightning.PaymentFailed}
	outPaid   = lightning.Outgoing{State: lightning.PaymentPaid, Spent: 101, Proof: "proof"}
)

func TestWhatANodeHasClaimedToHavePaidDoesNotEndAsFailedForOneWhoReadTheAttemptBefore(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, open func() *journal.Journal) {
		j := open()
		if _, _, err := j.Begin(t.Context(), attempt("a")); err != nil {
			t.Fatal(err)
		}
		if before, err := j.Attempt(t.Context(), "a"); err != nil || before.Answer == journal.Claimed {
			t.Fatalf("one look finds %+v, %v", before, err)
		}
		if err := j.Answer(t.Context(), "a", journal.Claimed, "hash"); err != nil { // another one, in between
			t.Fatal(err)
		}
		if a, err := j.End(t.Context(), "a", outFailed); err != nil || a.State != lightning.PaymentPending || a.Answer != journal.Claimed {
			t.Errorf("it ended as failed: %+v, %v", a, err)
		}
		if a, err := j.End(t.Context(), "a", outPaid); err != nil || a.Outgoing() != outPaid {
			t.Errorf("it did not end as paid: %+v, %v", a, err)
		}
	})
}

func TestOfAClaimAndAFailureAtTheSameTimeTheFailureNeverEndsWhatIsClaimed(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, open func() *journal.Journal) {
		j := open()
		for i := range 20 {
			a := attempt(fmt.Sprint("a", i))
			a.Debt = a.ID
			if _, _, err := j.Begin(t.Context(), a); err != nil {
				t.Fatal(err)
			}
			var both sync.WaitGroup
			both.Go(func() {
				if err := j.Answer(t.Context(), a.ID, journal.Claimed, "hash"); err != nil {
					t.Error(err)
				}
			})
			both.Go(func() {
				if _, err := j.End(t.Context(), a.ID, outFailed); err != nil {
					t.Error(err)
				}
			})
			both.Wait()
			now, err := j.Attempt(t.Context(), a.ID)
			if err != nil || now.Answer == journal.Claimed && now.State == lightning.PaymentFailed {
				t.Errorf("it is %+v, %v", now, err)
			}
		}
	})
}
