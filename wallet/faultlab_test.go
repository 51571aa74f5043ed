package wallet_test

import (
	"bytes"
	"errors"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/wallet"
)

// The nine scenarios and the nine invariants of cashu-fault-lab, a test bench for
// wallets, by their names there.

func TestTheScenariosOfCashuFaultLab(t *testing.T) {
	t.Parallel()
	const swap, issue, melt = "/v1/swap", "/v1/mint/bolt11", "/v1/melt/bolt11"
	patient := wallet.MeltOptions{Poll: time.Millisecond}
	for name, play := range map[string]func(l *lab){
		"mint-response-lost": func(l *lab) {
			quote := l.mintQuote(l.x, 77)
			l.lose(issue, false)
			l.pending(doIssue(l.t.Context(), l.x, l.url, quote))
			l.line.cut(nil, nil)
			l.recover(l.restarted(), wallet.RecoverOptions{})
			l.free(l.x, 77)
			l.identical(issue, quote)
			l.replays(issue)
		},
		"swap-response-lost": func(l *lab) {
			l.fund(l.x, 200)
			l.lose(swap, false)
			_, err := l.x.Swap(l.t.Context(), l.url, "sat", true)
			l.pending(err)
			l.line.cut(nil, nil)
			l.recover(l.restarted(), wallet.RecoverOptions{})
			l.free(l.x, 199)
			l.replays(swap)
		},
		"melt-pending-restart": func(l *lab) {
			l.fund(l.x, 200)
			request := l.heldInvoice(100)
			q, err := l.x.CreateMeltQuote(l.t.Context(), l.url, wallet.MeltQuoteOptions{Unit: "sat", Request: request})
			l.must(err)
			_, err = l.x.Melt(l.until(func() bool {
				ops, err := l.xStore.Sagas(l.t.Context())
				return err == nil && statesOf(ops) == "melt.payment_pending"
			}), l.url, q.ID, patient)
			l.pending(err)
			l.struck++
			for range 3 {
				l.later(time.Hour)
				l.recover(l.restarted(), wallet.RecoverOptions{})
			}
			if err := held(128)(l.stage); err != nil {
				l.t.Error(err)
			}
			l.must(l.bank.Release(l.t.Context(), request, true))
			l.paid(q.ID)
		},
		"melt-paid-response-lost": func(l *lab) {
			l.fund(l.x, 200)
			q := l.meltQuote(l.x, 100)
			l.lose(melt, false)
			_, err := l.x.Melt(l.until(func() bool {
				l.seen.mu.Lock()
				defer l.seen.mu.Unlock()
				return l.struck > 0
			}), l.url, q.ID, patient)
			l.pending(err)
			l.line.cut(nil, nil)
			l.paid(q.ID)
			if n := len(l.seen.said[melt]); n != 1 {
				l.t.Errorf("at-most-once-lightning-settlement: %d requests", n)
			}
		},
		"receive-crash-before-save": func(l *lab) {
			l.fund(l.y, 200)
			token := l.sendFrom(l.y, wallet.SendOptions{Amount: 50}).Token
			l.secrets = append(l.secrets, token)
			disk := &brokenStore{Store: l.seen, fault: notCommitted, at: 4, lasts: true}
			_, err := l.walletBy(disk, l.seen, l.xSeed).Receive(l.t.Context(), token, wallet.ReceiveOptions{AnyMint: true})
			if !errors.Is(err, errStore) {
				l.t.Fatalf("got %v", err)
			}
			l.told(err)
			l.struck++
			l.free(l.x, 0)
			l.recover(l.restarted(), wallet.RecoverOptions{})
			l.free(l.x, 49)
			l.identical(swap, "")
			l.replays(swap)
		},
		"restore-duplicate": func(l *lab) {
			l.fund(l.x, 200)
			l.sendFrom(l.x, wallet.SendOptions{Amount: 50})
			for range 3 {
				l.struck++
				_, err := l.x.Restore(l.t.Context(), l.url, wallet.RestoreOptions{})
				l.must(err)
				l.must(has(149, 50)(l.stage, ""))
			}
		},
		"concurrent-resume": func(l *lab) {
			l.fund(l.x, 200)
			quote, q := l.mintQuote(l.x, 77), l.meltQuote(l.x, 100)
			_, err := l.x.Melt(l.t.Context(), l.url, q.ID, patient)
			l.must(err)
			before := l.balance(l.x, wallet.CoinUnspent)
			l.lose(swap, false)
			_, err = l.x.Swap(l.t.Context(), l.url, "sat", true)
			l.pending(err)
			l.lose(issue, false)
			l.pending(doIssue(l.t.Context(), l.x, l.url, quote))
			l.line.cut(nil, nil)
			var resuming sync.WaitGroup
			for range 8 {
				store := l.openStore(l.file)
				x := l.walletBy(store, l.seen, l.xSeed)
				resuming.Go(func() {
					for range 3 {
						if _, err := x.Recover(l.t.Context(), wallet.RecoverOptions{Force: true}); err != nil {
							l.t.Error(err)
						}
					}
				})
			}
			resuming.Wait()
			l.free(l.x, before+77-1)
			l.identical(issue, quote)
		},
		"stale-quote": func(l *lab) {
			var first []byte // what the mint said when nobody had paid
			l.line.cut(nil, func(r *http.Request, resp *http.Response) (err error) {
				switch {
				case r.Method == http.MethodPost && r.URL.Path == "/v1/mint/quote/bolt11":
					first, err = io.ReadAll(resp.Body)
					resp.Body = io.NopCloser(bytes.NewReader(first))
				case l.struck > 0 && strings.HasPrefix(r.URL.Path, "/v1/mint/quote/bolt11/"):
					resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(first)), int64(len(first))
				}
				return err
			})
			id := l.mintQuote(l.x, 77)
			q, err := l.x.CheckMintQuote(l.t.Context(), l.url, id)
			if err != nil || q.Paid != 77 {
				l.t.Fatalf("%d paid: %v", q.Paid, err)
			}
			l.struck++
			stale, err := l.x.CheckMintQuote(l.t.Context(), l.url, id)
			if err != nil || stale.Paid != q.Paid || stale.State != q.State {
				l.t.Errorf("quote-monotonicity: %d, %s after %d, %s: %v", stale.Paid, stale.State, q.Paid, q.State, err)
			}
			l.line.cut(nil, nil)
			l.must(doIssue(l.t.Context(), l.x, l.url, id))
			if err := doIssue(l.t.Context(), l.x, l.url, id); !errors.Is(err, cashu.ErrQuoteIssued) {
				l.t.Errorf("issued again: %v", err)
			}
			melt := l.meltQuote(l.x, 20)
			l.later(48 * time.Hour)
			if _, err := l.x.Melt(l.t.Context(), l.url, melt.ID, patient); !errors.Is(err, cashu.ErrQuoteExpired) {
				l.t.Errorf("a quote that has expired: %v", err)
			}
			l.free(l.x, 77)
		},
		"security-quote-redaction": func(l *lab) {
			l.fund(l.x, 200)
			q := l.meltQuote(l.x, 100)
			paid, err := l.x.Melt(l.t.Context(), l.url, q.ID, patient)
			l.must(err)
			l.secrets = append(l.secrets, paid.Proof)
			open := l.mintQuote(l.x, 5)
			l.lose(issue, true)
			failed := doIssue(l.t.Context(), l.x, l.url, open)
			l.pending(failed)
			if strings.Contains(failed.Error(), open) {
				l.t.Error("the error shows the id of the quote, which is as good as what was paid on it")
			}
			ops, err := l.x.Operations(l.t.Context())
			l.must(err)
			history, err := l.xStore.Transactions(l.t.Context(), 0)
			l.must(err)
			known, err := l.xStore.Quote(l.t.Context(), wallet.QuoteMelt, l.url, q.ID)
			l.must(err)
			l.told(ops, ops[0].Data, history, known)
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l := newLab(t)
			play(l)
			l.judge(name)
		})
	}
}
