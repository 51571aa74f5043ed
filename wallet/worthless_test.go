package wallet_test

import (
	"errors"
	"strings"
	"testing"

	"mintmark/cashu/token"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// A token whose coins cost all that they are worth, and one that names another unit than
// its coins have, are refused before anything is written down or asked.
func TestATokenThatIsWorthNothingOrSomethingElseIsRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.y, 3) // 1 and 2, each for a fee of 1 at most
	text := s.sendFrom(s.y, wallet.SendOptions{Amount: 1, Offline: true}).Token
	parsed, err := token.Parse(text)
	s.must(err)
	m, err := s.x.Mint(t.Context(), w.url)
	s.must(err)
	coins, err := parsed.Coins(m.KeysetIDs())
	s.must(err)
	other, err := token.New(w.url, "usd", "", coins)
	s.must(err)
	dollars, err := other.Encode()
	s.must(err)
	asked := w.line.count("POST /v1/swap")
	for _, tc := range []struct{ text, want string }{{text, "no more than the fee"}, {dollars, "usd"}} {
		_, err := s.x.Receive(t.Context(), tc.text, wallet.ReceiveOptions{AnyMint: true})
		if err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("got %v, want %q", err, tc.want)
		}
		if tc.text == text && !errors.Is(err, wallet.ErrFunds) {
			t.Errorf("got %v", err)
		}
	}
	ops, err := s.x.Operations(t.Context())
	s.must(err)
	history, err := s.xStore.Transactions(t.Context(), 0)
	s.must(err)
	inbox, err := s.x.Inbox(t.Context())
	s.must(err)
	if len(ops)+len(history)+len(inbox) > 0 || w.line.count("POST /v1/swap") > asked {
		t.Errorf("%d operations, %d entries and %d tokens are left", len(ops), len(history), len(inbox))
	}
}
