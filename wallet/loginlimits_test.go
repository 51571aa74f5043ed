package wallet_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"mintmark/mint"
	"mintmark/wallet"
	"mintmark/wallet/login"
	"mintmark/wallet/login/logintest"
)

// A provider whose tokens end at once is asked for one before a request, and not
// without end.
func TestTokensThatEndAtOnceAreUsedAsTheyCome(t *testing.T) {
	t.Parallel()
	p := logintest.New(t)
	p.Lifetime = 5
	w := newGuarded(t, p, mint.Auth{Clear: endpoints(t, "POST /v1/mint/quote/*")})
	x, _ := w.wallet()
	w.logIn(x)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for n := 1; n <= 2; n++ {
		if _, err := x.CreateMintQuote(ctx, w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 8}); err != nil {
			t.Fatal(err)
		}
		if p.Renewals() != n {
			t.Fatalf("renewed %d times for %d requests", p.Renewals(), n)
		}
	}
}

// A provider that gives the token again that the mint has refused is asked once.
func TestATokenThatIsRefusedAndComesAgainIsNotAskedForWithoutEnd(t *testing.T) {
	t.Parallel()
	p := logintest.New(t)
	w := newGuarded(t, p, mint.Auth{Clear: endpoints(t, "POST /v1/mint/quote/*")})
	x, _ := w.wallet()
	w.logIn(x)
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	p.Expire()
	w.rewrite("/token", `"access-2"`, `"access-1"`)
	_, err := x.CreateMintQuote(ctx, w.url, wallet.MintQuoteOptions{Unit: "sat", Amount: 8})
	if err == nil || ctx.Err() != nil {
		t.Errorf("got %v", err)
	}
	if n := p.Renewals(); n != 1 {
		t.Errorf("renewed %d times", n)
	}
}

// quickStore is a database in which somebody logs in just before a change.
type quickStore struct {
	wallet.Store
	before func()
}

func (s *quickStore) Update(ctx context.Context, fn func(tx wallet.Tx) error) error {
	if before := s.before; before != nil {
		s.before = nil
		before()
	}
	return s.Store.Update(ctx, fn)
}

// The login that is forgotten is the one that the provider is told of, also if it has
// taken the place of another while the user logs out.
func TestALogoutRevokesTheLoginThatItForgets(t *testing.T) {
	t.Parallel()
	p := logintest.New(t)
	w := newGuarded(t, p, mint.Auth{Clear: endpoints(t, "POST /v1/mint/quote/*")})
	seed, store := newSeed(t), w.openStore(t.TempDir()+"/wallet.db")
	quick := &quickStore{Store: store}
	x, y := w.walletBy(quick, w.line, seed), w.walletBy(store, w.line, seed)
	w.logIn(x)
	var given login.Tokens
	quick.before = func() {
		provider, info, err := y.LoginProvider(t.Context(), w.url)
		if err == nil {
			given, err = provider.Password(t.Context(), "alice", "open sesame")
		}
		if err == nil {
			err = y.KeepLogin(t.Context(), w.url, info, given)
		}
		if err != nil {
			t.Error(err)
		}
	}
	if err := x.Logout(t.Context(), w.url); err != nil {
		t.Fatal(err)
	}
	if s, err := x.LoginState(t.Context(), w.url); err != nil || s.LoggedIn {
		t.Errorf("afterwards: %+v, %v", s, err)
	}
	if _, err := p.Verify(t.Context(), given.Access); err == nil {
		t.Error("the login that was forgotten is still good at the provider")
	}
	if err := x.Logout(t.Context(), w.url); err == nil || errors.Is(err, wallet.ErrTakenOver) {
		t.Errorf("logging out twice: %v", err)
	}
}
