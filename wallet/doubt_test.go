package wallet_test

import (
	"errors"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// A mint says once that more, or less, came in on an invoice than can be: that is no
// reason never to issue it.
func TestAWordThatCannotBeTrueDoesNotKeepAnInvoiceOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	for _, tt := range []struct{ old, new string }{
		{`"amount_paid":77`, `"amount_paid":78`},
		{`"amount_paid":77`, `"amount_paid":18446744073709551615`},
		{`"amount_issued":0`, `"amount_issued":1`},
		{`"amount_issued":0`, `"amount_issued":78`},
	} {
		before := w.balance(x, wallet.CoinUnspent)
		q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 77})
		if err != nil {
			t.Fatal(err)
		}
		w.rewrite("/v1/mint/quote/bolt11/", tt.old, tt.new)
		if _, err := x.CheckMintQuote(t.Context(), w.url, q.ID); err != nil {
			t.Fatal(err)
		}
		w.line.cut(nil, nil)
		if _, err := x.Issue(t.Context(), w.url, q.ID, wallet.MintOptions{}); err != nil && !errors.Is(err, cashu.ErrQuoteUnpaid) {
			t.Errorf("%s: %v", tt.new, err)
		}
		if got := w.balance(x, wallet.CoinUnspent) - before; got != 77 {
			t.Errorf("%s: %d came of 77", tt.new, got)
		}
	}
}

// An offer can be paid with any amount: what the mint says of it is only doubted when
// it does not issue that.
func TestAnAmountThatIsNotIssuedIsAskedForAgain(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, func(bank *fake.Config, _ *mint.Config) {
		bank.Methods, bank.SettleOnCheck, bank.IncomingDelay = []string{"bolt12"}, false, time.Hour
	})
	x, _ := w.wallet()
	made, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Method: "bolt12", Unit: "sat", Amount: 50})
	if err != nil {
		t.Fatal(err)
	}
	q, err := w.mint.MintQuote(t.Context(), "bolt12", made.ID)
	if err == nil {
		err = w.bank.Deposit(t.Context(), q.LookupID, 50)
	}
	for began := time.Now(); err == nil && q.AmountPaid == 0 && time.Since(began) < time.Minute; time.Sleep(time.Millisecond) {
		q, err = w.mint.MintQuote(t.Context(), "bolt12", made.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	w.rewrite("/v1/mint/quote/bolt12/", `"amount_paid":50`, `"amount_paid":60`)
	if _, err := x.Issue(t.Context(), w.url, made.ID, wallet.MintOptions{}); !errors.Is(err, cashu.ErrUnbalanced) {
		t.Errorf("a mint that does not issue what it says is paid: %v", err)
	}
	w.line.cut(nil, nil)
	if got, err := x.Issue(t.Context(), w.url, made.ID, wallet.MintOptions{}); err != nil || got != 50 {
		t.Errorf("issued %d of 50: %v", got, err)
	}
}

// A mint says once that an invoice is issued, which it is not: asking anew brings it
// back, and another word that is late does not.
func TestAQuoteThatIsAskedAboutAnewIsBelieved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 77})
	if err != nil {
		t.Fatal(err)
	}
	w.rewrite("/v1/mint/quote/bolt11/", `"amount_issued":0`, `"amount_issued":77`)
	for q.Issued == 0 {
		if q, err = x.CheckMintQuote(t.Context(), w.url, q.ID); err != nil {
			t.Fatal(err)
		}
	}
	w.line.cut(nil, nil)
	if _, err := x.Issue(t.Context(), w.url, q.ID, wallet.MintOptions{}); err == nil {
		t.Fatal("a lower word counts without being asked for")
	}
	if q, err = x.CheckMintQuoteAnew(t.Context(), w.url, q.ID); err != nil || q.Open() != 77 {
		t.Errorf("%d is open: %v", q.Open(), err)
	}
	// What cannot be so changes nothing.
	w.rewrite("/v1/mint/quote/bolt11/", `"amount_issued":0`, `"amount_issued":78`)
	if q, err = x.CheckMintQuoteAnew(t.Context(), w.url, q.ID); err != nil || q.Open() != 77 {
		t.Errorf("%d is open after nonsense: %v", q.Open(), err)
	}
	w.line.cut(nil, nil)
	if got, err := w.claim(x); err != nil || got != 77 {
		t.Errorf("claimed %d: %v", got, err)
	}
}
