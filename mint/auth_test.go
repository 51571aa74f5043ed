package mint_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
)

func endpoints(tb testing.TB, list ...string) (all []cashu.ProtectedEndpoint) {
	tb.Helper()
	for _, s := range list {
		e, err := cashu.ParseProtectedEndpoint(s)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, e)
	}
	return all
}

// newAuthWorld is a world in which swaps need a blind token, and has a keyset for
// them.
func newAuthWorld(tb testing.TB, change func(*mint.Auth)) *world {
	tb.Helper()
	w := newWorld(tb, newMemStore())
	w.signer.rotate(tb, "auth", 0, 0)
	cfg := w.config("auth")
	cfg.Auth = &mint.Auth{
		Discovery: "https://login.example/.well-known/openid-configuration", ClientID: "wallets",
		Clear: endpoints(tb, "POST /v1/melt/*"), Blind: endpoints(tb, "POST /v1/swap"), MaxTokens: 4,
	}
	if change != nil {
		change(cfg.Auth)
	}
	m, err := mint.New(context.Background(), cfg)
	if err != nil {
		tb.Fatal(err)
	}
	w.mint = m
	w.refresh(m)
	return w
}

// blank are the blinded messages of n tokens.
func (w *world) blank(n int) []note {
	w.tb.Helper()
	return w.notes(w.active("auth"), slices.Repeat([]cashu.Amount{1}, n)...)
}

// tokens has n tokens signed.
func (w *world) tokens(n int) (list []cashu.BlindAuthToken) {
	w.tb.Helper()
	notes := w.blank(n)
	sigs, err := w.mint.IssueAuthTokens(context.Background(), "alice", messages(notes))
	if err != nil {
		w.tb.Fatal(err)
	}
	for _, p := range w.coins(notes, sigs) {
		list = append(list, cashu.BlindAuthToken{ID: p.ID, Secret: p.Secret, C: p.C})
	}
	return list
}

func TestABlindTokenIsGoodForOneRequest(t *testing.T) {
	t.Parallel()
	w := newAuthWorld(t, nil)
	tokens := w.tokens(2)
	if _, err := w.mint.UseAuthToken(t.Context(), tokens[0]); err != nil {
		t.Fatal(err)
	}
	if _, err := w.mint.UseAuthToken(t.Context(), tokens[0]); !errors.Is(err, cashu.ErrBlindAuthFailed) {
		t.Errorf("used again: %v", err)
	}
	giveBack, err := w.mint.UseAuthToken(t.Context(), tokens[1])
	if err != nil {
		t.Fatal(err)
	}
	giveBack()
	if _, err := w.mint.UseAuthToken(t.Context(), tokens[1]); err != nil {
		t.Errorf("given back, and still used: %v", err)
	}
}

func TestOfManyRequestsWithOneBlindTokenOneIsLetIn(t *testing.T) {
	t.Parallel()
	w := newAuthWorld(t, nil)
	token := w.tokens(1)[0]
	var in atomic.Int64
	var all sync.WaitGroup
	for range 32 {
		all.Go(func() {
			if _, err := w.mint.UseAuthToken(t.Context(), token); err == nil {
				in.Add(1)
			}
		})
	}
	if all.Wait(); in.Load() != 1 {
		t.Errorf("%d were let in", in.Load())
	}
}

