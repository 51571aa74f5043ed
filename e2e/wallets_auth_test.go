package e2e

import (
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/internal/pgtest"
)

// authConfig lets users of the provider in: minting and swapping with blind
// tokens, melting with a clear one.
func authConfig(login *harness.Login) string {
	return harness.Quick("10s") + fmt.Sprintf(`
[auth]
discovery = %q
client_id = "wallets"
clear = ["POST /v1/melt/*"]
blind = ["POST /v1/mint/*", "POST /v1/swap"]
max_tokens = 20
`, login.Discovery())
}

// signedIn is a wallet whose user has logged in, and the clear token.
func signedIn(t *testing.T, s *harness.Stack, client string) (w *harness.PeerWallet, token string) {
	t.Helper()
	w = harness.StartCashuTS(t)
	var given struct{ Token string }
	w.Must("login", map[string]any{"url": s.URL(), "seed": freshSeed(t, s), "user": "alice", "client": client, "tokens": 20}, &given)
	s.Secrets.Hide(given.Token) // no log may have it
	return w, given.Token
}

// A wallet of another project and a login provider of another project: the user
// logs in, the wallet gets blind tokens, mints, sends and receives with them.
func TestCashuTSUsesAMintWhereUsersLogIn(t *testing.T) {
	t.Parallel()
	for name, database := range map[string]func(t *testing.T) string{
		"sqlite":   func(*testing.T) string { return "" },
		"postgres": func(t *testing.T) string { return pgtest.Start(t, pgtest.Options{}).Database(t) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			login := harness.StartLogin(t, "wallets=600", "shop=600")
			s := harness.NewStack(t, programs, harness.Unix)
			s.Database = database(t)
			s.Config = authConfig(login)
			s.Start()
			s.Mintd.WaitLog("no active keyset of the unit auth")
			s.RotateAuth("--final-expiry", "24h")
			usesTokens(t, s)
			refusesTokens(t, s)
			outlivesTheProvider(t, s, login)
		})
	}
}

func usesTokens(t *testing.T, s *harness.Stack) {
	t.Helper()
	stranger := loadCashuTS(t, s, freshSeed(t, s))
	wantCode(t, "a quote without a token", stranger.Call("quote", map[string]any{"amount": 8}, nil), 31001)
	alice, _ := signedIn(t, s, "wallets")
	minted, _ := mintCashuTS(t, alice, 64)
	var sent sendAnswer
	alice.Must("send", map[string]any{"amount": 10, "proofs": minted}, &sent)
	var left int
	alice.Must("tokensLeft", nil, &left)
	if sent.Total != "10" || left != 17 { // a quote, minting, a swap
		t.Errorf("sent %s, and %d of 20 tokens are left", sent.Total, left)
	}
}

