package journal_test

import (
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
)

var postgres pgtest.Shared

func TestMain(m *testing.M) {
	code := m.Run()
	postgres.Stop()
	os.Exit(code)
}

// everywhere runs a test on both engines. open opens the journal again and again.
func everywhere(t *testing.T, test func(t *testing.T, open func() *journal.Journal)) {
	for engine, place := range map[string]func(*testing.T) string{
		"sqlite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "journal.db") },
		"postgresql": func(t *testing.T) string { return postgres.Schema(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			t.Parallel()
			path := place(t)
			test(t, func() *journal.Journal {
				j, err := journal.Open(t.Context(), journal.Config{Path: path, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
				if err != nil {
					t.Fatal(err)
				}
				t.Cleanup(func() { _ = j.Close() })
				return j
			})
		})
	}
}

func reopen(t *testing.T, j *journal.Journal, open func() *journal.Journal) *journal.Journal {
	t.Helper()
	if err := j.Close(); err != nil {
		t.Fatal(err)
	}
	return open()
}

func attempt(id string) journal.Attempt {
	return journal.Attempt{ID: id, Method: "bolt11", Unit: "sat", Amount: 100, MaxFee: 2, Debt: "hash", Identifier: "hash", Quote: "quote", Said: "pay"}
}

func TestAnAttemptIsBegunOnceAndItsFirstEndIsItsEnd(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, open func() *journal.Journal) {
		j := open()
		if _, err := j.Attempt(t.Context(), "a"); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("before it was begun: %v", err)
		}
		first, fresh, err := j.Begin(t.Context(), attempt("a"))
		if err != nil || !fresh || first.State != lightning.PaymentPending || first.Rival {
			t.Fatalf("begun: %+v, %v, %v", first, fresh, err)
		}
		j = reopen(t, j, open)
		again, fresh, err := j.Begin(t.Context(), attempt("a"))
		if err != nil || fresh || again != first {
			t.Errorf("begun again: %+v, %v, %v", again, fresh, err)
		}
		if err := j.Answer(t.Context(), "a", journal.Begun, "name"); err != nil {
			t.Fatal(err)
		}
		if list, err := j.OpenAttempts(t.Context(), "quote"); err != nil || len(list) != 1 || list[0].Identifier != "name" || list[0].Answer != journal.Begun {
			t.Errorf("open are %+v, %v", list, err)
		}
		want := lightning.Outgoing{State: lightning.PaymentPaid, Spent: 101, Proof: "proof"}
		for _, out := range []lightning.Outgoing{want, {State: lightning.PaymentFailed}, {State: lightning.PaymentPaid, Spent: 1}} {
			if a, err := j.End(t.Context(), "a", out); err != nil || a.Outgoing() != want {
				t.Errorf("ended with %+v: %+v, %v", out, a, err)
			}
		}
		if _, err := j.End(t.Context(), "a", lightning.Outgoing{State: lightning.PaymentPending}); err == nil {
			t.Error("pending is an end")
		}
		if err := j.Answer(t.Context(), "a", journal.Refused, "other"); err != nil {
			t.Fatal(err)
		}
		j = reopen(t, j, open)
		if a, err := j.Attempt(t.Context(), "a"); err != nil || a.Outgoing() != want || a.Answer != journal.Begun || a.Identifier != "name" {
			t.Errorf("it is %+v, %v", a, err)
		}
		if list, err := j.OpenAttempts(t.Context(), "quote"); err != nil || len(list) != 0 {
			t.Errorf("open are %+v, %v", list, err)
		}
	})
}

func TestADebtIsPaidByOneAttemptAtATime(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, open func() *journal.Journal) {
		j := open()
		var mu sync.Mutex
		var begun []string
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				id := fmt.Sprint("a", i)
				_, fresh, err := j.Begin(t.Context(), attempt(id))
				if err != nil && !errors.Is(err, journal.ErrDuplicate) || fresh != (err == nil) {
					t.Errorf("%s: %v, %v", id, fresh, err)
				}
				mu.Lock()
				defer mu.Unlock()
				if fresh {
					begun = append(begun, id)
				}
			})
		}
		all.Wait()
		if len(begun) != 1 {
			t.Fatalf("begun were %v", begun)
		}
		if _, err := j.End(t.Context(), begun[0], lightning.Outgoing{State: lightning.PaymentFailed}); err != nil {
			t.Fatal(err)
		}
		second, fresh, err := j.Begin(t.Context(), attempt("b"))
		if err != nil || !fresh || !second.Rival {
			t.Errorf("after the failure: %+v, %v, %v", second, fresh, err)
		}
		if _, err := j.End(t.Context(), "b", lightning.Outgoing{State: lightning.PaymentPaid, Spent: 100}); err != nil {
			t.Fatal(err)
		}
		if _, _, err := j.Begin(t.Context(), attempt("c")); !errors.Is(err, journal.ErrDuplicate) {
			t.Errorf("after the payment: %v", err)
		}
		part := func(id string) journal.Attempt {
			a := attempt(id)
			a.Debt, a.Part = "shared", true
			return a
		}
		whole := attempt("w")
		whole.Debt = "shared"
		if a, fresh, err := j.Begin(t.Context(), part("p1")); err != nil || !fresh || !a.Part {
			t.Errorf("a part: %+v, %v, %v", a, fresh, err)
		}
		if _, fresh, err := j.Begin(t.Context(), part("p1")); err != nil || fresh {
			t.Errorf("the same part again: %v, %v", fresh, err)
		}
		// A node that is asked by the debt would answer for the one or for the other.
		for _, other := range []journal.Attempt{part("p2"), whole} {
			if _, _, err := j.Begin(t.Context(), other); !errors.Is(err, journal.ErrDuplicate) {
				t.Errorf("%s while a part is open: %v", other.ID, err)
			}
		}
		if _, err := j.End(t.Context(), "p1", lightning.Outgoing{State: lightning.PaymentPaid, Spent: 1}); err != nil {
			t.Fatal(err)
		}
		for _, other := range []journal.Attempt{part("p2"), whole} {
			if _, _, err := j.Begin(t.Context(), other); !errors.Is(err, journal.ErrDuplicate) {
				t.Errorf("%s when a part was paid: %v", other.ID, err)
			}
		}
	})
}

