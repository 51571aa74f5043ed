package e2e

import (
	"encoding/json"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
)

// openQuote is a quote that can be paid again and again, as a foreign wallet has it.
type openQuote struct {
	Quote        string `json:"quote"`
	Request      string `json:"request"`
	AmountPaid   string `json:"amount_paid"`
	AmountIssued string `json:"amount_issued"`
	State        string `json:"state"`
	Outpoint     string `json:"outpoint"`
}

// openKey is the key that the quotes of this test are locked to: 1, and its point.
const (
	openKey    = "0000000000000000000000000000000000000000000000000000000000000001"
	openPubkey = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
)

// waitQuote asks until the quote is as it should be.
func waitQuote(t *testing.T, w *harness.PeerWallet, op string, args map[string]any, done func(openQuote) bool) (q openQuote) {
	t.Helper()
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		w.Must(op, args, &q)
		if done(q) {
			return q
		}
		if time.Now().After(deadline) {
			t.Fatalf("the quote is still %+v", q)
		}
	}
}

func TestCashuTSMintsABatch(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := loadCashuTS(t, s, freshSeed(t, s))
	var ids []string
	for _, amount := range []cashu.Amount{5, 3} {
		ids = append(ids, s.Wallet().PaidQuote(amount).Quote)
	}
	var got coinsAnswer
	w.Must("mintBatch", map[string]any{"quotes": ids, "amounts": []int{5, 3}}, &got)
	if got.Total != "8" {
		t.Errorf("the batch is %s, want 8", got.Total)
	}
}

func TestCashuTSUsesOffersAndAddresses(t *testing.T) {
	t.Parallel()
	for _, method := range []string{"bolt12", "onchain"} {
		t.Run(method, func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, programs, harness.Unix)
			s.Start()
			w := loadCashuTS(t, s, freshSeed(t, s))
			var q openQuote
			w.Must("openQuote", map[string]any{"method": method, "pubkey": openPubkey}, &q)
			args := map[string]any{"method": method, "quote": q.Quote}
			waitQuote(t, w, "checkOpenQuote", args, func(q openQuote) bool { return q.AmountPaid == "1000" })
			var coins coinsAnswer
			mint := map[string]any{"method": method, "quote": q.Quote, "amount": 600, "key": openKey}
			w.Must("mintOpen", mint, &coins)
			var rest coinsAnswer
			mint["amount"] = 400
			w.Must("mintOpen", mint, &rest)
			if coins.Total != "600" || rest.Total != "400" {
				t.Errorf("minted %s and %s", coins.Total, rest.Total)
			}
			if w.Call("mintOpen", mint, nil) == nil { // the wallet knows it by itself
				t.Error("more was minted than was paid")
			}

			// The wallet pays its own quote, so it is paid once more.
			var paid struct{ Quote json.RawMessage }
			if method == "bolt12" {
				w.Must("meltOffer", map[string]any{"request": q.Request, "msat": 100_000, "proofs": coins.Proofs}, &paid)
			} else {
				w.Must("meltAddress", map[string]any{"request": q.Request, "amount": 100, "feeIndex": 1, "proofs": coins.Proofs}, &paid)
				var pending openQuote
				if err := json.Unmarshal(paid.Quote, &pending); err != nil || pending.State != "PENDING" {
					t.Errorf("the melt is answered %s, %v", paid.Quote, err)
				}
				done := waitQuote(t, w, "checkMeltAddress", map[string]any{"quote": pending.Quote}, func(q openQuote) bool { return q.State == "PAID" })
				if len(done.Outpoint) < 64 {
					t.Errorf("the outpoint is %q", done.Outpoint)
				}
			}
			waitQuote(t, w, "checkOpenQuote", args, func(q openQuote) bool { return q.AmountPaid == "1100" && q.AmountIssued == "1000" })
		})
	}
}
