package mintclient

import (
	"context"
	"errors"
	"io"
	"net/http"
	"testing"
	"time"

	"mintmark/cashu"
)

func TestAQuoteIsPaidInEveryWayOfSayingIt(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, body   string
		paid, issued cashu.Amount
	}{
		{"by its state", `{"quote":"q","request":"lnbc","state":"PAID","expiry":null}`, 5, 0},
		{"by its state, over another amount", `{"quote":"q","request":"lnbc","state":"PAID","amount":7}`, 7, 0},
		{"not by another state", `{"quote":"q","request":"lnbc","state":"UNPAID","paid":true}`, 0, 0},
		{"issued was paid", `{"quote":"q","request":"lnbc","state":"ISSUED"}`, 5, 5},
		{"by the flag of old", `{"quote":"q","request":"lnbc","paid":true}`, 5, 0},
		{"not by the flag", `{"quote":"q","request":"lnbc","paid":false}`, 0, 0},
		{"by amounts", `{"quote":"q","request":"lnbc","amount_paid":6,"amount_issued":0}`, 6, 0},
		{"by amounts before the state", `{"quote":"q","request":"lnbc","state":"PAID","amount_paid":6,"amount_issued":2}`, 6, 2},
		{"not by saying nothing", `{"quote":"q","request":"lnbc","state":null,"paid":null}`, 0, 0},
	} {
		var q MintQuote
		q, err := q.complete(cashu.Decode([]byte(tt.body), &q))
		if paid, issued := q.Totals(5); err != nil || paid != tt.paid || issued != tt.issued {
			t.Errorf("%s: %d paid and %d issued, want %d and %d, %v", tt.name, paid, issued, tt.paid, tt.issued, err)
		}
	}
}

func TestAQuoteIsAskedAboutUntilAllOfItIsPaid(t *testing.T) {
	t.Parallel()
	asked := 0
	c := serving(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		w.Header().Set("Content-Type", "application/json")
		switch {
		case r.URL.Path != "/base/v1/mint/quote/bolt12/q":
			w.WriteHeader(http.StatusBadRequest)
			_, _ = io.WriteString(w, `{"code":11005,"detail":"of what?"}`)
		case asked < 3:
			_, _ = io.WriteString(w, `{"quote":"q","request":"lnbc","amount_paid":3,"amount_issued":0}`)
		default:
			_, _ = io.WriteString(w, `{"quote":"q","request":"lnbc","amount_paid":5,"amount_issued":0}`)
		}
	})
	q, err := c.AwaitPaid(t.Context(), "bolt12", "q", 5, time.Millisecond)
	if paid, _ := q.Totals(0); err != nil || paid != 5 || asked != 3 {
		t.Errorf("%d paid after %d questions, %v", paid, asked, err)
	}
	if _, err := c.AwaitPaid(t.Context(), "bolt12", "other", 5, time.Millisecond); !errors.As(err, new(*Refusal)) {
		t.Errorf("a question that fails: %v", err)
	}
	short, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if _, err := c.AwaitPaid(short, "bolt12", "q", 6, time.Millisecond); err == nil {
		t.Error("what is never paid was waited for")
	}
}
