package wallet

import (
	"testing"

	"mintmark/cashu"
)

func TestAPriceIsAtMostThePaymentRoundedUp(t *testing.T) {
	t.Parallel()
	const hundred, open = "lnbc1u1pqqq", "lnbc1pqqq" // 100 satoshi, and any amount
	for _, tc := range []struct {
		name string
		o    MeltQuoteOptions
		most cashu.Amount // 0: whatever the mint says
	}{
		{"an invoice", MeltQuoteOptions{Method: "bolt11", Unit: "sat", Request: hundred}, 100},
		{"an invoice with its scheme", MeltQuoteOptions{Method: "bolt11", Unit: "sat", Request: "LIGHTNING:LNBC1U1PQQQ"}, 100},
		{"in millisatoshi", MeltQuoteOptions{Method: "bolt11", Unit: "msat", Request: hundred}, 100_000},
		{"in dollars", MeltQuoteOptions{Method: "bolt11", Unit: "usd", Request: hundred}, 0},
		{"a part", MeltQuoteOptions{Method: "bolt11", Unit: "sat", Request: hundred, Part: 50_000}, 50},
		{"a part of no whole satoshi", MeltQuoteOptions{Method: "bolt11", Unit: "sat", Request: hundred, Part: 49_001}, 50},
		{"an amount of the payer's choice", MeltQuoteOptions{Method: "bolt11", Unit: "sat", Request: open, Amount: 7000}, 7},
		{"a choice that the invoice does not leave", MeltQuoteOptions{Method: "bolt11", Unit: "sat", Request: hundred, Amount: 900_000}, 100},
		{"no amount at all", MeltQuoteOptions{Method: "bolt11", Unit: "sat", Request: open}, 0},
		{"a tenth of a millisatoshi", MeltQuoteOptions{Method: "bolt11", Unit: "sat", Request: "lnbc1p1pqqq"}, 1},
		{"an offer that leaves the amount open", MeltQuoteOptions{Method: "bolt12", Unit: "sat", Request: "lno1pq", Amount: 7000}, 7},
		{"an offer", MeltQuoteOptions{Method: "bolt12", Unit: "sat", Request: hundred}, 0},
	} {
		if tc.most == 0 {
			if err := checkPrice(tc.o, 1<<64-1); err != nil {
				t.Errorf("%s: %v", tc.name, err)
			}
			continue
		}
		if err := checkPrice(tc.o, tc.most); err != nil {
			t.Errorf("%s: %d is refused: %v", tc.name, tc.most, err)
		}
		for _, more := range []cashu.Amount{tc.most + 1, 1<<64 - 1} {
			if checkPrice(tc.o, more) == nil {
				t.Errorf("%s: %d is taken", tc.name, more)
			}
		}
	}
}
