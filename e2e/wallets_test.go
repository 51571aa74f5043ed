package e2e

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"slices"
	"testing"
	"time"

	"mintmark/e2e/harness"
)

// coins are proofs of a foreign wallet, carried along unread.
type coins []json.RawMessage

type coinsAnswer struct {
	Proofs coins  `json:"proofs"`
	Total  string `json:"total"`
	Found  int    `json:"found"`
}

type sendAnswer struct {
	Keep  coins  `json:"keep"`
	Send  coins  `json:"send"`
	Total string `json:"total"`
	Token string `json:"token"`
}

func freshSeed(t *testing.T, s *harness.Stack) string {
	t.Helper()
	seed := make([]byte, 64)
	_, _ = rand.Read(seed) // never fails
	text := hex.EncodeToString(seed)
	s.Secrets.Hide(text)
	return text
}

// loadCashuTS starts a wallet and shows it the mint.
func loadCashuTS(t *testing.T, s *harness.Stack, seed string) *harness.PeerWallet {
	t.Helper()
	w := harness.StartCashuTS(t)
	w.Must("load", map[string]any{"url": s.URL(), "seed": seed}, nil)
	return w
}

// mintCashuTS pays a quote and mints it; it returns the coins and the quote.
func mintCashuTS(t *testing.T, w *harness.PeerWallet, amount uint64) (coins, json.RawMessage) {
	t.Helper()
	var quote json.RawMessage
	w.Must("quote", map[string]any{"amount": amount}, &quote)
	for deadline := time.Now().Add(20 * time.Second); ; time.Sleep(50 * time.Millisecond) {
		w.Must("checkQuote", map[string]any{"quote": quote}, &quote)
		var q struct{ State string }
		if err := json.Unmarshal(quote, &q); err != nil {
			t.Fatal(err)
		}
		if q.State == "PAID" {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("the quote is still %s", quote)
		}
	}
	var got coinsAnswer
	w.Must("mint", map[string]any{"amount": amount, "quote": quote}, &got)
	return got.Proofs, quote
}

// wantCode fails unless the wallet was refused with this code.
func wantCode(t *testing.T, what string, err error, code int) {
	t.Helper()
	var refused *harness.WalletError
	if !errors.As(err, &refused) || refused.Code != code {
		t.Errorf("%s: got %v, want code %d", what, err, code)
	}
}

func TestCashuTSMintsSendsReceivesAndRestores(t *testing.T) {
	t.Parallel()
	for _, transport := range []harness.Transport{harness.Unix, harness.MTLS, harness.Spawn} {
		t.Run(transport.String(), func(t *testing.T) {
			t.Parallel()
			s := harness.NewStack(t, programs, transport)
			s.Start()
			aliceSeed, bobSeed := freshSeed(t, s), freshSeed(t, s)
			alice, bob := loadCashuTS(t, s, aliceSeed), loadCashuTS(t, s, bobSeed)

			minted, quote := mintCashuTS(t, alice, 100)
			wantCode(t, "minting a quote twice", alice.Call("mint", map[string]any{"amount": 100, "quote": quote}, nil), 20002)

			var sent sendAnswer
			alice.Must("send", map[string]any{"amount": 30, "proofs": minted}, &sent)
			if sent.Total != "30" {
				t.Errorf("alice sent %s, want 30", sent.Total)
			}
			if got := states(t, alice, sent.Send); slices.ContainsFunc(got, func(s string) bool { return s != "UNSPENT" }) {
				t.Errorf("before bob received the coins they are %v", got)
			}

			var received coinsAnswer
			bob.Must("receive", map[string]any{"token": sent.Token}, &received)
			if received.Total != "30" {
				t.Errorf("bob received %s, want 30", received.Total)
			}
			if got := states(t, alice, sent.Send); slices.ContainsFunc(got, func(s string) bool { return s != "SPENT" }) {
				t.Errorf("after bob received the coins they are %v", got)
			}
			wantCode(t, "receiving a token twice", bob.Call("receive", map[string]any{"token": sent.Token}, nil), 11001)

			for _, who := range []struct{ name, seed, total string }{{"alice", aliceSeed, "70"}, {"bob", bobSeed, "30"}} {
				var restored coinsAnswer
				loadCashuTS(t, s, who.seed).Must("restore", nil, &restored)
				if restored.Total != who.total {
					t.Errorf("%s restored %s of %d coins from the seed, want %s", who.name, restored.Total, restored.Found, who.total)
				}
			}
		})
	}
}

func states(t *testing.T, w *harness.PeerWallet, proofs coins) []string {
	t.Helper()
	var got []string
	w.Must("states", map[string]any{"proofs": proofs}, &got)
	if len(got) != len(proofs) {
		t.Fatalf("got %d states for %d proofs", len(got), len(proofs))
	}
	return got
}
