package wallet_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/keystore"
	"mintmark/mint"
	"mintmark/mint/lightning/fake"
	"mintmark/wallet"
	"mintmark/wallet/login"
	"mintmark/wallet/login/logintest"
	"mintmark/wallet/mintclient"
)

// logins are the users of a mint: those of a login provider, or else everybody who
// says so.
type logins struct {
	mu       sync.Mutex
	provider *logintest.Provider
}

const anybody = "let-me-in"

func (l *logins) Verify(ctx context.Context, token string) (string, error) {
	l.mu.Lock()
	provider := l.provider
	l.mu.Unlock()
	if provider != nil {
		return provider.Verify(ctx, token)
	}
	if token != anybody {
		return "", cashu.ErrClearAuthFailed
	}
	return token, nil
}

func endpoints(t testing.TB, list ...string) []cashu.ProtectedEndpoint {
	t.Helper()
	var parsed []cashu.ProtectedEndpoint
	for _, text := range list {
		e, err := cashu.ParseProtectedEndpoint(text)
		if err != nil {
			t.Fatal(err)
		}
		parsed = append(parsed, e)
	}
	return parsed
}

// newGuarded is a world whose mint lets nobody in but users of the provider; without
// one, those who show the word anybody.
func newGuarded(t testing.TB, provider *logintest.Provider, auth mint.Auth) *world {
	t.Helper()
	auth.Discovery, auth.ClientID = "https://login.example/.well-known/openid-configuration", logintest.ClientID
	if provider != nil {
		auth.Discovery = provider.Discovery()
	}
	w := newWorldOf(t, func(_ *fake.Config, c *mint.Config) { c.Auth = &auth })
	w.logins.provider, w.guarded = provider, true
	w.rotateAuth(0)
	return w
}

// rotateAuth gives the mint a keyset for blind tokens that ends after a time; 0: never.
func (w *world) rotateAuth(after time.Duration) {
	w.t.Helper()
	none := uint64(0)
	p := keystore.RotateParams{Unit: cashu.UnitAuth, InputFeePPK: &none, Amounts: []cashu.Amount{1}}
	if after != 0 {
		p.FinalExpiry = uint64(w.now().Add(after).Unix())
	}
	if _, err := w.keys.Rotate(w.t.Context(), p); err != nil {
		w.t.Fatal(err)
	}
	for w.mint.Keysets().Epoch() < w.keys.Keysets().Epoch {
		time.Sleep(time.Millisecond)
	}
}

// logIn logs a wallet in, as its user would.
func (w *world) logIn(x *wallet.Wallet) {
	w.t.Helper()
	if w.logins.provider == nil {
		m, err := x.RefreshMint(w.t.Context(), w.url)
		if err != nil {
			w.t.Fatal(err)
		}
		info, _ := m.Info.ClearAuth()
		if err := x.KeepLogin(w.t.Context(), w.url, info, login.Tokens{Access: anybody}); err != nil {
			w.t.Fatal(err)
		}
		return
	}
	p, info, err := x.LoginProvider(w.t.Context(), w.url)
	if err != nil {
		w.t.Fatal(err)
	}
	tokens, err := p.Password(w.t.Context(), "alice", "open sesame")
	if err != nil {
		w.t.Fatal(err)
	}
	if err := x.KeepLogin(w.t.Context(), w.url, info, tokens); err != nil {
		w.t.Fatal(err)
	}
}

// quoteOf asks for a quote, for which it takes a token.
func (w *world) quoteOf(x *wallet.Wallet) error {
	_, err := x.CreateMintQuote(w.t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 8})
	return err
}

// shown is the headers that requests for a path have shown from now on.
func (w *world) shown(header string) func(path string) []string {
	var mu sync.Mutex
	found := map[string][]string{}
	w.line.cut(func(r *http.Request) error {
		mu.Lock()
		defer mu.Unlock()
		found[r.URL.Path] = append(found[r.URL.Path], r.Header.Get(header))
		return nil
	}, nil)
	return func(path string) []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(found[path])
	}
}

