package wallet_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// newSmallDearWorld is a world whose mint takes few coins at once, and whose bank needs
// all that is reserved for it.
func newSmallDearWorld(t testing.TB) *world {
	t.Helper()
	return newWorldOf(t, func(bank *fake.Config, cfg *mint.Config) {
		cfg.Limits.MaxInputs, cfg.Limits.MaxOutputs, cfg.Limits.MaxStates = most, most, most
		bank.PaymentFee, bank.FeeReserveMin = 3, 3
	})
}

// Coins that have to be exchanged for fewer before they are spent cost more than their
// own fee. That is in the price that is told and in the limit, and a payment that would
// cost more begins nothing: no coin is exchanged for it.
func TestCoinsThatAreExchangedFirstCostNoMoreThanAllowed(t *testing.T) {
	t.Parallel()
	for name, use := range map[string]struct {
		price func(w *world, x *wallet.Wallet) (fee, amount cashu.Amount, spend func(most *cashu.Amount) error)
	}{
		"a payment": {func(w *world, x *wallet.Wallet) (cashu.Amount, cashu.Amount, func(*cashu.Amount) error) {
			q := w.meltQuote(x, 40)
			fee, err := x.MeltFee(w.t.Context(), q)
			if err != nil {
				w.t.Fatal(err)
			}
			return fee + q.FeeReserve, q.Amount, func(most *cashu.Amount) error {
				_, err := x.Melt(w.t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond, MaxFee: most})
				return err
			}
		}},
		"a token": {func(w *world, x *wallet.Wallet) (cashu.Amount, cashu.Amount, func(*cashu.Amount) error) {
			o := wallet.SendOptions{Amount: 40}
			fee, err := x.SendFee(w.t.Context(), w.url, "sat", o)
			if err != nil {
				w.t.Fatal(err)
			}
			return fee, 40, func(most *cashu.Amount) error {
				o.MaxFee = most
				_, err := x.Send(w.t.Context(), w.url, "sat", o)
				return err
			}
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newSmallDearWorld(t)
			w.t = t
			x, store := w.wallet()
			w.coppersAt(x, 5*most, 100)
			price, amount, spend := use.price(w, x)
			had, swaps := w.balance(x, wallet.CoinUnspent), w.line.count("POST /v1/swap")
			less := price - 1
			if err := spend(&less); !errors.Is(err, wallet.ErrFee) {
				t.Errorf("one less than it costs is allowed: %v", err)
			}
			if left := w.balance(x, wallet.CoinUnspent); left != had || w.line.count("POST /v1/swap") != swaps {
				t.Fatalf("%d were exchanged for nothing", had-left)
			}
			if err := spend(&price); err != nil {
				t.Fatalf("what it costs is allowed: %v", err)
			}
			if cost := had - w.balance(x, wallet.CoinUnspent) - amount; cost != price {
				t.Errorf("the price is %d, and it cost %d", price, cost)
			}
			if err := w.audit(store); err != nil {
				t.Error(err)
			}
		})
	}
}

// What cannot be afforded once its coins were exchanged for fewer is refused before
// they are: the reserve is needed as much as the amount.
func TestNothingIsExchangedForAPaymentThatCannotBeAfforded(t *testing.T) {
	t.Parallel()
	w := newSmallDearWorld(t)
	x, _ := w.wallet()
	w.coppersAt(x, 3*most, 100)
	// All coins are worth 48, their fee is 5, or 6 in three exchanges of 16 and 1 more:
	// 41 is the most that there can be, and 40 with a reserve of 3 is more.
	q := w.meltQuote(x, 40)
	if _, err := x.MeltFee(t.Context(), q); !errors.Is(err, wallet.ErrFunds) {
		t.Errorf("its price: %v", err)
	}
	if _, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond}); !errors.Is(err, wallet.ErrFunds) {
		t.Errorf("got %v", err)
	}
	if left := w.balance(x, wallet.CoinUnspent); left != 3*most {
		t.Errorf("%d of %d are left", left, 3*most)
	}
}

// The price that is told is the price that is paid, whatever coins there are, at mints
// that give change and at others.
func TestThePriceThatIsToldIsTheOneThatIsPaid(t *testing.T) {
	t.Parallel()
	for seed := range uint64(12) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			random := rand.New(rand.NewPCG(seed, 5))
			w := newWorldOf(t, func(bank *fake.Config, cfg *mint.Config) {
				cfg.Limits.MaxInputs, cfg.Limits.MaxOutputs = 10, 10
				bank.PaymentFee, bank.FeeReserveMin = -1, cashu.Amount(random.IntN(3))
			})
			var nuts []string
			change := seed%2 == 0
			if !change {
				nuts = []string{"8"}
			}
			x := w.walletBy(w.openStore(sqldb.Memory), without{w.line, nuts}, newSeed(t))
			for range 1 + random.IntN(3) {
				w.rotate([]uint64{0, 100, 400, 1000}[random.IntN(4)])
				if _, err := x.RefreshMint(t.Context(), w.url); err != nil {
					t.Fatal(err)
				}
				for range 6 {
					w.fund(x, cashu.Amount(1+random.IntN(24)))
				}
			}
			had := w.balance(x, wallet.CoinUnspent)
			q := w.meltQuote(x, cashu.Amount(1+random.Uint64N(uint64(had))*3/4))
			fee, err := x.MeltFee(t.Context(), q)
			if errors.Is(err, wallet.ErrFunds) {
				return
			} else if err != nil {
				t.Fatal(err)
			}
			if _, err := x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond}); err != nil {
				t.Fatal(err)
			}
			want := q.Amount + fee
			if !change {
				want += q.FeeReserve
			}
			if gone := had - w.balance(x, wallet.CoinUnspent); gone != want {
				t.Errorf("%d of %d are gone for %d: the price is %d, with a reserve of %d", gone, had, q.Amount, fee, q.FeeReserve)
			}
		})
	}
}
