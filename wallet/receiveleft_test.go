package wallet_test

import (
	"errors"
	"io"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"mintmark/cashu/token"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// oneRefused is a way to a mint that refuses one swap, the one with this number.
type oneRefused struct {
	way    http.RoundTripper
	swaps  atomic.Int32
	refuse int32
}

func (o *oneRefused) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Path != "/v1/swap" || o.swaps.Add(1) != o.refuse {
		return o.way.RoundTrip(r)
	}
	return &http.Response{
		StatusCode: 400, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1, Request: r, Header: http.Header{"Content-Type": {"application/json"}},
		Body: io.NopCloser(strings.NewReader(`{"detail":"not now","code":12002}`)),
	}, nil
}

// A token in three parts, of which the mint refuses one at first. What came is told,
// the rest is in the inbox, and given again the token is received to its end.
func TestATokenThatWasReceivedInPartIsReceivedToItsEnd(t *testing.T) {
	t.Parallel()
	for _, key := range []string{"", "mine"} {
		w := newSmallWorld(t)
		s := w.stageOn(sqldb.Memory)
		w.coppers(s.x, 3*most)
		sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 3 * most, Offline: true})
		way := &oneRefused{way: w.line, refuse: 2}
		store := w.openStore(sqldb.Memory)
		y := w.walletBy(store, way, newSeed(t))
		o := wallet.ReceiveOptions{AnyMint: true, Key: key}
		inbox := func(want int) []wallet.InboxItem {
			t.Helper()
			items, err := y.Inbox(t.Context())
			if err != nil || len(items) != want {
				t.Fatalf("the inbox has %d tokens, not %d: %v", len(items), want, err)
			}
			return items
		}
		got, err := y.Receive(t.Context(), sent.Token, o)
		if err == nil || got.Amount != 2*most {
			t.Fatalf("received %+v, %v", got, err)
		}
		inbox(1)
		if key != "" {
			if again, err := y.Receive(t.Context(), sent.Token, o); err == nil || again != got {
				t.Errorf("by its name: %+v, %v", again, err)
			}
			o.Key = ""
		}
		if got, err = y.Receive(t.Context(), sent.Token, o); err != nil || got.Amount != 3*most || got.Before {
			t.Errorf("given again: %+v, %v", got, err)
		}
		inbox(0)
		if got, err = y.Receive(t.Context(), sent.Token, o); err != nil || got.Amount != 3*most || !got.Before {
			t.Errorf("given a third time: %+v, %v", got, err)
		}
		if has := w.balance(y, wallet.CoinUnspent); has != 3*most {
			t.Errorf("it has %d", has)
		}
	}
}

// A token in the inbox of which a part is refused for good leaves that part there, and
// nothing else; the same part is never there twice.
func TestAPartThatIsRefusedStaysInTheInboxOnce(t *testing.T) {
	t.Parallel()
	w := newSmallWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.coppers(s.x, 3*most)
	sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 3 * most, Offline: true})
	whole, err := token.Parse(sent.Token)
	s.must(err)
	m, err := s.x.KnownMint(t.Context(), w.url)
	s.must(err)
	coins, err := whole.Coins(m.KeysetIDs())
	s.must(err)
	one, err := token.New(w.url, "sat", "", coins[:1])
	s.must(err)
	text, err := one.Encode()
	s.must(err)
	z, _ := w.walletOfSeed(newSeed(t))
	if _, err := z.Receive(t.Context(), text, wallet.ReceiveOptions{AnyMint: true}); err != nil {
		t.Fatal(err)
	}
	s.must(s.y.Keep(t.Context(), whole, "for later"))
	for range 2 {
		got, err := s.y.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true})
		if err == nil || got.Amount != 2*most {
			t.Errorf("received %+v, %v", got, err)
		}
		items, err := s.y.Inbox(t.Context())
		if err != nil || len(items) != 1 || items[0].Amount != most {
			t.Errorf("the inbox has %+v, %v", items, err)
		}
	}
}

// A token in the inbox that is refused once more is there once.
func TestATokenThatIsRefusedAgainIsInTheInboxOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 64)
	sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 16})
	way := &oneRefused{way: w.line}
	y := w.walletBy(w.openStore(sqldb.Memory), way, newSeed(t))
	for n := int32(1); n <= 2; n++ {
		way.refuse = n
		if _, err := y.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); err == nil {
			t.Error("it was received")
		}
		if items, err := y.Inbox(t.Context()); err != nil || len(items) != 1 || string(items[0].Token) != sent.Token {
			t.Errorf("the inbox has %d tokens, %v", len(items), err)
		}
	}
}

// What is left of a token is received under a name, and refused again: the name is that
// of this call, and of no other.
func TestWhatIsLeftOfATokenHasTheNameOfItsCall(t *testing.T) {
	t.Parallel()
	w := newSmallWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.coppers(s.x, 3*most)
	sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 3 * most, Offline: true})
	way := &oneRefused{way: w.line, refuse: 2}
	y := w.walletBy(w.openStore(sqldb.Memory), way, newSeed(t))
	o := wallet.ReceiveOptions{AnyMint: true}
	if got, err := y.Receive(t.Context(), sent.Token, o); err == nil || got.Amount != 2*most {
		t.Fatalf("received %+v, %v", got, err)
	}
	way.refuse = 4 // of the part that is left
	o.Key, o.Args = "mine", "that token"
	if got, err := y.Receive(t.Context(), sent.Token, o); err == nil || got.Amount != 2*most {
		t.Fatalf("the rest: %+v, %v", got, err)
	}
	for range 2 {
		_, err := y.Receive(t.Context(), sent.Token, o)
		if _, ended := errors.AsType[*wallet.OperationError](err); !ended {
			t.Errorf("by its name: %v", err)
		}
	}
	if _, found, err := y.Repeated(t.Context(), "mine", "that token", wallet.KindReceive); !found || err != nil {
		t.Errorf("the name is not known: %v", err)
	}
	w.fund(s.x, 64)
	other := s.sendFrom(s.x, wallet.SendOptions{Amount: 16})
	o.Args = "another token"
	if got, err := y.Receive(t.Context(), other.Token, o); !errors.Is(err, wallet.ErrOtherCall) {
		t.Errorf("another token under the same name: %+v, %v", got, err)
	}
}
