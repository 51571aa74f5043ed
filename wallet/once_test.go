package wallet_test

import (
	"errors"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/tyler-smith/go-bip39"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
)

// other is a second mint that wallets of the first can know as well.
func (w *world) other(change func(*fake.Config, *mint.Config)) *world {
	w.t.Helper()
	return newWorldBy(w.t, "6b", change)
}

// Two processes of one wallet pay one invoice from two mints at the same time. One of
// them does; the other is told so, and has lost nothing.
func TestOneInvoiceIsPaidOnceFromTwoMintsAtATime(t *testing.T) {
	t.Parallel()
	for name, place := range map[string]func(t *testing.T) string{
		"SQLite":     func(t *testing.T) string { return filepath.Join(t.TempDir(), "wallet.db") },
		"PostgreSQL": func(t *testing.T) string { return postgres.Schema(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			worlds := []*world{w, w.other(func(*fake.Config, *mint.Config) {})}
			path := place(t)
			var wallets []*wallet.Wallet
			for _, at := range worlds {
				x := w.walletBy(w.openStore(path), w.line, bip39.NewSeed(words, ""))
				wallets = append(wallets, x)
				at.fund(x, 1000)
			}
			for range 8 {
				invoice := w.outside(10, "")
				var paying sync.WaitGroup
				errs := make([]error, len(worlds))
				for i, at := range worlds {
					request := []string{invoice, "LIGHTNING:" + strings.ToUpper(invoice)}[i]
					q, err := wallets[i].CreateMeltQuote(t.Context(), at.url, wallet.MeltQuoteOptions{Unit: "sat", Request: request})
					if err != nil {
						t.Fatal(err)
					}
					paying.Go(func() {
						_, errs[i] = wallets[i].Melt(t.Context(), at.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond})
					})
				}
				paying.Wait()
				failed := 0
				for _, err := range errs {
					if err != nil {
						failed++
						if !errors.Is(err, wallet.ErrBeingPaid) && !errors.Is(err, wallet.ErrPaidAlready) {
							t.Errorf("the second is told: %v", err)
						}
					}
				}
				if failed != 1 {
					t.Fatalf("%d of two payments were refused", failed)
				}
			}
			if held := w.balance(wallets[0], wallet.CoinReserved) + w.balance(wallets[0], wallet.CoinPending); held != 0 {
				t.Errorf("%d are still held", held)
			}
		})
	}
}

// An invoice whose payment is in doubt, or was given up, is not paid from elsewhere; one
// whose payment has failed is. Parts of one payment do not refuse each other.
func TestWhatMayStillBePaidIsNotPaidFromElsewhere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := w.other(func(*fake.Config, *mint.Config) {})
	x, _ := w.wallet()
	w.fund(x, 1000)
	second.fund(x, 1000)
	pay := func(at *world, invoice string, o wallet.MeltOptions) error {
		t.Helper()
		q, err := x.CreateMeltQuote(t.Context(), at.url, wallet.MeltQuoteOptions{Unit: "sat", Request: invoice})
		if err != nil {
			t.Fatal(err)
		}
		o.Poll = time.Millisecond
		_, err = x.Melt(t.Context(), at.url, q.ID, o)
		return err
	}

	failing := w.outside(10, "fail the payment")
	for _, at := range []*world{w, second} {
		if err := pay(at, failing, wallet.MeltOptions{}); err == nil || errors.Is(err, wallet.ErrBeingPaid) {
			t.Fatalf("a payment that fails: %v", err)
		}
	}

	doubtful := w.outside(10, "")
	w.line.cut(func(r *http.Request) error {
		if r.URL.Path == "/v1/melt/bolt11" {
			return errors.New("lost")
		}
		return nil
	}, nil)
	err := pay(w, doubtful, wallet.MeltOptions{Wait: 50 * time.Millisecond})
	begun, ok := errors.AsType[*wallet.OperationError](err)
	if !errors.Is(err, wallet.ErrPending) || !ok {
		t.Fatalf("got %v", err)
	}
	w.line.cut(nil, nil)
	refused := func(when string) {
		t.Helper()
		err := pay(second, doubtful, wallet.MeltOptions{Again: true}) // for what can be paid again
		by, ok := errors.AsType[*wallet.OperationError](err)
		if !errors.Is(err, wallet.ErrBeingPaid) || !ok || by.ID != begun.ID {
			t.Fatalf("%s: %v", when, err)
		}
	}
	refused("in doubt")
	if _, err := x.Abandon(t.Context(), begun.ID, wallet.AbandonOptions{Force: true}); err != nil {
		t.Fatal(err)
	}
	refused("given up")
	if err := x.Resume(t.Context(), begun.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Reclaim(t.Context(), begun.ID); err != nil {
		t.Fatal(err)
	}
	if err := pay(second, doubtful, wallet.MeltOptions{}); err != nil {
		t.Fatalf("it cannot be paid any more by the first: %v", err)
	}

}

// outside is an invoice of a node that is neither mint's.
func (w *world) outside(amount cashu.Amount, description string) string {
	w.t.Helper()
	if w.stranger == nil {
		bank, err := fake.Open(w.t.Context(), fake.Config{Path: sqldb.Memory, IncomingDelay: -1, OutgoingDelay: -1, Logger: slog.New(slog.DiscardHandler)})
		if err != nil {
			w.t.Fatal(err)
		}
		w.t.Cleanup(func() { _ = bank.Close() })
		w.stranger = bank
	}
	i, err := w.stranger.CreateInvoice(w.t.Context(), lightning.InvoiceRequest{QuoteID: "x", Amount: amount, Unit: "sat", Description: description})
	if err != nil {
		w.t.Fatal(err)
	}
	return i.Request
}

// An offer can be paid again, if that is said.
func TestAnOfferIsPaidAgainWhenThatIsSaid(t *testing.T) {
	t.Parallel()
	w := newWorldOf(t, func(bank *fake.Config, _ *mint.Config) { bank.Methods = []string{"bolt11", "bolt12"} })
	x, _ := w.wallet()
	w.fund(x, 1000)
	offer, err := w.bank.CreateInvoice(t.Context(), lightning.InvoiceRequest{QuoteID: "x", Method: "bolt12", Amount: 10, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	pay := func(again bool) error {
		t.Helper()
		q, err := x.CreateMeltQuote(t.Context(), w.url, wallet.MeltQuoteOptions{Method: "bolt12", Unit: "sat", Request: offer.Request})
		if err != nil {
			t.Fatal(err)
		}
		_, err = x.Melt(t.Context(), w.url, q.ID, wallet.MeltOptions{Poll: time.Millisecond, Again: again})
		return err
	}
	if err := pay(false); err != nil {
		t.Fatal(err)
	}
	if err := pay(false); !errors.Is(err, wallet.ErrPaidAlready) {
		t.Fatalf("the second time: %v", err)
	}
	if err := pay(true); err != nil {
		t.Fatalf("the second time, asked for: %v", err)
	}
}
