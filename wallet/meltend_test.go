package wallet_test

import (
	"cmp"
	"slices"
	"testing"
	"time"

	"mintmark/cashu/conditions"
	"mintmark/cashu/token"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// A payment in doubt keeps its coins beyond the end of its quote for as long as clocks
// may differ: the mint, by its own, may still begin with it.
func TestAPaymentInDoubtIsNotGivenUpAtTheVeryEndOfItsQuote(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 200)
	inDoubt(s)
	quotes, err := s.xStore.Quotes(t.Context())
	s.must(err)
	var ends time.Time
	for _, q := range quotes {
		if q.Direction == wallet.QuoteMelt {
			ends = time.Unix(q.Expiry, 0)
		}
	}
	for _, tc := range []struct {
		after      time.Duration
		held, free bool
	}{{90 * time.Second, true, false}, {150 * time.Second, false, true}} {
		w.later(ends.Add(tc.after).Sub(w.now()))
		_, err := s.x.Recover(t.Context(), wallet.RecoverOptions{})
		s.must(err)
		if held, free := w.balance(s.x, wallet.CoinPending) > 0, w.balance(s.x, wallet.CoinUnspent) == 200; held != tc.held || free != tc.free {
			t.Errorf("%v after the end of the quote: held %v, free %v", tc.after, held, free)
		}
	}
}

// Somebody who has a copy of one coin of a payment has spent it: the payment cannot be
// made any more, that coin is spent, and the others are free.
func TestAPaymentOfWhichACoinIsSpentElsewhereFreesTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 127) // one coin of each amount
	inDoubt(s)
	held, err := s.xStore.Coins(t.Context(), wallet.CoinFilter{States: []wallet.CoinState{wallet.CoinPending}})
	s.must(err)
	stolen := s.stealLargest(held)
	_, err = s.x.Recover(t.Context(), wallet.RecoverOptions{})
	s.must(err)
	if free := w.balance(s.x, wallet.CoinUnspent); len(held) < 2 || free != 127-stolen.Amount {
		t.Errorf("of 127, without the %d that is spent, %d are free", stolen.Amount, free)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
}

// So it is with a swap, whether it is one of its own or works for a token.
func TestASwapOfWhichACoinIsSpentElsewhereFreesTheOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, forToken := range []bool{false, true} {
		s := w.stageOn(sqldb.Memory)
		w.fund(s.x, 127)
		exchangeInDoubt(s, func(x *wallet.Wallet) error {
			if !forToken {
				return doSwap(t.Context(), x, w.url, "")
			}
			key, err := s.y.NewKey(t.Context())
			s.must(err)
			_, err = x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 100, Lock: &conditions.Lock{Key: key}})
			return err
		})
		held, err := s.xStore.Coins(t.Context(), wallet.CoinFilter{States: []wallet.CoinState{wallet.CoinPending}})
		s.must(err)
		stolen := s.stealLargest(held)
		w.later(time.Hour) // no request is on its way any more
		for range 2 {
			_, err = s.x.Recover(t.Context(), wallet.RecoverOptions{})
			s.must(err)
		}
		if free := w.balance(s.x, wallet.CoinUnspent); len(held) < 2 || free != 127-stolen.Amount {
			t.Errorf("for a token %v: of 127, without the %d that is spent, %d are free", forToken, stolen.Amount, free)
		}
		if err := s.settle(""); err != nil {
			t.Errorf("for a token %v: %v", forToken, err)
		}
	}
}

// stealLargest has the other wallet spend a copy of the largest of these coins.
func (s *stage) stealLargest(coins []wallet.StoredCoin) wallet.StoredCoin {
	s.t.Helper()
	stolen := slices.MaxFunc(coins, func(a, b wallet.StoredCoin) int { return cmp.Compare(a.Amount, b.Amount) })
	copied, err := token.New(s.url, "sat", "", []token.Coin{stolen.Coin})
	s.must(err)
	text, err := copied.Encode()
	s.must(err)
	s.must(doReceive(s.t.Context(), s.y, s.url, text))
	return stolen
}
