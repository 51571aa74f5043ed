package wallet_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"

	"mintmark/cashu"
	"mintmark/wallet"
)

// meanwhileStore is a store in which something happens right after one of the looks at it.
type meanwhileStore struct {
	wallet.Store
	coins, keysets int // so many more looks come first; negative: nothing happens
	happens        func()
}

func (s *meanwhileStore) looked(left *int) {
	if *left--; *left == -1 {
		s.happens()
	}
}

func (s *meanwhileStore) Coins(ctx context.Context, f wallet.CoinFilter) ([]wallet.StoredCoin, error) {
	list, err := s.Store.Coins(ctx, f)
	s.looked(&s.coins)
	return list, err
}

func (s *meanwhileStore) Keysets(ctx context.Context, mintURL string) ([]cashu.Keyset, error) {
	list, err := s.Store.Keysets(ctx, mintURL)
	s.looked(&s.keysets)
	return list, err
}

// A mint moves while a call has read it and has not begun: the call begins nothing at the
// old address, and brings the old address not back.
func TestNothingBeginsAtTheAddressThatAMintHasLeft(t *testing.T) {
	t.Parallel()
	for name, tc := range map[string]struct {
		coins, keysets int
		do             func(w *world, x *wallet.Wallet, token string) error
	}{
		"a token": {0, -1, func(w *world, x *wallet.Wallet, _ string) error {
			_, err := x.Send(w.t.Context(), w.url, "sat", wallet.SendOptions{Amount: 64})
			return err
		}},
		"an exchange": {0, -1, func(w *world, x *wallet.Wallet, _ string) error {
			_, err := x.Swap(w.t.Context(), w.url, "sat", true)
			return err
		}},
		"a token that is received": {-1, 1, func(w *world, x *wallet.Wallet, token string) error {
			_, err := x.Receive(w.t.Context(), token, wallet.ReceiveOptions{AnyMint: true})
			return err
		}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			x, store := w.wallet()
			w.fund(x, 100)
			moved := strings.Replace(w.url, "127.0.0.1", "localhost", 1)
			y, _ := w.walletOf("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")
			w.fund(y, 16)
			sent, err := y.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 16})
			if err != nil {
				t.Fatal(err)
			}
			between := &meanwhileStore{Store: store, coins: tc.coins, keysets: tc.keysets, happens: func() {
				if err := x.MoveMint(t.Context(), w.url, moved); err != nil {
					t.Error(err)
				}
			}}
			z := w.walletBy(between, w.line, newSeed(t))
			if err := tc.do(w, z, sent.Token); !errors.Is(err, wallet.ErrNotFound) {
				t.Errorf("got %v", err)
			}
			if sagas, err := store.Sagas(t.Context()); err != nil || len(sagas) != 0 {
				t.Errorf("begun: %v, %v", sagas, err)
			}
			if mints, err := x.Mints(t.Context()); err != nil || len(mints) != 1 || mints[0].URL != moved {
				t.Errorf("%d mints are known, %v", len(mints), err)
			}
			if free := w.balance(x, wallet.CoinUnspent); free != 100 {
				t.Errorf("%d are free", free)
			}
		})
	}
}

// commitStore is a store in which something happens right before the first commit.
type commitStore struct {
	wallet.Store
	once    sync.Once
	happens func()
}

func (s *commitStore) Update(ctx context.Context, fn func(tx wallet.Tx) error) error {
	s.once.Do(s.happens)
	return s.Store.Update(ctx, fn)
}

// A mint moves while somebody asks at its old address: that does not come back, in the
// way of the new one.
func TestARefreshDoesNotBringAnOldAddressBack(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, store := w.wallet()
	w.fund(x, 100)
	moved := strings.Replace(w.url, "127.0.0.1", "localhost", 1)
	between := &commitStore{Store: store, happens: func() {
		if err := x.MoveMint(t.Context(), w.url, moved); err != nil {
			t.Error(err)
		}
	}}
	if _, err := w.walletBy(between, w.line, newSeed(t)).RefreshMint(t.Context(), w.url); !errors.Is(err, wallet.ErrNotFound) {
		t.Errorf("the old address is asked: %v", err)
	}
	mints, err := x.Mints(t.Context())
	if err != nil || len(mints) != 1 || mints[0].URL != moved {
		t.Errorf("known are %+v, %v", mints, err)
	}
	if _, err := x.RefreshMint(t.Context(), moved); err != nil {
		t.Errorf("the new address: %v", err)
	}
	// One that was removed can be met again.
	y, _ := w.walletOf(words + " ")
	if _, err := y.RefreshMint(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	if err := y.RemoveMint(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	if _, err := y.RefreshMint(t.Context(), w.url); err != nil {
		t.Errorf("a mint that was removed is met again: %v", err)
	}
}
