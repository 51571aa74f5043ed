package wallet_test

import (
	"errors"
	"net/http"
	"testing"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// A quote that a payment in doubt is for is that payment's until it is over.
func TestTheQuoteOfAPaymentInDoubtIsHeld(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 400)
	id := inDoubt(s)
	quotes, err := s.xStore.Quotes(t.Context())
	s.must(err)
	for _, q := range quotes {
		if q.Direction != wallet.QuoteMelt {
			continue
		}
		if q.UsedBy.String() != id {
			t.Errorf("the quote is held by %v", q.UsedBy)
		}
		free := w.balance(s.x, wallet.CoinUnspent)
		if _, err := s.x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Again: true}); err == nil {
			t.Error("it was paid a second time")
		}
		if now := w.balance(s.x, wallet.CoinUnspent); now != free {
			t.Errorf("of %d free before %d are left", free, now)
		}
	}
}

// While coins of a quote were on their way the mint was asked about it, and has counted
// more than came: that is not forgotten.
func TestWhatAMintHasCountedAsIssuedIsNotForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	quote := s.mintQuote(s.x, 20)
	w.line.cut(nil, func(r *http.Request, _ *http.Response) error {
		if r.URL.Path != "/v1/mint/bolt11" {
			return nil
		}
		return s.xStore.Update(t.Context(), func(tx wallet.Tx) error {
			q, err := tx.Quote(t.Context(), wallet.QuoteMint, w.url, quote)
			if err != nil {
				return err
			}
			q.Paid, q.Issued = 50, 30
			return tx.UpdateQuote(t.Context(), q)
		})
	})
	s.must(doIssue(t.Context(), s.x, w.url, quote))
	if q, err := s.xStore.Quote(t.Context(), wallet.QuoteMint, w.url, quote); err != nil || q.Issued != 30 || q.Paid != 50 {
		t.Errorf("%d of %d are issued, want 30 of 50: %v", q.Issued, q.Paid, err)
	}
}

// The same name for another amount is another call, while the token is out and after it.
func TestASendIsNotRepeatedForAnotherAmount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 64)
	first := s.sendFrom(s.x, wallet.SendOptions{Amount: 5, Key: "rent"})
	for _, claimed := range []bool{false, true} {
		if claimed {
			s.must(doReceive(t.Context(), s.y, w.url, first.Token))
			_, err := s.x.CheckSend(t.Context(), first.ID)
			s.must(err)
		}
		if _, err := s.x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 6, Key: "rent"}); !errors.Is(err, wallet.ErrOtherCall) {
			t.Errorf("claimed %v: another amount: %v", claimed, err)
		}
		if again := s.sendFrom(s.x, wallet.SendOptions{Amount: 5, Key: "rent"}); again.ID != first.ID || again.Token != first.Token {
			t.Errorf("claimed %v: the same call made another token", claimed)
		}
	}
}
