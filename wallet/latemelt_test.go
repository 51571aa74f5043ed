package wallet_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"sync"
	"testing"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// lateMelt is a way on which a payment is late: it reaches the mint just before the
// swap that is to take its coins away.
type lateMelt struct {
	way   http.RoundTripper
	wrote func() // called when it is on its way

	mu   sync.Mutex
	late *http.Request
}

func (l *lateMelt) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case r.Method == http.MethodPost && r.URL.Path == "/v1/melt/bolt11":
		body, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		l.late = r.Clone(context.Background())
		l.late.Body = io.NopCloser(bytes.NewReader(body))
		l.wrote()
		return nil, errors.New("on its way")
	case r.URL.Path == "/v1/swap" && l.late != nil:
		resp, err := l.way.RoundTrip(l.late)
		if err != nil {
			return nil, err
		}
		resp.Body.Close()
		l.late = nil
	}
	return l.way.RoundTrip(r)
}

// The coins of a payment in doubt are to be taken back, and the payment is made at the
// last moment: then it is what counts, with its proof and its change.
func TestAPaymentThatIsMadeWhileItIsReclaimedIsMade(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 200)
	q := w.meltQuote(s.x, 100)
	ctx, die := context.WithCancel(t.Context())
	defer die()
	way := &lateMelt{way: w.line, wrote: die}
	_, err := w.walletBy(s.xStore, way, s.xSeed).Melt(ctx, w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond})
	id := operationOf(t, err)
	if _, err := w.walletBy(s.xStore, way, s.xSeed).Reclaim(t.Context(), id); err == nil {
		t.Error("the coins were taken back")
	}
	for n := 0; n < 100; n++ { // the mint is paying
		if _, err := s.x.Recover(t.Context(), wallet.RecoverOptions{}); err != nil {
			t.Fatal(err)
		}
		if ops, err := s.x.Operations(t.Context()); err == nil && len(ops) == 0 {
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	if err := paidFor(s, q.ID); err != nil {
		t.Error(err)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
}
