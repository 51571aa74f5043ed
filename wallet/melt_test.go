package wallet_test

import (
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/wallet"
)

// invoice is one of the bank, over an amount, that somebody else pays to.
func (w *world) invoice(amount cashu.Amount, description string) string {
	w.t.Helper()
	i, err := w.bank.CreateInvoice(w.t.Context(), lightning.InvoiceRequest{QuoteID: "x", Amount: amount, Unit: "sat", Description: description})
	if err != nil {
		w.t.Fatal(err)
	}
	return i.Request
}

func (w *world) meltQuote(x *wallet.Wallet, amount cashu.Amount) wallet.Quote {
	w.t.Helper()
	q, err := x.CreateMeltQuote(w.t.Context(), w.url, wallet.MeltQuoteOptions{Unit: "sat", Request: w.invoice(amount, "")})
	if err != nil {
		w.t.Fatal(err)
	}
	return q
}

func TestAnInvoiceIsPaidAndTheChangeComesBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 200)
	q := w.meltQuote(x, 100)
	paid, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond})
	if err != nil {
		t.Fatal(err)
	}
	if paid.Amount != 100 || paid.Proof == "" {
		t.Errorf("got %+v", paid)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 100-paid.Fee {
		t.Errorf("%d free after a fee of %d", free, paid.Fee)
	}
	if sagas, err := store.Sagas(t.Context()); err != nil || len(sagas) != 0 {
		t.Errorf("left over: %v, %v", sagas, err)
	}
	if _, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{}); err == nil {
		t.Error("it was paid twice")
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 100-paid.Fee {
		t.Errorf("%d free after the second try", free)
	}
}

// Who looks at the price and pays later gets the quote that there is: the mint has
// one for an invoice at a time.
func TestAPaymentThatIsAskedForAgainHasTheSameQuote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 200)
	o := wallet.MeltQuoteOptions{Unit: "sat", Request: w.invoice(50, "")}
	first, err := x.CreateMeltQuote(t.Context(), w.url, o)
	if err != nil {
		t.Fatal(err)
	}
	again, err := x.CreateMeltQuote(t.Context(), w.url, o)
	if err != nil || again.ID != first.ID {
		t.Fatalf("the quote is %s, then %s: %v", first.ID, again.ID, err)
	}
	if _, err := x.Melt(t.Context(), w.url, again.ID, wallet.MeltOptions{Poll: time.Millisecond}); err != nil {
		t.Fatal(err)
	}
	if q, err := x.CreateMeltQuote(t.Context(), w.url, o); err == nil {
		t.Errorf("a paid invoice has the new quote %+v", q)
	}
}

// The answer of a melt is lost, and the process is gone: recovery finds the payment
// and its change.
func TestALostAnswerOfAMeltIsFound(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 200)
	q := w.meltQuote(x, 100)
	gone := errors.New("gone")
	w.line.cut(func(r *http.Request) error {
		if r.Method == http.MethodGet && strings.Contains(r.URL.Path, "/v1/melt/quote/") {
			return gone
		}
		return nil
	}, func(r *http.Request, _ *http.Response) error {
		if r.URL.Path == "/v1/melt/bolt11" {
			return gone
		}
		return nil
	})
	_, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Wait: time.Second, Poll: time.Millisecond})
	if !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("got %v", err)
	}
	if w.balance(x, wallet.CoinPending) == 0 {
		t.Error("no coins are pending")
	}
	w.line.cut(nil, nil)
	for tries := 0; ; tries++ {
		done, err := x.Recover(t.Context(), wallet.RecoverOptions{})
		if err != nil {
			t.Fatal(err)
		}
		if len(done) == 0 {
			break
		}
		if tries == 1000 || done[0].Err != nil {
			t.Fatalf("got %+v", done)
		}
		time.Sleep(time.Millisecond)
	}
	free := w.balance(x, wallet.CoinUnspent)
	if free < 95 || free > 99 || w.balance(x, wallet.CoinPending) != 0 {
		t.Errorf("%d free, %d pending", free, w.balance(x, wallet.CoinPending))
	}
}

// The request never arrived, the quote is unpaid: the coins stay set aside until
// no late request can be paid any more.
func TestAMeltInDoubtWaitsForTheEndOfItsQuote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 200)
	q := w.meltQuote(x, 100)
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/melt/bolt11" {
			return errors.New("lost on the way, or not")
		}
		return nil
	}, nil)
	_, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Wait: time.Second, Poll: time.Millisecond})
	if !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("got %v", err)
	}
	w.line.cut(nil, nil)
	if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if w.balance(x, wallet.CoinPending) == 0 {
		t.Fatal("the coins are free while the quote can still be paid")
	}
	w.later(time.Until(time.Unix(q.Expiry, 0)) + time.Hour)
	if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 200 {
		t.Errorf("%d free after the end of the quote", free)
	}
}

func TestAFailedPaymentGivesTheCoinsBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 200)
	q, err := x.CreateMeltQuote(t.Context(), w.url, wallet.MeltQuoteOptions{Unit: "sat", Request: w.invoice(100, "fail the payment")})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Wait: time.Second, Poll: time.Millisecond}); err == nil {
		t.Fatal("it was paid")
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 200 {
		t.Errorf("%d free", free)
	}
}
