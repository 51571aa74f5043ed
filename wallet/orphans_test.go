package wallet_test

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"testing"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// orphan makes coins belong to an operation that never was.
func (s *stage) orphan(coins ...wallet.StoredCoin) {
	s.t.Helper()
	var ys []bdhke.Point
	for _, c := range coins {
		ys = append(ys, c.Y)
	}
	s.must(s.xStore.Update(s.t.Context(), func(tx wallet.Tx) error { return tx.ReserveCoins(s.t.Context(), ys, uuid.New()) }))
}

// I1: coins and quotes that are held by nobody come free when recovery runs, as the
// mint says: what is spent is spent.
func TestRecoverySweepsUpWhatBelongsToNoOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 7)
	coins, err := s.xStore.Coins(t.Context(), wallet.CoinFilter{})
	if err != nil || len(coins) != 3 {
		t.Fatal(len(coins), err)
	}
	quote := s.mintQuote(s.x, 8)
	s.must(s.xStore.Update(t.Context(), func(tx wallet.Tx) error {
		return tx.ReserveQuote(t.Context(), wallet.QuoteMint, w.url, quote, uuid.New())
	}))
	before := w.line.count("POST /v1/checkstate")
	if _, err := s.x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	if n := w.line.count("POST /v1/checkstate") - before; n != 0 {
		t.Errorf("where there is nothing the mint was asked %d times", n)
	}
	if q, err := s.xStore.Quote(t.Context(), wallet.QuoteMint, w.url, quote); err != nil || q.UsedBy != uuid.Nil {
		t.Errorf("the quote is still held: %v", err)
	}
	// Another wallet of the seed has spent one of them.
	device, _ := w.walletOfSeed(s.xSeed)
	if _, err := device.Restore(t.Context(), w.url, wallet.RestoreOptions{}); err != nil {
		t.Fatal(err)
	}
	sent, err := device.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 4})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.y.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); err != nil {
		t.Fatal(err)
	}
	s.orphan(coins...)
	if _, err := s.x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
		t.Fatal(err)
	}
	now, err := s.xStore.Coins(t.Context(), wallet.CoinFilter{})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range now {
		want := wallet.CoinUnspent
		if c.Amount == 4 {
			want = wallet.CoinSpent
		}
		if c.State != want {
			t.Errorf("the coin of %d is %s, want %s", c.Amount, c.State, want)
		}
	}
}

// hooked calls hooks after reads.
type hooked struct {
	wallet.Store
	once, coins sync.Once
	afterSagas  func()
	afterCoins  func()
}

func (h *hooked) Sagas(ctx context.Context) ([]wallet.Saga, error) {
	list, err := h.Store.Sagas(ctx)
	h.once.Do(h.afterSagas)
	return list, err
}

func (h *hooked) Coins(ctx context.Context, f wallet.CoinFilter) ([]wallet.StoredCoin, error) {
	list, err := h.Store.Coins(ctx, f)
	h.coins.Do(h.afterCoins)
	return list, err
}

// Between the reads of a sweep an operation is taken up that was given up, or is taken
// up and given up again: its coins are not orphans.
func TestASweepLeavesWhatIsTakenUpOrGivenUpMeanwhile(t *testing.T) {
	t.Parallel()
	for _, again := range []bool{false, true} {
		w := newWorld(t)
		s := w.stageOn(sqldb.Memory)
		w.fund(s.x, 128)
		w.line.cut(func(r *http.Request) error {
			if r.URL.Path == "/v1/swap" {
				return errors.New("lost")
			}
			return nil
		}, nil)
		_, err := s.x.Swap(t.Context(), w.url, "sat", true)
		id := operationOf(t, err)
		abandon := func() {
			if _, err := s.x.Abandon(t.Context(), id, wallet.AbandonOptions{Force: true}); err != nil {
				t.Error(err)
			}
		}
		abandon()
		h := &hooked{Store: s.xStore, afterSagas: func() { s.must(s.x.Resume(t.Context(), id)) }, afterCoins: func() {
			if again {
				abandon()
			}
		}}
		n, err := w.walletBy(h, w.line, s.xSeed).SweepOrphans(t.Context())
		if err != nil || n != 0 {
			t.Errorf("swept %d, %v", n, err)
		}
		want := wallet.CoinPending
		if again {
			want = wallet.CoinAbandoned
		}
		if held := w.balance(s.x, want); held != 128 {
			t.Errorf("%d are %s", held, want)
		}
		w.line.cut(nil, nil)
		if err := s.settle(""); err != nil {
			t.Error(err)
		}
	}
}
