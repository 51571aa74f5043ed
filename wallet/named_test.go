package wallet_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"mintmark/wallet"
)

// A call that is repeated under its name gives the quote that it made before, in
// this process and in another one, however many call at once; the mint is asked for
// one that people see.
func TestAMintThatIsRepeatedUnderItsNameHasTheSameInvoice(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := t.TempDir() + "/wallet.db"
	s := w.stageOn(path)
	o := wallet.MintQuoteOptions{Unit: "sat", Amount: 64, Key: "rent"}
	var calls sync.WaitGroup
	quotes := make([]wallet.Quote, 4)
	for i := range quotes {
		x := w.walletBy(w.openStore(path), w.line, s.xSeed)
		calls.Go(func() {
			var err error
			if quotes[i], err = x.CreateMintQuote(t.Context(), w.url, o); err != nil {
				t.Error(err)
			}
		})
	}
	calls.Wait()
	for _, q := range quotes {
		if q.ID != quotes[0].ID || q.Request != quotes[0].Request {
			t.Errorf("quotes %s and %s", q.ID, quotes[0].ID)
		}
	}
	if list, err := s.xStore.Quotes(t.Context()); err != nil || len(list) != 1 {
		t.Errorf("%d quotes, %v", len(list), err)
	}
	for range 2 {
		if got, err := s.x.Issue(t.Context(), w.url, quotes[0].ID, wallet.MintOptions{Key: "rent"}); err != nil || got != 64 {
			t.Errorf("issued %d, %v", got, err)
		}
	}
	if q, err := s.x.CreateMintQuote(t.Context(), w.url, o); err != nil || q.ID != quotes[0].ID || q.State != "ISSUED" {
		t.Errorf("after the issue: %s is %s, %v", q.ID, q.State, err)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
}

// A name is one operation's, whatever it is.
func TestANameIsNotUsedForSomethingElse(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 64)
	if _, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 64, Key: "rent"}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 63, Key: "rent"}); err == nil || !strings.Contains(err.Error(), "to a mint of 64 sat") {
		t.Errorf("another amount: %v", err)
	}
	if _, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 8, Key: "rent"}); err == nil || !strings.Contains(err.Error(), "to a mint") {
		t.Errorf("a send: %v", err)
	}
	if _, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 8, Key: "lunch"}); err != nil {
		t.Fatal(err)
	}
	if _, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 64, Key: "lunch"}); err == nil {
		t.Error("the name of a send was given to a quote")
	}
}

// thief takes coins away between the look at them and the commit.
type thief struct {
	wallet.Store
	steal func()
}

func (s *thief) Coins(ctx context.Context, f wallet.CoinFilter) ([]wallet.StoredCoin, error) {
	coins, err := s.Store.Coins(ctx, f)
	if len(f.States) == 1 && f.States[0] == wallet.CoinUnspent {
		s.steal()
	}
	return coins, err
}

// Another process takes coins that a command has chosen, a few times in a row: the
// command chooses again. It is told so only if that goes on and on.
func TestWhoseCoinsAreTakenChoosesOthers(t *testing.T) {
	t.Parallel()
	for name, do := range map[string]func(x *wallet.Wallet, url string) error{
		"swap": func(x *wallet.Wallet, url string) error {
			_, err := x.Swap(context.Background(), url, "sat", true)
			return err
		},
		"send": func(x *wallet.Wallet, url string) error {
			_, err := x.Send(context.Background(), url, "sat", wallet.SendOptions{Amount: 3})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			s := w.stageOn(t.TempDir() + "/wallet.db")
			for range 30 {
				w.fund(s.x, 4)
			}
			store := &thief{Store: s.xStore}
			robbed := w.walletBy(store, w.line, s.xSeed)
			times := 3
			store.steal = func() {
				if times--; times >= 0 {
					s.sendFrom(s.x, wallet.SendOptions{Amount: 4})
				}
			}
			if name == "send" { // which takes one coin: it must be the same
				times = 0
			}
			if err := do(robbed, w.url); err != nil {
				t.Errorf("robbed a few times: %v", err)
			}
			if name == "swap" {
				for range 30 {
					w.fund(s.x, 4)
				}
				times = 1 << 20
				if err := do(robbed, w.url); !errors.Is(err, wallet.ErrCoinsTaken) {
					t.Errorf("robbed again and again: %v", err)
				}
			}
			if err := s.settle(""); err != nil {
				t.Error(err)
			}
		})
	}
}
