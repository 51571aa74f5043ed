package wallet_test

import (
	"errors"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/wallet"
)

// A transfer costs no more than was agreed to, whatever becomes of the coins between the
// question and the payment.
func TestATransferCostsNoMoreThanAgreed(t *testing.T) {
	t.Parallel()
	w, x, store := twoMints(t, 32, 1, usual) // one coin
	agreed := cashu.Amount(0)
	_, err := x.Transfer(t.Context(), w.url, w.second.url, "sat", 20, wallet.MeltOptions{Poll: time.Millisecond, Agree: func(q wallet.Quote) (*cashu.Amount, error) {
		fee, err := x.MeltFee(t.Context(), q)
		if err != nil {
			return nil, err
		}
		agreed = q.FeeReserve + fee
		// Another process has its change in the place of the coin: many, which cost more.
		for range 16 {
			w.fund(x, 3)
		}
		_, err = x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 32})
		return &agreed, err
	}})
	if !errors.Is(err, wallet.ErrFee) {
		t.Errorf("up to %d was agreed to: %v", agreed, err)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 16*3+1 {
		t.Errorf("%d are left", free)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
}
