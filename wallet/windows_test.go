package wallet_test

import (
	"bytes"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/wallet"
)

// window is a moment between two steps of an operation in which its process dies.
type window struct {
	name     string
	scenario string
	at       orders
	left     string // what is unfinished then
	// now looks at what the dead process left behind, before recovery; nil: nothing
	// but that everything that is held is held by an operation that is there.
	now func(s *stage) error
	// then looks at what recovery made of it.
	then func(s *stage, arg string) error
}

// answerTo and requestTo are the moments after an answer has come, and before a
// request has left.
func answerTo(path string) orders  { return orders{Edge: afterAnswer, At: 1, Path: path} }
func requestTo(path string) orders { return orders{Edge: beforeRequest, At: 1, Path: path} }

// commit and ahead are the moments after commit number n, and before it.
func commit(n int) orders { return orders{Edge: afterCommit, At: n} }
func ahead(n int) orders  { return orders{Edge: beforeCommit, At: n} }

// once is the moment in which exactly this is unfinished.
func once(states string) orders { return orders{Edge: when, At: 1, When: states} }

// has is that a wallet has so much free, and so much in tokens that are out.
func has(free, out cashu.Amount) func(s *stage, arg string) error {
	return func(s *stage, _ string) error {
		if f, o := s.balance(s.x, wallet.CoinUnspent), s.balance(s.x, wallet.CoinPendingSpent); f != free || o != out {
			return fmt.Errorf("%d free and %d in tokens, want %d and %d", f, o, free, out)
		}
		return nil
	}
}

// held is that so much is held by operations.
func held(amount cashu.Amount) func(s *stage) error {
	return func(s *stage) error {
		if got := s.balance(s.x, wallet.CoinReserved) + s.balance(s.x, wallet.CoinPending); got != amount {
			return fmt.Errorf("%d is held, want %d", got, amount)
		}
		return nil
	}
}

// theToken is that one token is out, that the list of operations shows it, and that
// somebody gets what it is worth.
func theToken(amount cashu.Amount) func(s *stage, arg string) error {
	return func(s *stage, _ string) error {
		ops, err := s.x.Operations(s.t.Context())
		if err != nil || len(ops) != 1 || ops[0].State != wallet.SendTokenCreated {
			return fmt.Errorf("%s is unfinished: %w", statesOf(ops), err)
		}
		got, err := s.y.Receive(s.t.Context(), string(ops[0].Data.(*wallet.SendData).Token), wallet.ReceiveOptions{AnyMint: true})
		if err != nil || got.Amount != amount {
			return fmt.Errorf("received %d, want %d: %w", got.Amount, amount, err)
		}
		return nil
	}
}

// the last entry of the history of a kind is as it should be.
func inHistory(kind wallet.Kind, status string, amount cashu.Amount) func(s *stage, arg string) error {
	return func(s *stage, _ string) error {
		list, err := s.xStore.Transactions(s.t.Context(), 0)
		if err != nil {
			return err
		}
		for _, t := range list {
			if t.Kind == kind {
				if t.Status != status || t.Amount != amount {
					return fmt.Errorf("the history has a %s of %d that is %s, want %d, %s", kind, t.Amount, t.Status, amount, status)
				}
				return nil
			}
		}
		return fmt.Errorf("the history has no %s", kind)
	}
}

func both(list ...func(s *stage, arg string) error) func(s *stage, arg string) error {
	return func(s *stage, arg string) error {
		for _, fn := range list {
			if err := fn(s, arg); err != nil {
				return err
			}
		}
		return nil
	}
}

// inVain recovers while swaps cannot be asked about, nor coins: whatever needs to know
// waits, and so does what a swap works for.
func inVain(amount cashu.Amount) func(s *stage) error {
	return func(s *stage) error {
		before, err := s.x.Operations(s.t.Context())
		if err != nil {
			return err
		}
		lost := func(r *http.Request) error {
			if r.URL.Path == "/v1/swap" || r.URL.Path == "/v1/checkstate" {
				return errors.New("lost")
			}
			return nil
		}
		s.line.cut(lost, nil)
		defer s.line.cut(nil, nil)
		for range 2 {
			if _, err := s.x.Recover(s.t.Context(), wallet.RecoverOptions{}); err != nil {
				return err
			}
		}
		after, err := s.x.Operations(s.t.Context())
		if err != nil || statesOf(after) != statesOf(before) {
			return fmt.Errorf("%s has become %s: %w", statesOf(before), statesOf(after), err)
		}
		return held(amount)(s)
	}
}

