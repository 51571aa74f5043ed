package operator_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/mint/operator"
	"mintmark/mint/sqlstore"
)

// The node has ended the payment since the operator looked: it would be given back what is
// paid.
func TestWhatTheNodeSaysOtherwiseThanItWasShownIsNotDecided(t *testing.T) {
	t.Parallel()
	open, paid := []string{"the node says IN_FLIGHT"}, []string{"the node says SUCCEEDED"}
	for name, test := range map[string]struct {
		shown, now operator.Mint
		changed    bool
	}{
		"the same":               {witness{lines: open}, witness{lines: open}, false},
		"it is paid":             {witness{lines: open}, witness{lines: paid}, true},
		"it is away now":         {witness{lines: open}, witness{err: errors.New("away")}, true},
		"no mint runs now":       {witness{lines: open}, nil, true},
		"it is there again":      {witness{err: errors.New("away")}, witness{lines: paid}, true},
		"a mint runs again":      {nil, witness{lines: paid}, true},
		"it is there, and mute":  {witness{err: errors.New("away")}, witness{}, true},
		"away for two reasons":   {witness{err: errors.New("away")}, witness{err: errors.New("port 1234")}, false},
		"no mint runs, as shown": {nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			store, err := sqlstore.Open(t.Context(), sqlstore.Config{Path: sqldb.Memory, Owner: "test"})
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = store.Close() })
			now := time.Unix(1_800_003_600, 0)
			op := &operator.Local{Store: store, Clock: func() time.Time { return now }, Mint: test.shown}
			s, _ := openMelt(t, store, "lost")
			seen := shown(t, op, s.ID)
			op.Mint = test.now
			if err := op.Resolve(t.Context(), seen, operator.Release, "seen"); test.changed != errors.Is(err, operator.ErrChanged) || !test.changed && err != nil {
				t.Errorf("it says %v", err)
			}
			want := mint.MeltUnpaid
			if test.changed {
				want = mint.MeltPending
			}
			if q, err := store.MeltQuote(t.Context(), s.QuoteID); err != nil || q.State != want {
				t.Errorf("the melt is %v, %v", q.State, err)
			}
		})
	}
}

// What was shown was of another kind, or another question.
func TestAnotherKindOrVerdictThanWasShownIsNotDecided(t *testing.T) {
	t.Parallel()
	store, operators := both(t)
	for name, op := range operators {
		s, _ := reserve(t, store, name, true)
		for what, of := range map[string]func(*operator.Saga){
			"kind":    func(s *operator.Saga) { s.Kind = "melt" },
			"verdict": func(s *operator.Saga) { s.Verdict = mint.VerdictAsk },
		} {
			seen := shown(t, op, s.ID)
			of(&seen.Saga)
			if err := op.Resolve(t.Context(), seen, operator.Release, "seen"); err == nil || !strings.Contains(err.Error(), operator.ErrChanged.Error()) {
				t.Errorf("%s, another %s: %v", name, what, err)
			}
		}
		if err := op.Resolve(t.Context(), shown(t, op, s.ID), operator.Release, "seen"); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}
