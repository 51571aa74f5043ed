package wallet_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/tyler-smith/go-bip39"

	"mintmark/cashu"
	"mintmark/cashu/paymentrequest"
	"mintmark/mint"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// What a payment may cost counts the fee for the coins as well; it is known before
// anything happens, and a payment that would cost more is not begun.
func TestAPaymentCostsNoMoreThanAllowed(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]bool{"with change": true, "without change": false} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.rotate(1000)
			way := without{way: w.line}
			if !change {
				way.nuts = []string{"8"}
			}
			x := w.walletBy(w.openStore(filepath.Join(t.TempDir(), "wallet.db")), way, bip39.NewSeed(words, ""))
			w.fund(x, 127)
			q := w.meltQuote(x, 90)
			fee, err := x.MeltFee(t.Context(), q)
			if err != nil || fee < 2 {
				t.Fatalf("the coins cost %d: %v", fee, err)
			}
			limit := q.FeeReserve + fee - 1
			_, err = x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond, MaxFee: &limit})
			if !errors.Is(err, wallet.ErrFee) || w.balance(x, wallet.CoinUnspent) != 127 {
				t.Fatalf("a fee of one more than allowed: %v", err)
			}
			limit++
			paid, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond, MaxFee: &limit})
			if err != nil || paid.Fee > limit {
				t.Fatalf("paid %+v: %v", paid, err)
			}
			if spent := 127 - w.balance(x, wallet.CoinUnspent); spent > 90+limit {
				t.Errorf("%d are gone, %d were allowed", spent, 90+limit)
			}
		})
	}
}

func TestATokenCostsNoMoreThanAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rotate(1000)
	x, _ := w.wallet()
	w.fund(x, 127)
	for _, o := range []wallet.SendOptions{{Amount: 65, IncludeFee: true}, {Amount: 9, IncludeFee: true}, {Amount: 16}} {
		fee, err := x.SendFee(t.Context(), w.url, "sat", o)
		if err != nil {
			t.Fatal(err)
		}
		before := w.balance(x, wallet.CoinUnspent)
		if fee > 0 {
			less := fee - 1
			o.MaxFee = &less
			if _, err := x.Send(t.Context(), w.url, "sat", o); !errors.Is(err, wallet.ErrFee) {
				t.Errorf("a fee of %d where %d is allowed: %v", fee, less, err)
			}
		}
		o.MaxFee = &fee
		sent, err := x.Send(t.Context(), w.url, "sat", o)
		if err != nil || sent.Fee != fee || w.balance(x, wallet.CoinUnspent) != before-sent.Amount-fee {
			t.Errorf("%+v with a fee of %d: %v", sent, fee, err)
		}
	}
}

func TestAPaymentRequestCostsNoMoreThanAllowed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.rotate(1000)
	x, _ := w.wallet()
	w.fund(x, 128)
	r := paymentrequest.Request{Amount: 9, Unit: "sat"}
	none, one := cashu.Amount(0), cashu.Amount(1)
	if _, _, err := x.PayRequest(t.Context(), r, wallet.PayRequestOptions{MaxFee: &none}); !errors.Is(err, wallet.ErrFee) || w.balance(x, wallet.CoinUnspent) != 128 {
		t.Errorf("for nothing: %v", err)
	}
	if sent, _, err := x.PayRequest(t.Context(), r, wallet.PayRequestOptions{MaxFee: &one}); err != nil || sent.Fee != 1 {
		t.Errorf("paid %+v: %v", sent, err)
	}
}

// The mint that pays is the one with the smallest balance that can afford it, its own
// fees included.
func TestTheMintThatPaysCanAffordItsFees(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rich := w.other(func(*fake.Config, *mint.Config) {})
	w.rotate(1000)
	x, _ := w.wallet()
	w.fund(x, 100)
	rich.fund(x, 500)
	for _, tc := range []struct {
		o    wallet.SendOptions
		from string
	}{
		{wallet.SendOptions{Amount: 64}, w.url},
		{wallet.SendOptions{Amount: 50}, w.url},
		{wallet.SendOptions{Amount: 99}, rich.url},
		{wallet.SendOptions{Amount: 100, IncludeFee: true}, rich.url},
		{wallet.SendOptions{Amount: 100}, w.url}, // all that there is, without a swap
		{wallet.SendOptions{Amount: 3, Offline: true}, ""},
		{wallet.SendOptions{Amount: 600}, ""},
	} {
		from, err := x.SendingMint(t.Context(), "sat", tc.o, func(string) bool { return true })
		if from != tc.from || (err != nil) != (tc.from == "") || tc.from == "" && !errors.Is(err, wallet.ErrFunds) {
			t.Errorf("%d, fee included %v: from %q, want %q: %v", tc.o.Amount, tc.o.IncludeFee, from, tc.from, err)
		}
		if tc.from != "" {
			other, err := x.SendingMint(t.Context(), "sat", wallet.SendOptions{Amount: cashu.Amount(20)}, func(url string) bool { return url != w.url })
			if err != nil || other != rich.url {
				t.Errorf("where the first is not accepted: %q, %v", other, err)
			}
		}
	}
}
