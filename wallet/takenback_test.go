package wallet_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"

	"github.com/google/uuid"

	"mintmark/cashu/paymentrequest"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// A call that is repeated by its name does not give a token that is worth nothing any
// more, nor say that it was delivered.
func TestATokenThatWasTakenBackIsNotGivenAgain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 100)
	o := wallet.SendOptions{Amount: 16, Key: "tea", Args: "16"}
	sent, err := x.Send(t.Context(), w.url, "sat", o)
	if err != nil {
		t.Fatal(err)
	}
	if again, err := x.Send(t.Context(), w.url, "sat", o); err != nil || again.Token != sent.Token {
		t.Errorf("repeated: %v", err)
	}
	if _, err := x.Revoke(t.Context(), sent.ID); err != nil {
		t.Fatal(err)
	}
	if again, err := x.Send(t.Context(), w.url, "sat", o); !errors.Is(err, wallet.ErrTakenBack) || again.Token != "" {
		t.Errorf("taken back, and repeated: %v", err)
	}

	var posted atomic.Int32
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { posted.Add(1) }))
	defer shop.Close()
	var away atomic.Bool
	away.Store(true)
	w.line.cut(func(r *http.Request) error {
		if away.Load() && "http://"+r.URL.Host == shop.URL {
			return errors.New("away")
		}
		return nil
	}, nil)
	request := paymentrequest.Request{ID: "lunch", Amount: 16, Unit: "sat", Transports: []paymentrequest.Transport{{Kind: "post", Target: shop.URL}}}
	paying := wallet.PayRequestOptions{Key: "lunch"}
	if sent, _, err = x.PayRequest(t.Context(), request, paying); !errors.Is(err, wallet.ErrNotDelivered) {
		t.Fatal(err)
	}
	if _, err := x.Revoke(t.Context(), sent.ID); err != nil {
		t.Fatal(err)
	}
	away.Store(false)
	if _, delivered, err := x.PayRequest(t.Context(), request, paying); delivered || !errors.Is(err, wallet.ErrTakenBack) || posted.Load() != 0 {
		t.Errorf("delivered %v, %v, posted %d times", delivered, err, posted.Load())
	}
}

// readStore is a database in which something happens before an operation is read.
type readStore struct {
	wallet.Store
	before func(id uuid.UUID)
}

func (s *readStore) Saga(ctx context.Context, id uuid.UUID) (wallet.Saga, error) {
	if s.before != nil {
		s.before(id)
	}
	return s.Store.Saga(ctx, id)
}

// Another process can take a token back in the moment before it is delivered.
func TestATokenThatIsTakenBackMeanwhileIsNotDelivered(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	seed, store := newSeed(t), w.openStore(sqldb.Memory)
	read := &readStore{Store: store}
	x, y := w.walletBy(read, w.line, seed), w.walletBy(store, w.line, seed)
	w.fund(x, 100)
	shop := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was posted") }))
	defer shop.Close()
	read.before = func(id uuid.UUID) {
		read.before = nil
		if _, err := y.Revoke(t.Context(), id); err != nil {
			t.Error(err)
		}
	}
	request := paymentrequest.Request{ID: "lunch", Amount: 16, Unit: "sat", Transports: []paymentrequest.Transport{{Kind: "post", Target: shop.URL}}}
	if _, delivered, err := x.PayRequest(t.Context(), request, wallet.PayRequestOptions{}); delivered || !errors.Is(err, wallet.ErrTakenBack) {
		t.Errorf("delivered %v, %v", delivered, err)
	}
}