func TestAPaymentIsWrittenOnceAndDeliveredUntilSomebodySaysSo(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, open func() *journal.Journal) {
		j := open()
		start := j.Now()
		r := journal.Request{Method: "iou", LookupID: "custom:x", Identifier: "custom:x", Unit: "sat", Created: start, Expires: start.Add(time.Hour)}
		if err := j.AddRequest(t.Context(), r, start.Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if err := j.AddRequest(t.Context(), r, start); !errors.Is(err, journal.ErrDuplicate) {
			t.Errorf("added twice: %v", err)
		}
		pay := func(id string, amount int, at time.Duration) lightning.Incoming {
			return lightning.Incoming{Method: "iou", LookupID: "custom:x", PaymentID: id, Amount: 1 << amount, Unit: "sat", At: start.Add(at)}
		}
		late, early := pay("late", 2, time.Second), pay("early", 63, 0)
		if n, err := j.Receive(t.Context(), []lightning.Incoming{late, early, pay("late", 9, 0)}); err != nil || n != 2 {
			t.Errorf("received %d, %v", n, err)
		}
		if n, err := j.Receive(t.Context(), []lightning.Incoming{early}); err != nil || n != 0 {
			t.Errorf("received again %d, %v", n, err)
		}
		j = reopen(t, j, open)
		list, err := j.Undelivered(t.Context(), 10)
		if err != nil || len(list) != 2 || list[0] != early || list[1] != late {
			t.Fatalf("to deliver: %+v, %v", list, err)
		}
		if err := j.Delivered(t.Context(), list[:1]); err != nil {
			t.Fatal(err)
		}
		if list, err := j.Undelivered(t.Context(), 10); err != nil || len(list) != 1 || list[0] != late {
			t.Errorf("to deliver: %+v, %v", list, err)
		}
		if list, err := j.Received(t.Context(), r); err != nil || len(list) != 2 {
			t.Errorf("received are %+v, %v", list, err)
		}
	})
}

func TestRequestsAreDueWhenTheirTimeHasComeOrAllAtOnce(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, open func() *journal.Journal) {
		j := open()
		now := j.Now()
		for i, id := range []string{"now", "later", "never"} {
			r := journal.Request{Method: "bolt11", LookupID: id, Identifier: "label:" + id, Unit: "sat", Amount: 5, Once: true, Created: now}
			if err := j.AddRequest(t.Context(), r, now.Add(time.Duration(i)*time.Hour)); err != nil {
				t.Fatal(err)
			}
			if got, err := j.RequestOf(t.Context(), "label:"+id); err != nil || got != r {
				t.Errorf("%+v came back as %+v, %v", r, got, err)
			}
		}
		never, err := j.Request(t.Context(), "bolt11", "never")
		if err == nil {
			err = j.AskAgain(t.Context(), never, time.Time{})
		}
		if err != nil {
			t.Fatal(err)
		}
		due := func() (names []string) {
			list, err := j.Due(t.Context(), now, 10)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range list {
				names = append(names, r.LookupID)
			}
			return names
		}
		if got := fmt.Sprint(due()); got != "[now]" {
			t.Errorf("due are %s", got)
		}
		if err := j.AskAll(t.Context(), now); err != nil {
			t.Fatal(err)
		}
		if got := due(); len(got) != 2 {
			t.Errorf("due are %v", got)
		}
		if _, err := j.Request(t.Context(), "bolt12", "now"); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("of another method: %v", err)
		}
	})
}

func TestNotesAreKeptAndReplaced(t *testing.T) {
	t.Parallel()
	everywhere(t, func(t *testing.T, open func() *journal.Journal) {
		j := open()
		if _, err := j.Note(t.Context(), "x"); !errors.Is(err, journal.ErrNotFound) {
			t.Errorf("nothing was noted: %v", err)
		}
		for _, value := range []string{"1", "2"} {
			if err := j.SetNote(t.Context(), "x", value); err != nil {
				t.Fatal(err)
			}
			j = reopen(t, j, open)
			if got, err := j.Note(t.Context(), "x"); err != nil || got != value {
				t.Errorf("noted %q, %v", got, err)
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
		if _, err := j.Note(t.Context(), "x"); !errors.Is(err, journal.ErrClosed) {
			t.Errorf("after the end: %v", err)
		}
	})
}

func TestASecondProcessIsRefusedOnAFile(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "journal.db")
	j, err := journal.Open(t.Context(), journal.Config{Path: path})
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close()
	if _, err := journal.Open(t.Context(), journal.Config{Path: path}); !errors.Is(err, sqldb.ErrInUse) {
		t.Errorf("a second one: %v", err)
	}
}

// A journal in the place of another one is told from it by its name.
func TestAJournalKeepsItsNameAndANewOneHasAnother(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	var mu sync.Mutex
	everywhere(t, func(t *testing.T, open func() *journal.Journal) {
		j := open()
		name := j.Identity()
		if j = reopen(t, j, open); name == "" || j.Identity() != name {
			t.Errorf("it is called %q, then %q", name, j.Identity())
		}
		mu.Lock()
		defer mu.Unlock()
		if seen[name] {
			t.Errorf("two are called %q", name)
		}
		seen[name] = true
	})
}
