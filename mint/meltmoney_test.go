package mint_test

import (
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// A backend that has paid more than it was allowed to has done so with the mint's
// money: the change must not come out as what is left of 2^64.
func TestAPaymentThatCostMoreThanAllInputsIsTheMintsLoss(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.payer.answering = func(*attempt) (lightning.Outgoing, error) {
		return lightning.Outgoing{State: lightning.PaymentPaid, Spent: 1000, Proof: "p"}, nil
	}
	q := w.meltQuote("a", 100)
	coins, blanks := w.mintCoins(128), w.blanks(3)
	paid := w.melt(meltRequest(q, coins, blanks))
	if paid.State != mint.MeltPaid || len(paid.Signatures) != 0 {
		t.Errorf("the melt is %v with change of %d coins", paid.State, len(paid.Signatures))
	}
	w.wantStates(coins, mint.ProofSpent)
	w.wantRestorable(blanks, 0)
	w.wantExactTotals()
}

// What a keyset still owes counts, not what it has ever issued: the money of a
// melt is gone before the commit that would find out.
func TestNothingIsPaidForCoinsBeyondWhatTheirKeysetStillOwes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	old := w.active("sat")
	coins := w.mintCoins(128, 64)
	w.signer.rotate(t, "sat", 0, 0)
	w.refresh(w.mint)
	if _, err := w.mint.Swap(t.Context(), swapRequest(coins[:1], w.notes(w.active("sat"), 128))); err != nil {
		t.Fatal(err)
	}
	stolen := w.forge(old, 128) // 192 were issued, 64 are owed
	_, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(w.meltQuote("a", 100), stolen, nil))
	wantCode(t, err, cashu.CodeOverRedeemed)
	if w.payer.sends != 0 {
		t.Error("the payment left the mint")
	}
	w.wantStates(stolen, mint.ProofUnspent)
	w.melt(meltRequest(w.meltQuote("b", 60), coins[1:], nil)) // exactly what is owed
	w.wantExactTotals()
}

func TestAnInvoiceOfThisMintThatHasExpiredIsNotPaidWithin(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	payee := w.quote(100)
	w.clock.Store(payee.Expiry.Unix())
	q, err := w.mint.CreateMeltQuote(t.Context(), "bolt11", cashu.MeltQuoteRequest{Request: payee.Request, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	coins := w.mintCoins(128)
	w.clock.Store(payee.Expiry.Unix() + 1)
	_, err = w.mint.Melt(t.Context(), "bolt11", meltRequest(q, coins, nil))
	wantCode(t, err, cashu.CodeQuoteExpired)
	w.wantStates(coins, mint.ProofUnspent)
	w.wantMelt(q, mint.MeltUnpaid)
	w.wantSagas(0)
	if w.payer.sends != 0 {
		t.Error("the payment left the mint")
	}
}