func TestAMintThatWantsToKnowItsUsers(t *testing.T) {
	t.Parallel()
	p := logintest.New(t)
	clearly := mint.Auth{Clear: endpoints(t, "POST /v1/mint/*", "GET /v1/mint/quote/bolt11/*")}
	w := newGuarded(t, p, clearly)
	x, store := w.wallet()
	if err := w.quoteOf(x); !errors.Is(err, wallet.ErrLogin) || mintclient.Sent(err) {
		t.Fatalf("before anybody has logged in: %v", err)
	}
	if state, err := x.LoginState(t.Context(), w.url); err != nil || state.LoggedIn {
		t.Errorf("%+v, %v", state, err)
	}
	w.logIn(x)
	seen := w.shown("Clear-auth")
	w.fund(x, 100)
	if _, err := x.Swap(t.Context(), w.url, "sat", true); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]bool{"/v1/mint/bolt11": true, "/v1/mint/quote/bolt11": true, "/v1/swap": false} {
		got := seen(path)
		if len(got) == 0 || slices.ContainsFunc(got, func(s string) bool { return (s != "") != want }) {
			t.Errorf("%s was shown %q", path, got)
		}
	}
	state, err := x.LoginState(t.Context(), w.url)
	if err != nil || !state.LoggedIn || !state.Renewed || state.Expires.IsZero() || state.Since.IsZero() {
		t.Errorf("%+v, %v", state, err)
	}
	if l, err := store.Login(t.Context(), w.url); err != nil || strings.Contains(string(l.Sealed), "access-") {
		t.Errorf("the tokens lie about: %v", err)
	}
	if err := x.Logout(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	if err := w.quoteOf(x); !errors.Is(err, wallet.ErrLogin) {
		t.Errorf("after logging out: %v", err)
	}
	if _, err := p.Verify(t.Context(), seen("/v1/mint/bolt11")[0]); err == nil {
		t.Error("the provider has not heard of the end of the login")
	}
	if err := x.Logout(t.Context(), w.url); err == nil {
		t.Error("logging out twice")
	}
}

// What ends is renewed in time, by one process alone; what was refused before its time
// is renewed as well; what cannot be renewed is for the user to do.
func TestALoginIsRenewedByItself(t *testing.T) {
	t.Parallel()
	p := logintest.New(t)
	clearly := mint.Auth{Clear: endpoints(t, "POST /v1/mint/quote/*")}
	w := newGuarded(t, p, clearly)
	seed, path := newSeed(t), t.TempDir()+"/wallet.db"
	x, y := w.walletBy(w.openStore(path), w.line, seed), w.walletBy(w.openStore(path), w.line, seed)
	w.logIn(x)
	w.later(9*time.Minute + 50*time.Second) // of 10
	var all sync.WaitGroup
	for range 4 {
		for _, z := range []*wallet.Wallet{x, y} {
			all.Go(func() {
				if err := w.quoteOf(z); err != nil {
					t.Errorf("while the token is renewed: %v", err)
				}
			})
		}
	}
	if all.Wait(); p.Renewals() != 1 {
		t.Errorf("renewed %d times by two processes", p.Renewals())
	}
	p.Expire()
	if err := w.quoteOf(x); err != nil || p.Renewals() != 2 {
		t.Errorf("a token that ended early: %v, renewed %d times", err, p.Renewals())
	}
	w.later(time.Hour)
	p.Down(true)
	if err := w.quoteOf(x); !errors.Is(err, login.ErrUnreachable) || errors.Is(err, wallet.ErrLogin) || mintclient.Sent(err) {
		t.Errorf("with the provider away: %v", err)
	}
	p.Down(false)
	if err := w.quoteOf(x); err != nil || p.Renewals() != 3 {
		t.Errorf("with the provider back: %v, renewed %d times", err, p.Renewals())
	}
	p.Forget()
	for _, want := range []error{cashu.ErrClearAuthFailed, wallet.ErrLogin} {
		if err := w.quoteOf(x); !errors.Is(err, want) {
			t.Errorf("a login that the provider has ended: %v, want %v", err, want)
		}
	}
}

