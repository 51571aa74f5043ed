package wallet_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"testing"
	"time"

	"github.com/coder/websocket"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// slowWorld is a world in which invoices are paid when a test says so, and payments
// take a while.
func slowWorld(t *testing.T) *world {
	t.Helper()
	return newWorldOf(t, func(b *fake.Config, m *mint.Config) {
		b.SettleOnCheck, b.OutgoingDelay = false, 300*time.Millisecond
		m.PayTimeout, m.SweepInterval = time.Millisecond, 20*time.Millisecond
	})
}

// never is a pause between questions that no test waits for: whatever happens was
// heard.
const never = time.Hour

// listening waits until wallets have opened a WebSocket.
func (w *world) listening() {
	w.t.Helper()
	for end := time.Now().Add(30 * time.Second); w.line.count("GET /v1/ws") == 0; time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			w.t.Fatal("nobody listens")
		}
	}
}

func (w *world) pay(quote string) {
	w.t.Helper()
	q, err := w.mint.MintQuote(w.t.Context(), "bolt11", quote)
	if err != nil {
		w.t.Fatal(err)
	}
	if err := w.bank.Pay(w.t.Context(), q.LookupID); err != nil {
		w.t.Fatal(err)
	}
}

// rich is a wallet of a slow world that has something.
func (w *world) rich(amount cashu.Amount) *wallet.Wallet {
	w.t.Helper()
	x, _ := w.wallet()
	q, err := x.CreateMintQuote(w.t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: amount})
	if err != nil {
		w.t.Fatal(err)
	}
	w.pay(q.ID)
	if _, err := x.Issue(w.t.Context(), w.url, q.ID, wallet.MintOptions{}); err != nil {
		w.t.Fatal(err)
	}
	return x
}

// NUT-17: nobody asks; the mint says that an invoice is paid, that a payment is
// made or has failed, and that a token is claimed.
func TestNUT17WhatIsWaitedForIsHeard(t *testing.T) {
	t.Parallel()
	t.Run("an invoice is paid", func(t *testing.T) {
		w := slowWorld(t)
		x, _ := w.wallet()
		q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 21})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			w.listening()
			w.pay(q.ID)
		}()
		got, err := x.AwaitMintQuote(t.Context(), w.url, q.ID, wallet.AwaitOptions{Poll: never})
		if err != nil || got.Open() != 21 {
			t.Errorf("got %+v, %v", got, err)
		}
		if n := w.line.count("GET /v1/mint/quote/bolt11/" + q.ID); n > 3 {
			t.Errorf("the mint was asked %d times", n)
		}
	})
	t.Run("a payment is made", func(t *testing.T) {
		w := slowWorld(t)
		x := w.rich(200)
		paid, err := x.Melt(t.Context(), w.url, w.meltQuote(x, 100).ID, wallet.MeltOptions{Poll: never})
		if err != nil || paid.Amount != 100 || paid.Proof == "" {
			t.Errorf("got %+v, %v", paid, err)
		}
		w.listening()
	})
	t.Run("a payment fails", func(t *testing.T) {
		w := slowWorld(t)
		x := w.rich(200)
		request := w.invoice(100, `{"pay_invoice_state":"PENDING","check_payment_state":"FAILED","pay_err":false,"check_err":false}`)
		q, err := x.CreateMeltQuote(t.Context(), w.url, wallet.MeltQuoteOptions{Unit: "sat", Request: request})
		if err != nil {
			t.Fatal(err)
		}
		_, err = x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: never})
		if !errors.Is(err, wallet.ErrNoPayment) {
			t.Errorf("got %v", err)
		}
		if free := w.balance(x, wallet.CoinUnspent); free != 200 {
			t.Errorf("%d free", free)
		}
	})
	t.Run("a token is claimed", func(t *testing.T) {
		w := slowWorld(t)
		x := w.rich(200)
		y, _ := w.walletOf("abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon abandon about")
		sent, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 50})
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			w.listening()
			if _, err := y.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); err != nil {
				t.Error(err)
			}
		}()
		for range 2 { // also when it is over
			status, err := x.AwaitSend(t.Context(), sent.ID, wallet.AwaitOptions{Poll: never})
			if err != nil || status.Claimed != 50 || status.Unclaimed != 0 {
				t.Errorf("got %+v, %v", status, err)
			}
		}
	})
}

