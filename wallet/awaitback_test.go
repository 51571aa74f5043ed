package wallet_test

import (
	"context"
	"errors"
	"net/http"
	"testing"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// Taking a token back was interrupted. Whoever waits for its receiver is told of each
// question, as ever, and goes on when the token is out again or is taken back.
func TestATokenWhoseTakingBackWasInterruptedIsWaitedForAsAnyOther(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x := w.walletBy(w.openStore(sqldb.Memory), w.line, newSeed(t))
	w.fund(x, 64)
	sent, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 32})
	if err != nil {
		t.Fatal(err)
	}
	w.line.cut(nil, func(r *http.Request, _ *http.Response) error {
		if r.URL.Path == "/v1/swap" {
			w.line.cut(func(*http.Request) error { return errors.New("away") }, nil)
			return errors.New("lost")
		}
		return nil
	})
	if _, err := x.Revoke(t.Context(), sent.ID); !errors.Is(err, wallet.ErrPending) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	asked := 0
	_, err = x.AwaitSend(ctx, sent.ID, wallet.AwaitOptions{Poll: time.Millisecond, Asked: func() {
		if asked++; asked > 1 {
			return
		}
		w.line.cut(nil, nil)
		w.later(5 * time.Minute)
		for range 2 {
			if _, err := x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
				t.Error(err)
			}
		}
	}})
	if asked == 0 || !errors.Is(err, wallet.ErrTakenBack) {
		t.Errorf("asked %d times: %v", asked, err)
	}
}
