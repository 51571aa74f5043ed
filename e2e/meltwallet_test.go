package e2e

import (
	"encoding/json"
	"slices"
	"testing"

	"mintmark/cashu"
	"mintmark/e2e/harness"
)

// meltAnswer is what a foreign wallet has after a melt.
type meltAnswer struct {
	Quote struct {
		State    string `json:"state"`
		Preimage string `json:"payment_preimage"`
	} `json:"quote"`
	Spent  coins  `json:"spent"`
	Change coins  `json:"change"`
	Total  string `json:"total"`
}

func TestCashuTSMeltsAndGetsItsChange(t *testing.T) {
	t.Parallel()
	for _, transport := range []harness.Transport{harness.Unix, harness.MTLS} {
		t.Run(transport.String(), func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, programs, transport)
			s.Start()
			seed := freshSeed(t, s)
			alice := loadCashuTS(t, s, seed)
			minted, _ := mintCashuTS(t, alice, 200)
			request, hash := s.Wallet().Invoice(100, "lunch")

			var quote json.RawMessage
			alice.Must("meltQuote", map[string]any{"request": request}, &quote)
			wantCode(t, "a second quote for one invoice", alice.Call("meltQuote", map[string]any{"request": request}, nil), 20005)
			var got meltAnswer
			alice.Must("melt", map[string]any{"quote": quote, "proofs": minted}, &got)
			// 200 in, 100 and a fee of 1 out; the reserve of 2 was 1 too much.
			if got.Quote.State != "PAID" || len(got.Quote.Preimage) != 64 || got.Total != "99" || len(got.Change) != 1 {
				t.Errorf("the wallet has %+v", got)
			}
			if states := states(t, alice, got.Spent); slices.ContainsFunc(states, func(s string) bool { return s != "SPENT" }) {
				t.Errorf("the melted coins are %v", states)
			}
			wantCode(t, "a quote for a paid invoice", alice.Call("meltQuote", map[string]any{"request": request}, nil), 20006)
			var restored coinsAnswer
			loadCashuTS(t, s, seed).Must("restore", nil, &restored)
			if restored.Total != "99" {
				t.Errorf("the seed restores %s, want 99", restored.Total)
			}
			paid := 0
			for _, e := range s.Payments() {
				if e.Debt == hash && e.Paid {
					paid++
				}
			}
			if paid != 1 {
				t.Errorf("the node has paid %d times", paid)
			}

			request, _ = s.Wallet().Invoice(10, "fail the payment")
			alice.Must("meltQuote", map[string]any{"request": request}, &quote)
			wantCode(t, "a payment that fails", alice.Call("melt", map[string]any{"quote": quote, "proofs": restored.Proofs}, nil), 20004)
		})
	}
}

// The keyset of the blanks is retired while the payment is under way. Its change
// is signed with it all the same.
func TestARotationDuringAMeltLosesNoChange(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Config = slowPayments(s.Config, "2s")
	s.Start()
	w := s.Wallet()
	a := newMelt(w, 100, "")
	old := w.Keyset.ID
	a.body.PreferAsync = true
	if reply, err := w.Post("/v1/melt/bolt11", a.body); err != nil || reply.Status != 200 {
		t.Fatalf("got %v, %v", reply, err)
	}
	s.Rotate()
	waitRotated(t, w, old)
	w.LoadKeyset()
	q := a.settled(t, w)
	if q.State != "PAID" || len(q.Change) == 0 || q.Change[0].ID != old {
		t.Fatalf("the melt is %+v", q)
	}
	change := openWith(w, old, a.blanks, q.Change)
	if got := harness.Total(change); got != overpaid-1 {
		t.Errorf("the change is %d, want %d", got, overpaid-1)
	}
	w.Swap(change, w.Outputs(harness.Total(change)))
}

// openWith opens change of a keyset that is not the wallet's present one.
func openWith(w *harness.Wallet, keyset cashu.KeysetID, blanks []harness.Output, change []cashu.BlindSignature) []cashu.Proof {
	earlier := *w
	earlier.Keyset = w.KeysOf(keyset)
	return earlier.OpenChange(blanks, change)
}
