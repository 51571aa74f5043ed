package wallet_test

import (
	"testing"
	"time"

	"mintmark/mint"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// A payment on the chain is made with the cheapest of the fees that the mint offers: its
// reserve is in the price, and the mint hears which it is (NUT-30).
func TestAnAddressIsPaidWithTheCheapestFee(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, func(bank *fake.Config, _ *mint.Config) {
		bank.Methods, bank.FeeReserveMin, bank.BlockTime = []string{"bolt11", "onchain"}, 8, -1
	})
	x, store := w.wallet()
	w.fund(x, 200)
	address, err := w.bank.CreateInvoice(t.Context(), lightning.InvoiceRequest{QuoteID: "x", Method: "onchain", Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	q, err := x.CreateMeltQuote(t.Context(), w.url, wallet.MeltQuoteOptions{Method: "onchain", Unit: "sat", Request: address.Request, Amount: 100})
	if err != nil || q.FeeReserve != 8 || q.FeeIndex == nil || *q.FeeIndex != 0 {
		t.Fatalf("quoted %+v, %v", q, err)
	}
	paid, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond, Wait: 30 * time.Second})
	if err != nil || paid.Amount != 100 || paid.Proof == "" {
		t.Fatalf("paid %+v, %v", paid, err)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 100-paid.Fee || paid.Fee > 8+1 {
		t.Errorf("%d free after a fee of %d", free, paid.Fee)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}