func refusesTokens(t *testing.T, s *harness.Stack) {
	t.Helper()
	alice, clear := signedIn(t, s, "wallets")
	c := s.Client()
	empty := map[string]any{"inputs": []any{}, "outputs": []any{}}
	want := func(what string, reply harness.Reply, err error, code int) {
		t.Helper()
		if err != nil || reply.Code != code {
			t.Errorf("%s: %v %v, want code %d", what, reply, err, code)
		}
	}
	var token string
	alice.Must("takeToken", nil, &token)
	s.Secrets.Hide(token)
	reply, err := c.PostAs("Blind-auth", token, "/v1/swap", empty)
	want("a swap of nothing, let in", reply, err, 11005)
	reply, err = c.PostAs("Blind-auth", token, "/v1/swap", empty)
	want("the same token again", reply, err, 31002)
	s.Mintd.Kill()
	s.StartMintd()
	reply, err = c.PostAs("Blind-auth", token, "/v1/swap", empty)
	want("the same token after a crash", reply, err, 31002)
	reply, err = c.PostAs("Clear-auth", clear, "/v1/swap", empty)
	want("a clear token where a blind one is needed", reply, err, 31001)
	reply, err = c.Post("/v1/melt/quote/bolt11", map[string]any{"request": "lnbc1", "unit": "sat"})
	want("melting without a token", reply, err, 30001)
	reply, err = c.PostAs("Clear-auth", clear, "/v1/melt/bolt11", map[string]any{"quote": "none", "inputs": []any{}})
	want("melting with a clear token, let in", reply, err, 40001)
	reply, err = c.PostAs("Clear-auth", clear[:len(clear)-4]+"AAAA", "/v1/melt/bolt11", map[string]any{})
	want("a forged token", reply, err, 30002)

	alice.Must("takeToken", nil, &token)
	s.Secrets.Hide(token)
	var in atomic.Int64
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if reply, err := c.PostAs("Blind-auth", token, "/v1/swap", empty); err == nil && reply.Code == 11005 {
				in.Add(1)
			}
		})
	}
	if all.Wait(); in.Load() != 1 {
		t.Errorf("one token let %d requests in", in.Load())
	}

	shop := harness.StartCashuTS(t)
	var given struct{ Token string }
	shop.Must("login", map[string]any{"url": s.URL(), "seed": freshSeed(t, s), "user": "alice", "client": "shop", "tokens": 1}, &given)
	s.Secrets.Hide(given.Token)
	reply, err = c.PostAs("Clear-auth", given.Token, "/v1/melt/bolt11", map[string]any{})
	want("a token of another program", reply, err, 30002)
}

// outlivesTheProvider: known keys serve while it is away; a mint that has never
// seen it lets nobody in and serves the rest; a new key is found at once.
func outlivesTheProvider(t *testing.T, s *harness.Stack, login *harness.Login) {
	t.Helper()
	_, clear := signedIn(t, s, "wallets")
	c := s.Client()
	melt := func() harness.Reply {
		reply, err := c.PostAs("Clear-auth", clear, "/v1/melt/bolt11", map[string]any{"quote": "none", "inputs": []any{}})
		if err != nil {
			t.Fatal(err)
		}
		return reply
	}
	login.Kill()
	if reply := melt(); reply.Code != 40001 {
		t.Errorf("with the provider away: %v", reply)
	}
	s.Mintd.Stop()
	s.StartMintd()
	if reply := melt(); reply.Status != 503 {
		t.Errorf("with a provider that was never seen: %v", reply)
	}
	var keys cashu.KeysResponse
	c.MustGet("/v1/auth/blind/keys", &keys)
	if len(keys.Keysets) != 1 {
		t.Errorf("%d keysets for tokens", len(keys.Keysets))
	}
	login.Start(t) // with another key
	for deadline := time.Now().Add(30 * time.Second); ; time.Sleep(time.Second) {
		_, clear = signedIn(t, s, "wallets")
		reply := melt()
		if reply.Code == 40001 {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("with the provider back: %v", reply)
		}
	}
}

func TestATokenOfTheProviderThatHasExpiredIsRefused(t *testing.T) {
	t.Parallel()
	login := harness.StartLogin(t, "wallets=2")
	s := harness.NewStack(t, programs, harness.Unix)
	s.Config = authConfig(login)
	s.Start()
	_, clear := signedIn(t, s, "wallets")
	c, body := s.Client(), map[string]any{"quote": "none", "inputs": []any{}}
	if reply, err := c.PostAs("Clear-auth", clear, "/v1/melt/bolt11", body); err != nil || reply.Code != 40001 {
		t.Fatalf("while it is good: %v, %v", reply, err)
	}
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(time.Second) { // 2 s, and 30 s of grace
		reply, err := c.PostAs("Clear-auth", clear, "/v1/melt/bolt11", body)
		if err == nil && reply.Code == 30002 && strings.Contains(reply.Detail, "expired") {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("after a minute: %v, %v", reply, err)
		}
	}
}
