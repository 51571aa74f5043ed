// Package storetest is the suite that every wallet.Store must pass: what the
// wallet relies on when money is at stake, one named case for each rule.
//
// It trusts nothing but the interface. It must never know which database is
// behind it.
package storetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/token"
	"mintmark/wallet"
)

// Run runs every case on a store of its own. open returns an empty store that
// lives until the end of the test t, and again returns a second handle to the
// database of the first, as another process would have it.
func Run(t *testing.T, open func(t testing.TB) (first wallet.Store, again func() wallet.Store)) {
	t.Helper()
	for _, c := range slices.Concat(sagaCases(), coinCases(), counterCases(), quoteCases(), mintCases(), historyCases(), keyCases(), authCases(), guardCases(), apartCases(), sharedCases()) {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			store, again := open(t)
			c.run(&kit{TB: t, ctx: t.Context(), store: store, again: again})
		})
	}
}

// testCase is one rule. Its name reads as a sentence.
type testCase struct {
	name string
	run  func(k *kit)
}

// kit is a store under test and what a case needs to use it.
type kit struct {
	testing.TB
	ctx   context.Context
	store wallet.Store
	again func() wallet.Store // nil: there is no second way to the database
	// second is the other handle, once there is one.
	second wallet.Store
	made   int
}

var start = time.Date(2040, time.May, 4, 3, 2, 1, 0, time.UTC)

const mintURL = "https://mint.example/path"

func (k *kit) id() uuid.UUID { return uuid.Must(uuid.NewV7()) }

func (k *kit) keyset(n byte) cashu.KeysetID {
	id, err := cashu.KeysetIDFromBytes([]byte{0, 1, 2, 3, 4, 5, 6, n})
	if err != nil {
		k.Fatal(err)
	}
	return id
}

func (k *kit) point() bdhke.Point {
	k.made++
	p, err := bdhke.HashToCurve(fmt.Appendf(nil, "storetest %s %d", k.Name(), k.made))
	if err != nil {
		k.Fatal(err)
	}
	return p
}

// coin is a free coin of a secret that no other has.
func (k *kit) coin(amount cashu.Amount) wallet.StoredCoin {
	k.made++
	secret := fmt.Sprintf("secret %s %d", k.Name(), k.made)
	y, err := bdhke.HashToCurve([]byte(secret))
	if err != nil {
		k.Fatal(err)
	}
	return wallet.StoredCoin{
		Coin: token.Coin{Proof: cashu.Proof{Amount: amount, ID: k.keyset(1), Secret: secret, C: k.point()}},
		Y:    y, MintURL: mintURL, Unit: "sat", State: wallet.CoinUnspent, Created: start.Unix(),
	}
}

// coins adds n free coins and returns them with their Ys.
func (k *kit) coins(n int) ([]wallet.StoredCoin, []bdhke.Point) {
	k.Helper()
	list, ys := make([]wallet.StoredCoin, n), make([]bdhke.Point, n)
	for i := range list {
		list[i] = k.coin(1 << (i % 20))
		ys[i] = list[i].Y
	}
	k.update(func(tx wallet.Tx) error { return tx.AddCoins(k.ctx, list) })
	return list, ys
}

// saga is a new one, not stored yet.
func (k *kit) saga(state wallet.State, data wallet.OperationData) wallet.Saga {
	k.Helper()
	s, err := wallet.NewSaga(k.id(), state, 21, mintURL, "sat", data, start)
	if err != nil {
		k.Fatal(err)
	}
	return s
}

func (k *kit) swap() wallet.Saga {
	return k.saga(wallet.SwapProofsReserved, &wallet.SwapData{InputAmount: 21, OutputAmount: 21})
}

// update commits fn or ends the test.
func (k *kit) update(fn func(tx wallet.Tx) error) {
	k.Helper()
	if err := k.store.Update(k.ctx, fn); err != nil {
		k.Fatalf("update: %v", err)
	}
}

// refuse runs fn, which must fail with the error.
func (k *kit) refuse(want error, fn func(tx wallet.Tx) error) {
	k.Helper()
	if err := k.store.Update(k.ctx, fn); !errors.Is(err, want) {
		k.Fatalf("got %v, want %v", err, want)
	}
}

// states is what became of coins, in the order of the Ys.
func (k *kit) states(ys []bdhke.Point) []wallet.CoinState {
	k.Helper()
	coins, err := k.store.CoinsByY(k.ctx, ys)
	if err != nil {
		k.Fatal(err)
	}
	states := make([]wallet.CoinState, len(coins))
	for i, c := range coins {
		states[i] = c.State
	}
	return states
}

func (k *kit) wantStates(ys []bdhke.Point, want ...wallet.CoinState) {
	k.Helper()
	if got := k.states(ys); !slices.Equal(got, want) {
		k.Errorf("coins are %v, want %v", got, want)
	}
}

// must ends the test when the read that it wraps failed.
func must[T any](k *kit) func(T, error) T {
	k.Helper()
	return func(v T, err error) T {
		k.Helper()
		if err != nil {
			k.Fatal(err)
		}
		return v
	}
}