// paidFor is that a payment of 100 was made, once, and its change came back.
func paidFor(s *stage, quote string) error {
	if free := s.balance(s.x, wallet.CoinUnspent); free < 95 || free > 99 {
		return fmt.Errorf("%d is left of 200", free)
	}
	q, err := s.xStore.Quote(s.t.Context(), wallet.QuoteMelt, s.url, quote)
	if err != nil || q.State != "PAID" || q.UsedBy != uuid.Nil {
		return fmt.Errorf("the quote is %s, used by %v: %w", q.State, q.UsedBy, err)
	}
	return inHistory(wallet.KindMelt, "completed", 100)(s, quote)
}

// issued is that a quote was issued, and counts so.
func issued(amount cashu.Amount) func(s *stage, quote string) error {
	return func(s *stage, quote string) error {
		q, err := s.xStore.Quote(s.t.Context(), wallet.QuoteMint, s.url, quote)
		if err != nil || q.Issued != amount || q.UsedBy != uuid.Nil {
			return fmt.Errorf("%d is issued, used by %v: %w", q.Issued, q.UsedBy, err)
		}
		return has(amount, 0)(s, quote)
	}
}

// still open: a quote is free, and can be issued.
func issuable(amount cashu.Amount) func(s *stage, quote string) error {
	return func(s *stage, quote string) error {
		if err := doIssue(s.t.Context(), s.x, s.url, quote); err != nil {
			return err
		}
		return issued(amount)(s, quote)
	}
}

// payable: a quote is free, the coins are, and it can be paid.
func payable(s *stage, quote string) error {
	if err := has(200, 0)(s, quote); err != nil {
		return err
	}
	if err := doMelt(s.t.Context(), s.x, s.url, quote); err != nil {
		return err
	}
	return paidFor(s, quote)
}

// refuseAfter makes the mint's answers to a path a refusal. The mint has done what it
// was asked.
func (w *world) refuseAfter(path string, code int) {
	w.line.cut(nil, func(r *http.Request, resp *http.Response) error {
		if r.Method != http.MethodPost || r.URL.Path != path {
			return nil
		}
		text := fmt.Appendf(nil, `{"detail":"no","code":%d}`, code)
		resp.Body.Close()
		resp.StatusCode, resp.Body, resp.ContentLength = 400, io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return nil
	})
}

// rewrite makes the mint say something else in its answers to paths that begin so. If
// nothing is to be replaced the answers do not come. Requests are as they were.
func (w *world) rewrite(path, old, new string) {
	w.line.mu.Lock()
	before := w.line.before
	w.line.mu.Unlock()
	w.line.cut(before, func(r *http.Request, resp *http.Response) error {
		if !strings.HasPrefix(r.URL.Path, path) {
			return nil
		}
		if old == "" {
			return errors.New("lost")
		}
		text, err := io.ReadAll(resp.Body)
		if err != nil {
			return err
		}
		text = bytes.ReplaceAll(text, []byte(old), []byte(new))
		resp.Header.Del("Content-Length")
		resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
		return nil
	})
}

