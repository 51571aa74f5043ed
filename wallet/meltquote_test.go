package wallet_test

import (
	"errors"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// A quote is given again to who asks over the same, and to nobody else: what the payer
// chose, or the part that he pays, is not in the request.
func TestAQuoteIsGivenAgainOverTheSameOnly(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, func(bank *fake.Config, _ *mint.Config) { bank.Methods = []string{"bolt11", "bolt12"} })
	x, _ := w.wallet()
	open, err := w.bank.CreateInvoice(t.Context(), lightning.InvoiceRequest{QuoteID: "x", Method: "bolt12", Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	invoice := w.outside(100, "")
	seen := map[string]wallet.MeltQuoteOptions{}
	for _, o := range []wallet.MeltQuoteOptions{
		{Method: "bolt12", Unit: "sat", Request: open.Request, Amount: 7000},
		{Method: "bolt12", Unit: "sat", Request: open.Request, Amount: 9000},
		{Unit: "sat", Request: invoice, Part: 50_000},
		{Unit: "sat", Request: invoice, Part: 60_000},
		{Unit: "sat", Request: invoice},
	} {
		first, err := x.CreateMeltQuote(t.Context(), w.url, o)
		if err != nil {
			t.Fatalf("%+v: %v", o, err)
		}
		if other, taken := seen[first.ID]; taken {
			t.Errorf("%+v has the quote of %+v", o, other)
		}
		seen[first.ID] = o
		if again, err := x.CreateMeltQuote(t.Context(), w.url, o); err != nil || again.ID != first.ID {
			t.Errorf("%+v: the quote is %s, then %s: %v", o, first.ID, again.ID, err)
		}
	}
	o := wallet.MeltQuoteOptions{Method: "bolt12", Unit: "sat", Request: open.Request}
	if q, err := x.CreateMeltQuote(t.Context(), w.url, o); err == nil {
		t.Errorf("an offer that leaves the amount open, and nobody says how much: %+v", q)
	}
}

// Mints make one quote for an invoice at a time. One that is of no use now, because there
// is not enough ecash, or that its owner has given up, is there when it is asked for again.
func TestAQuoteThatWasGivenUpIsTakenUpAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 50)
	o := wallet.MeltQuoteOptions{Unit: "sat", Request: w.outside(50, "")}
	first, err := x.CreateMeltQuote(t.Context(), w.url, o)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.PlanParts(t.Context(), wallet.PartsOptions{Unit: o.Unit, Request: o.Request}); !errors.Is(err, wallet.ErrFunds) {
		t.Fatalf("planned without money for the fees: %v", err)
	}
	w.fund(x, 10)
	again, err := x.CreateMeltQuote(t.Context(), w.url, o)
	if err != nil || again.ID != first.ID || again.State != "UNPAID" {
		t.Fatalf("the quote is %s, then %s, %s: %v", first.ID, again.ID, again.State, err)
	}
	if _, err := x.Melt(t.Context(), w.url, again.ID, wallet.MeltOptions{}); err != nil {
		t.Error(err)
	}
}

// A quote of an older version of this program does not say what it was asked over: it is
// given again for its whole invoice, which its mint makes no other quote for, and not for
// what may be a part.
func TestAQuoteOfAnOlderVersionIsGivenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	y, _ := w.wallet()
	for _, part := range []uint64{0, 50_000} {
		o := wallet.MeltQuoteOptions{Unit: "sat", Request: w.outside(100, ""), Part: cashu.Amount(part)}
		first, err := y.CreateMeltQuote(t.Context(), w.url, o)
		if err != nil {
			t.Fatal(err)
		}
		old := first
		old.Terms = ""
		if err := store.Update(t.Context(), func(tx wallet.Tx) error { return tx.AddQuote(t.Context(), old) }); err != nil {
			t.Fatal(err)
		}
		o.Part = 0
		if again, err := x.CreateMeltQuote(t.Context(), w.url, o); part == 0 && (err != nil || again.ID != first.ID) || part != 0 && again.ID == first.ID {
			t.Errorf("part %d: the quote is %s, then %s: %v", part, first.ID, again.ID, err)
		}
	}
}
