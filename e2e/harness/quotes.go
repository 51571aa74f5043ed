package harness

import (
	"encoding/hex"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// SignQuote signs a mint request for a locked quote (NUT-20); key is in hex.
func (w *Wallet) SignQuote(key, quote string, outputs []Message) string {
	w.t.Helper()
	raw, err := hex.DecodeString(key)
	if err != nil {
		w.t.Fatal(err)
	}
	k, err := bdhke.NewScalar(raw)
	if err != nil {
		w.t.Fatal(err)
	}
	messages := make([]cashu.BlindedMessage, len(outputs))
	for i, o := range outputs {
		messages[i] = cashu.BlindedMessage{Amount: cashu.Amount(o.Amount), B: o.B}
	}
	sig, err := cashu.SignQuote(k, quote, messages, false)
	if err != nil {
		w.t.Fatal(err)
	}
	return sig
}

// WaitPaidOf waits until at least this much was paid for a quote.
func (w *Wallet) WaitPaidOf(method, id string, amount uint64) (q Quote) {
	w.t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(50 * time.Millisecond) {
		w.MustGet("/v1/mint/quote/"+method+"/"+id, &q)
		if q.AmountPaid >= amount {
			return q
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%d is not paid after %v: %+v", amount, patience, q)
		}
	}
}