// A process that dies while it renews keeps the others from it for a while only.
func TestALoginIsRenewedAfterAnotherProcessDiedDoingIt(t *testing.T) {
	t.Parallel()
	p := logintest.New(t)
	w := newGuarded(t, p, mint.Auth{Clear: endpoints(t, "POST /v1/mint/quote/*")})
	x, store := w.wallet()
	w.logIn(x)
	w.later(time.Hour)
	err := store.Update(t.Context(), func(tx wallet.Tx) error {
		l, err := tx.Login(t.Context(), w.url)
		if err != nil {
			return err
		}
		l.Renewing = w.now().Add(40 * time.Second).Unix()
		return tx.UpdateLogin(t.Context(), l)
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if _, err := x.CreateMintQuote(ctx, w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 8}); err == nil {
		t.Error("the other process was not waited for")
	}
	w.later(time.Minute)
	if err := w.quoteOf(x); err != nil || p.Renewals() != 1 {
		t.Errorf("afterwards: %v, renewed %d times", err, p.Renewals())
	}
}

// Tokens go to the provider that gave them, whatever the mint says later.
func TestAMintThatNamesAnotherProviderGetsNoToken(t *testing.T) {
	t.Parallel()
	p := logintest.New(t)
	w := newGuarded(t, p, mint.Auth{Clear: endpoints(t, "POST /v1/mint/quote/*")})
	x, _ := w.wallet()
	w.logIn(x)
	m, err := x.Mint(t.Context(), w.url)
	if err != nil {
		t.Fatal(err)
	}
	info, _ := m.Info.ClearAuth()
	info.ClientID = "other"
	if err := x.KeepLogin(t.Context(), w.url, info, login.Tokens{Access: "access-1", Refresh: "refresh-1"}); err != nil {
		t.Fatal(err)
	}
	seen := w.shown("Clear-auth")
	if err := w.quoteOf(x); !errors.Is(err, wallet.ErrLogin) {
		t.Errorf("got %v", err)
	}
	if got := seen("/v1/mint/quote/bolt11"); len(got) != 0 {
		t.Errorf("the mint was shown %q", got)
	}
}

// A mint may close a door that it has said nothing of, or change its mind.
func TestAMintThatDoesNotSayWhatItWants(t *testing.T) {
	t.Parallel()
	w := newGuarded(t, nil, mint.Auth{Clear: endpoints(t, "POST /v1/mint/quote/*"), Blind: endpoints(t, "POST /v1/swap")})
	seed := newSeed(t)
	x, store := w.walletOfSeed(seed)
	w.logIn(x)
	silent := func() *wallet.Wallet { // a process that knows what the mint said before
		t.Helper()
		m, err := store.Mint(t.Context(), w.url)
		if err != nil {
			t.Fatal(err)
		}
		m.Info = []byte(`{"name":"silent","nuts":{}}`)
		if err := store.Update(t.Context(), func(tx wallet.Tx) error { return tx.PutMint(t.Context(), m) }); err != nil {
			t.Fatal(err)
		}
		return w.walletBy(store, w.line, seed)
	}
	x = silent()
	if err := w.quoteOf(x); err != nil {
		t.Errorf("a door that wants a clear token: %v", err)
	}
	w.fund(x, 64)
	x = silent()
	if _, err := x.Swap(t.Context(), w.url, "sat", true); err != nil {
		t.Errorf("a door that wants a blind token: %v", err)
	}
	if err := w.audit(store); err != nil {
		t.Error(err)
	}
	stranger, _ := w.walletOfSeed(newSeed(t))
	if _, err := stranger.RefreshMint(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	err := func() error {
		_, err := stranger.CreateMintQuote(t.Context(), w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 8})
		return err
	}()
	if !errors.Is(err, wallet.ErrLogin) {
		t.Errorf("a stranger: %v", err)
	}
}
