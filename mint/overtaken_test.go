package mint_test

import (
	"context"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// overtakenBackend answers about a payment when somebody else has written it down.
type overtakenBackend struct {
	*testBackend
	writeDown func(lightning.Incoming)
}

func (b overtakenBackend) CheckIncoming(ctx context.Context, method, id string) ([]lightning.Incoming, error) {
	list, err := b.testBackend.CheckIncoming(ctx, method, id)
	for _, p := range list {
		b.writeDown(p)
	}
	return list, err
}

// Whoever asks about a quote is told that it is paid, also when the mint hears of the
// payment from its backend between reading the quote and asking about it.
func TestAPaymentThatIsHeardOfWhileItIsAskedAboutIsTold(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	var asked mint.MintQuote
	bank := overtakenBackend{newTestBackend(), func(p lightning.Incoming) {
		err := w.store.Update(t.Context(), mint.Durable, func(tx mint.Tx) error {
			_, err := tx.AddPayment(t.Context(), asked.ID, p.PaymentID, p.Amount, time.Unix(w.clock.Load(), 0))
			return err
		})
		if err != nil {
			t.Error(err)
		}
	}}
	m := w.with("bank", mint.Backend{Name: "bank", Receiver: bank})
	var err error
	asked, err = m.CreateMintQuote(t.Context(), "bolt11", cashu.MintQuoteRequest{Amount: 8, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	bank.pay(asked)
	if q, err := m.MintQuote(t.Context(), "bolt11", asked.ID); err != nil || q.State() != mint.QuotePaid || q.AmountPaid != 8 {
		t.Errorf("%v, paid %d, %v", q.State(), q.AmountPaid, err)
	}
}