func TestATokenThatIsTakenBackIsWaitedForNoMore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	x, _ := w.wallet()
	w.fund(x, 64)
	sent, err := x.Send(t.Context(), w.url, "sat", wallet.SendOptions{Amount: 32})
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		w.listening()
		if _, err := x.Revoke(t.Context(), sent.ID); err != nil {
			t.Error(err)
		}
	}()
	if _, err := x.AwaitSend(t.Context(), sent.ID, wallet.AwaitOptions{Poll: 10 * time.Millisecond}); !errors.Is(err, wallet.ErrTakenBack) {
		t.Errorf("got %v", err)
	}
}

// elsewhere sends those who listen to another mint.
type elsewhere struct {
	way http.RoundTripper
	to  *url.URL
}

func (e elsewhere) RoundTrip(r *http.Request) (*http.Response, error) {
	if listens(r) {
		r = r.Clone(r.Context())
		r.URL.Scheme, r.URL.Host = e.to.Scheme, e.to.Host
	}
	return e.way.RoundTrip(r)
}

// A WebSocket that lies, hangs, breaks or is refused neither makes a quote paid nor
// keeps a payment from being found by asking.
func TestNUT17AMintThatLiesHangsOrClosesIsAsked(t *testing.T) {
	t.Parallel()
	const lie = `{"jsonrpc":"2.0","method":"subscribe","params":{"subId":"%s","payload":{"state":"PAID","amount_paid":21}}}`
	for name, do := range map[string]func(ctx context.Context, conn *websocket.Conn){
		"hangs":  func(ctx context.Context, _ *websocket.Conn) { <-ctx.Done() },
		"closes": func(context.Context, *websocket.Conn) {},
		"lies": func(ctx context.Context, conn *websocket.Conn) {
			for conn.Write(ctx, websocket.MessageText, []byte(lie)) == nil {
				time.Sleep(time.Millisecond)
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			w := slowWorld(t)
			ctx, cancel := context.WithCancel(context.Background())
			other := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				if conn, err := websocket.Accept(rw, r, nil); err == nil {
					do(ctx, conn)
					_ = conn.CloseNow()
				}
			}))
			defer other.Close()
			defer cancel()
			to, err := url.Parse(other.URL)
			if err != nil {
				t.Fatal(err)
			}
			x := w.walletBy(w.openStore(t.TempDir()+"/wallet.db"), elsewhere{w.line, to}, newSeed(t))
			q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 21})
			if err != nil {
				t.Fatal(err)
			}
			short, stop := context.WithTimeout(t.Context(), 300*time.Millisecond)
			defer stop()
			if got, err := x.AwaitMintQuote(short, w.url, q.ID, wallet.AwaitOptions{Poll: 5 * time.Millisecond}); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("nobody has paid, and it is %+v, %v", got, err)
			}
			w.pay(q.ID)
			got, err := x.AwaitMintQuote(t.Context(), w.url, q.ID, wallet.AwaitOptions{Poll: 5 * time.Millisecond})
			if err != nil || got.Open() != 21 {
				t.Errorf("got %+v, %v", got, err)
			}
		})
	}
}

func TestAnInvoiceThatNobodyPaysIsWaitedForUntilItsEnd(t *testing.T) {
	t.Parallel()
	w := slowWorld(t)
	x, _ := w.wallet()
	q, err := x.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 21})
	if err != nil {
		t.Fatal(err)
	}
	w.later(time.Until(time.Unix(q.Expiry, 0)) + time.Minute)
	for _, down := range []bool{false, true} {
		if down {
			w.line.cut(func(*http.Request) error { return errors.New("down") }, nil)
		}
		if _, err := x.AwaitMintQuote(t.Context(), w.url, q.ID, wallet.AwaitOptions{Poll: time.Millisecond}); !errors.Is(err, cashu.ErrQuoteExpired) {
			t.Errorf("mint down %v: got %v", down, err)
		}
	}
}
