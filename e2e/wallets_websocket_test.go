package e2e

import (
	"encoding/json"
	"slices"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/internal/pgtest"
)

// watch starts to listen over a WebSocket.
func watch(w *harness.PeerWallet, op string, args any) (number int) {
	w.Must(op, args, &number)
	return number
}

// wantHeard waits until the wallet has heard this much, in this order.
func wantHeard(t *testing.T, w *harness.PeerWallet, watch int, want ...string) {
	t.Helper()
	var heard []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		w.Must("heard", map[string]any{"watch": watch}, &heard)
		if slices.Equal(heard, want) {
			return
		}
	}
	t.Errorf("over the WebSocket the wallet heard %q, want %q", heard, want)
}

// quoteID is the id in a quote of the foreign wallet.
func quoteID(t *testing.T, quote json.RawMessage) string {
	t.Helper()
	var q struct{ Quote string }
	if err := json.Unmarshal(quote, &q); err != nil || q.Quote == "" {
		t.Fatalf("a quote without an id: %v", err)
	}
	return q.Quote
}

func TestCashuTSHearsOfChangesOverAWebSocket(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	alice, bob := loadCashuTS(t, s, freshSeed(t, s)), loadCashuTS(t, s, freshSeed(t, s))
	watchesEveryStep(t, alice, bob)
	watchesAMelt(t, s, alice)
	began := time.Now()
	s.Mintd.Stop() // with WebSockets open
	if took := time.Since(began); took > 10*time.Second {
		t.Errorf("mintd took %v to stop", took)
	}
}

// Two mintd on one PostgreSQL: what is changed on one is heard of on the other.
func TestCashuTSHearsOfChangesByAnotherReplica(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	s := harness.NewStack(t, programs, harness.Unix)
	s.Database = server.Database(t)
	s.Start()
	other := s.Replica()
	other.StartMintd()
	alice := loadCashuTS(t, s, freshSeed(t, s))
	minted, _ := mintCashuTS(t, alice, 64)
	bob := loadCashuTS(t, other, freshSeed(t, s))
	coins := watch(bob, "watchProofs", map[string]any{"proofs": minted})
	unspent := slices.Repeat([]string{"UNSPENT"}, len(minted))
	wantHeard(t, bob, coins, unspent...)
	var sent sendAnswer
	alice.Must("send", map[string]any{"amount": 10, "proofs": minted}, &sent)
	wantLast(t, bob, coins, "SPENT", len(minted))
}

// wantLast waits until as many of what the wallet heard last are this word. States
// that last for milliseconds may be skipped between replicas.
func wantLast(t *testing.T, w *harness.PeerWallet, watch int, word string, n int) {
	t.Helper()
	var heard []string
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(20 * time.Millisecond) {
		w.Must("heard", map[string]any{"watch": watch}, &heard)
		count := 0
		for _, h := range heard {
			if h == word {
				count++
			}
		}
		if count == n {
			return
		}
	}
	t.Errorf("over the WebSocket the wallet heard %q, want %d times %s at the end", heard, n, word)
}

// watchesEveryStep mints, sends and receives while the wallets listen.
func watchesEveryStep(t *testing.T, alice, bob *harness.PeerWallet) {
	t.Helper()
	var quote json.RawMessage
	alice.Must("quote", map[string]any{"amount": 64}, &quote)
	quotes := watch(alice, "watchMintQuotes", map[string]any{"quotes": []string{quoteID(t, quote)}})
	wantLast(t, alice, quotes, "PAID", 1) // it may have been so at the beginning
	var minted coinsAnswer
	alice.Must("mint", map[string]any{"amount": 64, "quote": quote}, &minted)
	wantLast(t, alice, quotes, "ISSUED", 1)
	alice.Must("unwatch", map[string]any{"watch": quotes}, nil)

	coins := watch(alice, "watchProofs", map[string]any{"proofs": minted.Proofs[:1]})
	wantHeard(t, alice, coins, "UNSPENT")
	var sent sendAnswer
	alice.Must("send", map[string]any{"amount": 10, "proofs": minted.Proofs}, &sent)
	wantHeard(t, alice, coins, "UNSPENT", "PENDING", "SPENT")

	coins = watch(alice, "watchProofs", map[string]any{"proofs": sent.Send[:1]})
	wantHeard(t, alice, coins, "UNSPENT")
	bob.Must("receive", map[string]any{"token": sent.Token}, nil)
	wantHeard(t, alice, coins, "UNSPENT", "PENDING", "SPENT")
}

// watchesAMelt pays an invoice while the wallet listens.
func watchesAMelt(t *testing.T, s *harness.Stack, alice *harness.PeerWallet) {
	t.Helper()
	purse, _ := mintCashuTS(t, alice, 128)
	request, _ := s.Wallet().Invoice(100, "")
	var quote json.RawMessage
	alice.Must("meltQuote", map[string]any{"request": request}, &quote)
	melts := watch(alice, "watchMeltQuotes", map[string]any{"quotes": []string{quoteID(t, quote)}})
	wantHeard(t, alice, melts, "UNPAID")
	alice.Must("melt", map[string]any{"quote": quote, "proofs": purse}, nil)
	wantHeard(t, alice, melts, "UNPAID", "PENDING", "PAID with change")
}
