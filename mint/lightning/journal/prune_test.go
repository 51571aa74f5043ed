package journal_test

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
)

func TestOnlyWhatNobodyCanPayAnyMoreIsForgotten(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, open func() *journal.Journal) {
		j := open()
		end := time.Date(2031, time.May, 4, 3, 2, 1, 0, time.UTC)
		pays := func(lookup string, deliver bool) {
			t.Helper()
			p := []lightning.Incoming{{Method: "bolt11", LookupID: lookup, PaymentID: "p " + lookup, Amount: 5, Unit: "sat", At: end}}
			if _, err := j.Receive(t.Context(), p); err != nil {
				t.Fatal(err)
			}
			if deliver {
				if err := j.Delivered(t.Context(), p); err != nil {
					t.Fatal(err)
				}
			}
		}
		stays := map[string]bool{}
		for _, c := range []struct {
			name    string
			once    bool
			expires time.Time
			ask     time.Time
			paid    bool
			heard   bool
			stays   bool
		}{
			{name: "over, and never paid", once: true, expires: end},
			{name: "over, and paid", once: true, expires: end, paid: true, heard: true},
			{name: "over, paid, and the mint has not heard", once: true, expires: end, paid: true, stays: true},
			{name: "still asked for", once: true, expires: end, ask: end.Add(time.Hour), stays: true},
			{name: "can be paid again", expires: end, stays: true},
			{name: "never ends", once: true, stays: true},
			{name: "not over for so long", once: true, expires: end.Add(time.Hour), stays: true},
		} {
			r := journal.Request{Method: "bolt11", LookupID: c.name, Identifier: "i " + c.name, Unit: "sat", Once: c.once, Created: end.Add(-time.Hour), Expires: c.expires}
			if err := j.AddRequest(t.Context(), r, c.ask); err != nil {
				t.Fatal(err)
			}
			if c.paid {
				pays(c.name, c.heard)
			}
			stays[c.name] = c.stays
		}
		if _, _, err := j.Begin(t.Context(), attempt("a")); err != nil {
			t.Fatal(err)
		}
		for range 3 {
			if n, err := j.Forget(t.Context(), end, 100); err != nil || n != 0 {
				t.Errorf("at its end: %d, %v", n, err)
			}
		}
		if n, err := j.Forget(t.Context(), end.Add(time.Minute), 100); err != nil || n != 2 {
			t.Errorf("later: %d, %v", n, err)
		}
		for name, want := range stays {
			r, err := j.Request(t.Context(), "bolt11", name)
			if got := err == nil; got != want || err != nil && !errors.Is(err, journal.ErrNotFound) {
				t.Errorf("%s: it is there: %v, %v", name, got, err)
			}
			if list, err := j.Received(t.Context(), journal.Request{Method: "bolt11", LookupID: name}); err != nil || !want && len(list) > 0 {
				t.Errorf("%s (%s): what arrived is still there: %v, %v", name, r, list, err)
			}
		}
		if list, err := j.Undelivered(t.Context(), 9); err != nil || len(list) != 1 {
			t.Errorf("not heard of are %v, %v", list, err)
		}
		if a, err := j.Attempt(t.Context(), "a"); err != nil || a.State != lightning.PaymentPending {
			t.Errorf("the attempt is %+v, %v", a, err)
		}
		for i := range 25 {
			r := journal.Request{Method: "bolt11", LookupID: fmt.Sprint(i), Identifier: fmt.Sprint("i", i), Unit: "sat", Once: true, Created: end, Expires: end}
			if err := j.AddRequest(t.Context(), r, time.Time{}); err != nil {
				t.Fatal(err)
			}
		}
		for _, want := range []int{10, 10, 5, 0} {
			if n, err := j.Forget(t.Context(), end.Add(time.Minute), 10); err != nil || n != want {
				t.Errorf("in bounds: %d, %v, want %d", n, err, want)
			}
		}
	})
}
