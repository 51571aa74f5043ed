package wallet_test

import (
	"errors"
	"testing"
	"time"

	"mintmark/cashu/conditions"
	"mintmark/wallet"
)

// A token whose lock has ended, and that no refund key keeps, can be taken by anybody:
// its sender included. Before that it cannot.
func TestATokenThatIsOpenToAnybodyIsTakenBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	y, _ := w.walletOf("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")
	w.fund(x, 100)
	theirs, err := y.NewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for ends, open := range map[time.Duration]bool{-time.Hour: true, time.Hour: false} {
		lock := &conditions.Lock{Key: theirs, Locktime: uint64(time.Now().Add(ends).Unix())}
		sent, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 32, Lock: lock})
		if err != nil {
			t.Fatal(err)
		}
		back, err := x.Revoke(t.Context(), sent.ID)
		if open && (err != nil || back != 31) || !open && !errors.Is(err, wallet.ErrLocked) {
			t.Errorf("a lock that ends in %v: %d came back: %v", ends, back, err)
		}
	}
}