func windows() []window {
	const swap, issue, melt = "/v1/swap", "/v1/mint/bolt11", "/v1/melt/bolt11"
	return []window{
		{"C1 send: before anything is written", "send after a swap", ahead(1), "", held(0), has(200, 0)},
		{"C1 send: coins and operation are one commit", "send after a swap", commit(1), "send.proofs_reserved", held(64), has(200, 0)},
		{"C2 send: before it is confirmed", "send what fits", commit(1), "send.proofs_reserved", held(128), has(200, 0)},
		{"C3 send: the answer to its swap is lost", "send after a swap", answerTo(swap), "send.proofs_reserved swap.swap_requested", func(s *stage) error {
			if err := held(64)(s); err != nil {
				return err
			}
			// The swap first, then what it is for: once is enough.
			if _, err := s.x.Recover(s.t.Context(), wallet.RecoverOptions{}); err != nil {
				return err
			}
			ops, err := s.x.Operations(s.t.Context())
			if statesOf(ops) != "" {
				return fmt.Errorf("after one recovery %s is unfinished: %w", statesOf(ops), err)
			}
			return err
		}, has(199, 0)},
		{"C4 send to a key: the answer to its swap is lost", "send to a key", answerTo(swap), "send.proofs_reserved swap.swap_requested", held(64), both(has(200-64+13, 50), theToken(49))},
		{"C5 send: its swap is done, and there is no token", "send after a swap", commit(4), "send.proofs_reserved", held(51), has(199, 0)},
		{"C6 send: before its coins are let go", "send after a swap", ahead(5), "send.proofs_reserved", held(51), has(199, 0)},
		{"C6 send: coins are let go and token is written in one commit", "send after a swap", commit(5), "send.token_created", held(0), has(148, 51)},
		{"C7 send: nobody has seen the token", "send after a swap", once("send.token_created"), "send.token_created", nil, both(has(148, 51), theToken(50))},
		{"C8 revoke: before its swap", "revoke", once("send.rolling_back"), "send.rolling_back", held(50), both(has(149, 50), theToken(49))},
		{"C8 revoke: its swap was not sent", "revoke", once("send.rolling_back swap.proofs_reserved"), "send.rolling_back swap.proofs_reserved", held(50), both(has(149, 50), theToken(49))},
		{"C9 revoke: its swap is done, and it is not", "revoke", commit(4), "send.rolling_back", nil, both(has(198, 0), inHistory(wallet.KindSend, "taken_back", 50))},
		{"C10 receive: before anything is written", "receive", ahead(2), "", held(0), has(200, 0)},
		{"C10 receive: token and operation are one commit", "receive", commit(2), "receive.proofs_pending", held(0), has(249, 0)},
		{"C11 receive: the token is written, and no request", "receive", once("receive.proofs_pending"), "receive.proofs_pending", nil, both(has(249, 0), inHistory(wallet.KindReceive, "completed", 49))},
		{"C12 receive: the request has not left", "receive", requestTo(swap), "receive.swap_requested", nil, both(has(249, 0), inHistory(wallet.KindReceive, "completed", 49))},
		{"C13 receive: the answer is lost", "receive", answerTo(swap), "receive.swap_requested", nil, both(has(249, 0), inHistory(wallet.KindReceive, "completed", 49))},
		{"C15 receive: before the coins are saved", "receive", ahead(4), "receive.swap_requested", func(s *stage) error { return has(200, 0)(s, "") }, has(249, 0)},
		{"C15 receive: coins, history and end are one commit", "receive", commit(4), "", func(s *stage) error { return has(249, 0)(s, "") }, inHistory(wallet.KindReceive, "completed", 49)},
		{"C16 swap: before the coins are saved", "swap", ahead(3), "swap.swap_requested", held(200), has(199, 0)},
		{"C16 swap: coins in, coins out and end are one commit", "swap", commit(3), "", func(s *stage) error { return has(199, 0)(s, "") }, has(199, 0)},
		{"C17 issue: before the quote is taken", "issue", ahead(2), "", nil, issuable(77)},
		{"C17 issue: quote, counters and operation are one commit", "issue", once("issue.secrets_prepared"), "issue.secrets_prepared", nil, issuable(77)},
		{"C18 issue: the request has not left", "issue", requestTo(issue), "issue.mint_requested", nil, issued(77)},
		{"C19 issue: the answer is lost, and the mint does not repeat it", "issue", answerTo(issue), "issue.mint_requested", func(s *stage) error {
			s.refuseAfter(issue, 20002)
			return nil
		}, issued(77)},
		{"C20 issue: before the coins are saved", "issue", ahead(4), "issue.mint_requested", func(s *stage) error { return has(0, 0)(s, "") }, issued(77)},
		{"C20 issue: coins, quote and end are one commit", "issue", commit(4), "", func(s *stage) error { return has(77, 0)(s, "") }, issued(77)},
		{"C21 melt: before the quote is taken", "melt", ahead(1), "", held(0), payable},
		{"C21 melt: quote, coins and operation are one commit", "melt", once("melt.proofs_reserved"), "melt.proofs_reserved", held(128), payable},
		{"C23 melt: the request has not left", "melt", requestTo(melt), "melt.melt_requested", func(s *stage) error {
			// What is not known to be lost is not given up while it could be paid.
			if _, err := s.x.Recover(s.t.Context(), wallet.RecoverOptions{}); err != nil {
				return err
			}
			return held(128)(s)
		}, func(s *stage, quote string) error {
			if err := has(200, 0)(s, quote); err != nil {
				return err
			}
			return inHistory(wallet.KindMelt, "failed", 100)(s, quote)
		}},
		{"C24 melt: it is paid, and the answer is lost", "melt", answerTo(melt), "melt.melt_requested", held(128), paidFor},
		{"C25 melt: before the change is saved", "melt", ahead(3), "melt.melt_requested", held(128), paidFor},
		{"W3 issue: others use counters before it goes on", "issue", answerTo(issue), "issue.mint_requested", func(s *stage) error {
			s.fund(s.x, 33)
			return nil
		}, has(77+33, 0)},
		{"W5 send after a swap: the token waits, however often it is looked at", "send after a swap", commit(5), "send.token_created", func(s *stage) error {
			for range 3 {
				if _, err := s.x.Recover(s.t.Context(), wallet.RecoverOptions{}); err != nil {
					return err
				}
			}
			return has(148, 51)(s, "")
		}, func(s *stage, _ string) error {
			ops, err := s.x.Operations(s.t.Context())
			if err != nil || len(ops) != 1 {
				return fmt.Errorf("%d operations: %w", len(ops), err)
			}
			if back, err := s.x.Revoke(s.t.Context(), ops[0].ID); err != nil || back != 50 {
				return fmt.Errorf("took back %d: %w", back, err)
			}
			return has(198, 0)(s, "")
		}},
		{"W7 send: its swap cannot be asked about", "send after a swap", answerTo(swap), "send.proofs_reserved swap.swap_requested", inVain(64), has(199, 0)},
		{"W7 revoke: its swap cannot be asked about", "revoke", answerTo(swap), "send.rolling_back swap.swap_requested", inVain(50), has(198, 0)},
		{"W7 reclaim: its swap cannot be asked about", "reclaim", answerTo(swap), "melt.melt_requested swap.swap_requested", inVain(128), has(199, 0)},
		{"W13 melt: the keyset is rotated away before its change is known", "melt", answerTo(melt), "melt.melt_requested", func(s *stage) error {
			s.rotate(0)
			_, err := s.x.RefreshMint(s.t.Context(), s.url)
			return err
		}, paidFor},
		{"W13 melt: so it is, and the quote does not tell the change", "melt", answerTo(melt), "melt.melt_requested", func(s *stage) error {
			s.rotate(0)
			s.rewrite("/v1/melt/quote/bolt11/", `"change"`, `"nothing"`)
			_, err := s.x.RefreshMint(s.t.Context(), s.url)
			return err
		}, paidFor},
		{"W13 melt: the quote tells change that is not ours", "melt", answerTo(melt), "melt.melt_requested", func(s *stage) error {
			s.line.cut(nil, func(r *http.Request, resp *http.Response) error {
				if !strings.HasPrefix(r.URL.Path, "/v1/melt/quote/bolt11/") {
					return nil
				}
				text, err := io.ReadAll(resp.Body)
				other := map[string]string{`"C_":"02`: `"C_":"03`, `"C_":"03`: `"C_":"02`} // points of nobody's
				text = regexp.MustCompile(`"C_":"0[23]`).ReplaceAllFunc(text, func(b []byte) []byte { return []byte(other[string(b)]) })
				resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(text)), int64(len(text))
				return err
			})
			return nil
		}, paidFor},
		{"C26 melt: change, coins, quote, history and end are one commit", "melt", commit(3), "", func(s *stage) error { return held(0)(s) }, paidFor},
	}
}