func TestBlindTokensThatAreNoneAreRefused(t *testing.T) {
	t.Parallel()
	w := newAuthWorld(t, nil)
	coin := w.mintCoins(1)[0]
	good := w.tokens(1)[0]
	forged, long, foreign := good, good, good
	forged.Secret = "another"
	long.Secret = strings.Repeat("x", 1025)
	foreign.ID, _ = cashu.ParseKeysetID("009a1f293253e41e")
	money := cashu.BlindAuthToken{ID: coin.ID, Secret: coin.Secret, C: coin.C}
	for name, token := range map[string]cashu.BlindAuthToken{
		"another secret": forged, "a long secret": long, "an unknown keyset": foreign, "a coin": money,
	} {
		if _, err := w.mint.UseAuthToken(t.Context(), token); !errors.Is(err, cashu.ErrBlindAuthFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := w.mint.UseAuthToken(t.Context(), good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestABlindTokenOfARetiredKeysetIsTakenUntilItExpires(t *testing.T) {
	t.Parallel()
	w := newAuthWorld(t, nil)
	end := w.clock.Load() + 3600
	w.signer.rotate(t, "auth", 0, uint64(end))
	w.refresh(w.mint)
	tokens := w.tokens(3)
	w.signer.rotate(t, "auth", 0, 0)
	w.refresh(w.mint)
	if _, err := w.mint.UseAuthToken(t.Context(), tokens[0]); err != nil {
		t.Errorf("of a retired keyset: %v", err)
	}
	w.clock.Store(end + 1)
	if _, err := w.mint.UseAuthToken(t.Context(), tokens[1]); !errors.Is(err, cashu.ErrBlindAuthFailed) {
		t.Errorf("of an expired keyset: %v", err)
	}
	// What was used is remembered for a day more, then it goes.
	for _, tt := range []struct {
		at   int64
		want int
	}{{end + 24*3600, 0}, {end + 24*3600 + 1, 1}} {
		w.clock.Store(tt.at)
		if n, err := w.mint.ForgetAuthTokens(t.Context()); err != nil || n != tt.want {
			t.Errorf("forgot %d tokens, want %d: %v", n, tt.want, err)
		}
	}
}

func TestWhenTheSignatoryIsAwayABlindTokenIsNotUsed(t *testing.T) {
	t.Parallel()
	w := newAuthWorld(t, nil)
	token := w.tokens(1)[0]
	w.signer.down.Store(true)
	if _, err := w.mint.UseAuthToken(t.Context(), token); !errors.Is(err, cashu.ErrUnavailable) {
		t.Errorf("with the signatory away: %v", err)
	}
	w.signer.down.Store(false)
	if _, err := w.mint.UseAuthToken(t.Context(), token); err != nil {
		t.Errorf("with the signatory back: %v", err)
	}
}

func TestBlindTokensAreIssuedWithProofAndAgainForTheSameRequest(t *testing.T) {
	t.Parallel()
	w := newAuthWorld(t, nil)
	notes := w.blank(4)
	first, err := w.mint.IssueAuthTokens(t.Context(), "alice", messages(notes))
	if err != nil {
		t.Fatal(err)
	}
	w.coins(notes, first) // checks the proofs
	again, err := w.mint.IssueAuthTokens(t.Context(), "alice", messages(notes))
	if err != nil {
		t.Fatal(err)
	}
	for i, s := range first {
		if s.C != again[i].C {
			t.Error("a lost answer cannot be had again")
		}
	}
}

func TestWhatIsNoRequestForBlindTokensIsRefused(t *testing.T) {
	t.Parallel()
	w := newAuthWorld(t, nil)
	two, once := messages(w.blank(1)), messages(w.blank(1))
	two[0].Amount = 2
	for name, tt := range map[string]struct {
		outputs []cashu.BlindedMessage
		code    cashu.Code
	}{
		"more than allowed": {messages(w.blank(5)), cashu.CodeBlindAuthMaxExceeded},
		"an amount of 2":    {two, cashu.CodeAmountOutOfRange},
		"one twice":         {append(once, once...), cashu.CodeDuplicateOutputs},
		"none":              {nil, cashu.CodeUnbalanced},
		"money":             {messages(w.notes(w.active("sat"), 1)), cashu.CodeUnitUnsupported},
	} {
		_, err := w.mint.IssueAuthTokens(t.Context(), "alice", tt.outputs)
		if e, ok := errors.AsType[*cashu.Error](err); !ok || e.Code != tt.code {
			t.Errorf("%s: %v, want code %d", name, err, tt.code)
		}
	}
	if n := w.signer.signCalls.Load(); n != 0 {
		t.Errorf("the signatory was asked %d times", n)
	}
}

func TestOneUserGetsSoManyBlindTokensAnHour(t *testing.T) {
	t.Parallel()
	w := newAuthWorld(t, func(a *mint.Auth) { a.TokensPerHour = 6 })
	ask := func(user string, n int) error {
		_, err := w.mint.IssueAuthTokens(t.Context(), user, messages(w.blank(n)))
		return err
	}
	limited := &cashu.Error{Code: cashu.CodeBlindAuthRateLimited}
	w.signer.down.Store(true)
	if err := ask("alice", 4); !errors.Is(err, cashu.ErrUnavailable) {
		t.Fatal(err)
	}
	w.signer.down.Store(false) // what was not signed does not count
	if err := errors.Join(ask("alice", 4), ask("alice", 2)); err != nil {
		t.Fatal(err)
	}
	if err := ask("alice", 1); !errors.Is(err, limited) {
		t.Errorf("the seventh: %v", err)
	}
	if err := ask("bob", 4); err != nil {
		t.Errorf("somebody else: %v", err)
	}
	w.clock.Add(600) // a sixth of an hour
	if err := errors.Join(ask("alice", 1)); err != nil {
		t.Errorf("after a while: %v", err)
	}
	if err := ask("alice", 1); !errors.Is(err, limited) {
		t.Errorf("and one more: %v", err)
	}
}

func TestBlindTokensAreNotMoney(t *testing.T) {
	t.Parallel()
	w := newAuthWorld(t, nil)
	token := w.tokens(1)[0].Proof()
	outputs := messages(w.blank(1))
	if _, err := w.mint.Swap(t.Context(), cashu.SwapRequest{Inputs: []cashu.Proof{token}, Outputs: outputs}); !errors.Is(err, cashu.ErrUnitUnsupported) {
		t.Errorf("swapped: %v", err)
	}
	if _, err := w.mint.CreateMintQuote(t.Context(), "bolt11", cashu.MintQuoteRequest{Amount: 1, Unit: "auth"}); err == nil {
		t.Error("they can be bought")
	}
	q := w.quote(1)
	w.backend.pay(q)
	if _, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: outputs}); !errors.Is(err, cashu.ErrUnitMismatch) {
		t.Errorf("minted for money: %v", err)
	}
	if list, err := w.store.Totals(t.Context()); err != nil || len(list) != 0 {
		t.Errorf("the mint owes them: %+v, %v", list, err)
	}
}

func TestTheMintSaysWhatItProtects(t *testing.T) {
	t.Parallel()
	w := newAuthWorld(t, nil)
	nuts := w.mint.Info().Nuts
	clear, blind := nuts["21"].(cashu.ClearAuthInfo), nuts["22"].(cashu.BlindAuthInfo)
	if fmt.Sprint(clear.ProtectedEndpoints) != "[POST /v1/auth/blind/mint POST /v1/melt/*]" || clear.ClientID != "wallets" || clear.OpenIDDiscovery == "" {
		t.Errorf("21 is %+v", clear)
	}
	if fmt.Sprint(blind.ProtectedEndpoints) != "[POST /v1/swap]" || blind.MaxTokens != 4 {
		t.Errorf("22 is %+v", blind)
	}
	for request, want := range map[string]mint.Protection{
		"POST /v1/swap": mint.BlindAuth, "GET /v1/swap": mint.Unprotected, "POST /v1/melt/bolt11": mint.ClearAuth,
		"POST /v1/auth/blind/mint": mint.ClearAuth, "GET /v1/info": mint.Unprotected,
	} {
		method, path, _ := strings.Cut(request, " ")
		if got := w.mint.Protection(method, path); got != want {
			t.Errorf("%s needs %v, want %v", request, got, want)
		}
	}
	open := newWorld(t, newMemStore()).mint
	if nuts := open.Info().Nuts; nuts["21"] != nil || nuts["22"] != nil || open.Protection("POST", "/v1/swap") != mint.Unprotected {
		t.Errorf("a mint without authentication says %v", nuts)
	}
}

func TestProtectionThatCannotBeMeantIsRefused(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ clear, blind []string }{
		"nothing":                         {},
		"both ways for one request":       {[]string{"POST /v1/mint/*"}, []string{"POST /v1/mint/bolt11"}},
		"the page that says how":          {[]string{"GET /v1/info"}, nil},
		"everything":                      {nil, []string{"GET /v1/*"}},
		"the keys of tokens":              {nil, []string{"GET /v1/auth/blind/keys"}},
		"tokens for tokens":               {nil, []string{"POST /v1/auth/blind/mint"}},
		"tokens for whatever begins so":   {nil, []string{"POST /v1/a*"}},
		"keys of tokens with other paths": {[]string{"GET /v1/auth/*"}, nil},
	} {
		a := &mint.Auth{Clear: endpoints(t, tt.clear...), Blind: endpoints(t, tt.blind...)}
		if err := a.Validate(); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}
