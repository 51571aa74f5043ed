package fake

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
)

func TestTheBalanceIsWhatCameInAndNotWhatWentOut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{
			Methods: allMethods, Units: []cashu.Unit{"sat", "usd"}, USDPerBTC: 100_000, Funds: 5, IncomingDelay: 5 * time.Second,
			OutgoingDelay: time.Minute, PaymentFee: 2, BlockTime: -1,
		})
		holds := func(when string, sat, usd cashu.Amount) {
			t.Helper()
			for unit, want := range map[cashu.Unit]cashu.Amount{"sat": sat, "usd": usd} {
				if got, err := b.Balance(t.Context(), unit); err != nil || got != want {
					t.Errorf("%s it holds %d %s, %v; want %d", when, got, unit, err, want)
				}
			}
		}
		invoice(t, b, 995)
		request(t, b, lightning.InvoiceRequest{Method: "bolt12", Amount: 2000})
		holds("before anybody has paid", 5, 0)
		time.Sleep(5 * time.Second)
		holds("after two payments", 3000, 300)

		payee := open(t, Config{IncomingDelay: -1})
		v := invoice(t, payee, 500)
		quote, err := b.QuotePayment(t.Context(), lightning.PaymentRequest{Method: "bolt11", Request: v.Request, Unit: "sat"})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			_, _ = b.SendPayment(t.Context(), lightning.Payment{
				ID: "a", Method: "bolt11", Request: v.Request, LookupID: quote.LookupID, Amount: quote.Amount, Unit: "sat", Terms: quote.Terms, MaxFee: 3,
			})
		}()
		synctest.Wait()
		holds("while it pays", 2498, 249)
		time.Sleep(time.Hour)
		holds("when it has paid", 2498, 249)

		v = request(t, payee, lightning.InvoiceRequest{Amount: 100, Description: "fail the payment"})
		if quote, err = b.QuotePayment(t.Context(), lightning.PaymentRequest{Method: "bolt11", Request: v.Request, Unit: "sat"}); err != nil {
			t.Fatal(err)
		}
		out, err := b.SendPayment(t.Context(), lightning.Payment{
			ID: "b", Method: "bolt11", Request: v.Request, LookupID: quote.LookupID, Amount: quote.Amount, Unit: "sat", Terms: quote.Terms, MaxFee: 3,
		})
		if err != nil || out.State != lightning.PaymentFailed {
			t.Fatalf("%+v, %v", out, err)
		}
		holds("after a payment that failed", 2498, 249)
		if _, err := b.Balance(t.Context(), "pts"); !errors.Is(err, lightning.ErrRefused) {
			t.Errorf("in another unit: %v", err)
		}
		closeNow(t, payee)
		closeNow(t, b)
	})
}

func TestANodeThatLostMoneyHoldsNothingRatherThanLess(t *testing.T) {
	t.Parallel()
	b := open(t, Config{Funds: -10, IncomingDelay: -1})
	if got, err := b.Balance(t.Context(), "sat"); got != 0 || err != nil {
		t.Errorf("it holds %d, %v", got, err)
	}
	v := invoice(t, b, 30)
	if err := b.Pay(t.Context(), v.LookupID); err != nil {
		t.Fatal(err)
	}
	if got, err := b.Balance(t.Context(), "sat"); got != 20 || err != nil {
		t.Errorf("it holds %d, %v", got, err)
	}
}