// The moments in which a wallet's process may die, one by one, and what becomes of
// each. The process is a real one, and SIGKILL ends it.
func TestInEveryWindowACrashEndsWell(t *testing.T) {
	for i, win := range windows() {
		if raced && i%5 != 0 {
			continue
		}
		t.Run(win.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			path := filepath.Join(t.TempDir(), "wallet.db")
			s := w.stageOn(path)
			i := slices.IndexFunc(scenarios(), func(sc scenario) bool { return sc.name == win.scenario })
			o := win.at
			o.Scenario, o.URL, o.DB, o.Seed = win.scenario, w.url, path, hex.EncodeToString(s.xSeed)
			o.Arg = scenarios()[i].prepare(s)
			if killed, _, _ := s.run(o); !killed {
				t.Fatal("the process was not killed")
			}
			sagas, err := s.xStore.Sagas(t.Context())
			if err != nil || statesOf(sagas) != win.left {
				t.Fatalf("it left %q, want %q: %v", statesOf(sagas), win.left, err)
			}
			if err := s.nothingIsAnOrphans(); err != nil {
				t.Error(err)
			}
			if win.now != nil {
				if err := win.now(s); err != nil {
					t.Errorf("before recovery: %v", err)
				}
			}
			if err := s.recovered([]wallet.Store{s.xStore, s.yStore}, s.x, s.y); err != nil {
				t.Errorf("recovery: %v", err)
			}
			s.line.cut(nil, nil)
			if err := win.then(s, o.Arg); err != nil {
				t.Errorf("after recovery: %v", err)
			}
			if err := s.settle(win.scenario); err != nil {
				t.Error(err)
			}
		})
	}
}

// nothingIsAnOrphans is that every coin and every quote that is held, is held by an
// operation that is there (I1).
func (s *stage) nothingIsAnOrphans() error {
	ctx := s.t.Context()
	sagas, err := s.xStore.Sagas(ctx)
	if err != nil {
		return err
	}
	live := map[uuid.UUID]bool{}
	for _, saga := range sagas {
		live[saga.ID] = true
	}
	coins, err := s.xStore.Coins(ctx, wallet.CoinFilter{States: []wallet.CoinState{wallet.CoinReserved, wallet.CoinPending, wallet.CoinPendingSpent}})
	if err != nil {
		return err
	}
	for _, c := range coins {
		if !live[c.UsedBy] {
			return breachf(stuck, "a coin of %d is %s for nobody", c.Amount, c.State)
		}
	}
	quotes, err := s.xStore.Quotes(ctx)
	if err != nil {
		return err
	}
	for _, q := range quotes {
		if q.UsedBy != uuid.Nil && !live[q.UsedBy] {
			return breachf(stuck, "a quote is held by nobody")
		}
	}
	return nil
}
