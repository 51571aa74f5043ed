package wallet_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"testing"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// odd is a server before a mint that refuses requests in its own words, after it has
// passed them on or not.
type odd struct {
	way    http.RoundTripper
	passes bool
	left   int // so many, and none after
}

func (f *odd) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/v1/swap" || f.left == 0 {
		return f.way.RoundTrip(r)
	}
	f.left--
	if f.passes {
		resp, err := f.way.RoundTrip(r)
		if err != nil {
			return nil, err
		}
		resp.Body.Close()
	}
	return &http.Response{
		StatusCode: 422, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r,
		Header: http.Header{"Content-Type": {"text/plain"}}, Body: io.NopCloser(strings.NewReader("blocked")),
	}, nil
}

// A refusal that no mint can have written proves nothing, so a swap waits, and a
// receive. Reclaimed, the coins are exchanged by a request of their own, and the first
// one is over.
func TestASwapOrAReceiveInDoubtIsReclaimed(t *testing.T) {
	t.Parallel()
	for _, kind := range []wallet.Kind{wallet.KindSwap, wallet.KindReceive} {
		w := newWorld(t)
		s := w.stageOn(sqldb.Memory)
		w.fund(s.x, 64)
		way := &odd{way: w.line, left: 4} // three tries, and one of the reclaim's
		var err error
		x, store := w.walletBy(s.xStore, way, s.xSeed), s.xStore
		if kind == wallet.KindSwap {
			_, err = x.Swap(t.Context(), w.url, "sat", true)
		} else {
			sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 64})
			x, store = w.walletBy(s.yStore, way, newSeed(t)), s.yStore
			_, err = x.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true})
		}
		id := operationOf(t, err)
		back, err := x.Reclaim(t.Context(), id)
		if err != nil || back != 63 {
			t.Errorf("%s: %d came back, %v", kind, back, err)
		}
		if _, err := store.Saga(t.Context(), id); !errors.Is(err, wallet.ErrNotFound) {
			t.Errorf("%s: it is not over: %v", kind, err)
		}
		if entry, err := store.Transaction(t.Context(), id); kind == wallet.KindReceive && (err != nil || entry.Status != wallet.StatusCompleted) {
			t.Errorf("the history says %q, %v", entry.Status, err)
		}
		if err := s.settle(""); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

// The mint has carried it out after all: then there is nothing to reclaim, and the
// coins are there.
func TestWhatTheMintHasDoneIsNotReclaimed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 64)
	way := &odd{way: w.line, left: 1, passes: true}
	x := w.walletBy(s.xStore, way, s.xSeed)
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/checkstate" {
			return errors.New("lost")
		}
		return nil
	}, nil)
	way.left = 3
	_, err := x.Swap(t.Context(), w.url, "sat", true)
	id := operationOf(t, err)
	w.line.cut(nil, nil)
	if _, err := x.Reclaim(t.Context(), id); err != nil {
		t.Error(err)
	}
	if free := w.balance(x, wallet.CoinUnspent); free != 63 {
		t.Errorf("%d are free", free)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
}
