package oidc

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mintmark/cashu"
)

func TestUnknownKeysCauseNoStormOfFetches(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogin(t)
		v := l.verifier(t, nil)
		if err := verify(t, v, l.good(t)); err != nil {
			t.Fatal(err)
		}
		other := ecKey(t, "x")
		for minute := range 4 { // 1000 made-up keys in a minute, and again
			for i := range 1000 {
				other.KeyID = fmt.Sprint(minute, i)
				if err := verify(t, v, token(t, other, jose.ES256, nil, claims(nil))); !errors.Is(err, cashu.ErrClearAuthFailed) {
					t.Fatal(err)
				}
				time.Sleep(60 * time.Millisecond)
			}
		}
		if n := l.fetches.Load(); n < 12 || n > 18 { // one in 15 seconds
			t.Errorf("fetched %d times in four minutes", n)
		}
	})
}

func TestANewKeyOfTheProviderIsFoundAtOnceAndAnOldOneGoes(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogin(t)
		v := l.verifier(t, nil)
		old := l.keys[0]
		if err := verify(t, v, l.good(t)); err != nil {
			t.Fatal(err)
		}
		time.Sleep(time.Minute)
		l.set(func() { l.keys = []jose.JSONWebKey{ecKey(t, "next")} })
		if err := verify(t, v, l.good(t)); err != nil {
			t.Errorf("the first token with a new key: %v", err)
		}
		if err := verify(t, v, token(t, old, jose.ES256, nil, claims(nil))); !errors.Is(err, cashu.ErrClearAuthFailed) {
			t.Errorf("with a key that was taken back: %v", err)
		}
	})
}

func TestAKeyThatIsTakenBackIsForgottenWithoutBeingAskedFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogin(t)
		v := l.verifier(t, nil)
		old := l.keys[0]
		_ = verify(t, v, l.good(t))
		l.set(func() { l.keys = []jose.JSONWebKey{ecKey(t, "next")} })
		time.Sleep(10 * time.Minute)
		_ = verify(t, v, token(t, old, jose.ES256, nil, claims(nil))) // this one still, while the keys are fetched
		synctest.Wait()
		if err := verify(t, v, token(t, old, jose.ES256, nil, claims(nil))); !errors.Is(err, cashu.ErrClearAuthFailed) {
			t.Errorf("ten minutes after it was taken back: %v", err)
		}
	})
}

func TestWhenTheProviderIsAwayKnownKeysServeForAWhileThenNobodyGetsIn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogin(t)
		v := l.verifier(t, nil)
		if err := verify(t, v, l.good(t)); err != nil {
			t.Fatal(err)
		}
		l.set(func() { l.status = 503 })
		for range 7 { // three and a half hours
			time.Sleep(30 * time.Minute)
			if err := verify(t, v, l.good(t)); err != nil {
				t.Fatalf("with keys that are known: %v", err)
			}
		}
		other := token(t, ecKey(t, "x"), jose.ES256, nil, claims(nil))
		if err := verify(t, v, other); !errors.Is(err, cashu.ErrUnavailable) {
			t.Errorf("with a key that nobody knows and nobody can be asked for: %v", err)
		}
		time.Sleep(time.Hour)
		if err := verify(t, v, l.good(t)); !errors.Is(err, cashu.ErrUnavailable) {
			t.Errorf("with keys that are too old: %v", err)
		}
		before := l.fetches.Load()
		l.set(func() { l.status = 0 })
		time.Sleep(15 * time.Second)
		if err := verify(t, v, l.good(t)); err != nil || l.fetches.Load() != before+1 {
			t.Errorf("with the provider back: %v, %d fetches", err, l.fetches.Load()-before)
		}
	})
}

func TestAProviderThatHangsHoldsFewAndNotForLong(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogin(t)
		l.delay = make(chan struct{})
		v := l.verifier(t, nil)
		tok, begun := l.good(t), time.Now()
		var all sync.WaitGroup
		var mu sync.Mutex
		took := map[time.Duration]int{}
		for range 100 {
			all.Go(func() {
				if err := verify(t, v, tok); !errors.Is(err, cashu.ErrUnavailable) {
					t.Errorf("while it hangs: %v", err)
				}
				mu.Lock()
				defer mu.Unlock()
				took[time.Since(begun)]++
			})
		}
		if all.Wait(); took[0] != 100-maxWaiting || took[5*time.Second] != maxWaiting {
			t.Errorf("requests took %v", took)
		}
	})
}

func TestAtTheStartTheProviderIsAskedOnceForAll(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLogin(t)
		v := l.verifier(t, nil)
		tok := l.good(t)
		v.Warm()
		var all sync.WaitGroup
		for range maxWaiting {
			all.Go(func() {
				if err := verify(t, v, tok); err != nil {
					t.Error(err)
				}
			})
		}
		if all.Wait(); l.fetches.Load() != 1 {
			t.Errorf("asked %d times", l.fetches.Load())
		}
	})
}

func TestAProviderThatCannotBeTrustedIsNoProvider(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(l *login){
		"another issuer":    func(l *login) { l.issuer = "https://evil.example" },
		"a redirect":        func(l *login) { l.status = 302 },
		"an error":          func(l *login) { l.status = 500 },
		"no JSON":           func(l *login) { l.raw = "<html>" },
		"no keys":           func(l *login) { l.raw = `{"keys":[]}` },
		"a shared secret":   func(l *login) { l.raw = `{"keys":[{"kty":"oct","kid":"one","k":"c2VjcmV0"}]}` },
		"an endless answer": func(l *login) { l.raw = `{"keys":[],"x":"` + strings.Repeat("x", maxDocument) + `"}` },
		"a small RSA key":   func(l *login) { l.keys = []jose.JSONWebKey{rsaKey(t, "one", 1024)} },
		"keys to encrypt":   func(l *login) { l.keys[0].Use = "enc" },
		"for another use":   func(l *login) { l.keys[0].Algorithm = "ES384" },
	} {
		l := newLogin(t)
		tok := l.good(t)
		spoil(l)
		if err := verify(t, l.verifier(t, nil), tok); !errors.Is(err, cashu.ErrUnavailable) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestOneKeyThatCannotBeReadTakesNoOtherAway(t *testing.T) {
	t.Parallel()
	l := newLogin(t)
	public, _ := l.keys[0].Public().MarshalJSON()
	l.raw = `{"keys":[{"kty":"EC","crv":"secp999"},{"kty":"new"},7,` + string(public) + `]}`
	if err := verify(t, l.verifier(t, nil), l.good(t)); err != nil {
		t.Error(err)
	}
}

func TestAnIssuerMayEndWithASlash(t *testing.T) {
	t.Parallel()
	l := newLogin(t)
	l.issuer = home + "/"
	v := l.verifier(t, nil)
	if err := verify(t, v, token(t, l.keys[0], jose.ES256, nil, claims(map[string]any{"iss": home + "/"}))); err != nil {
		t.Errorf("as the provider calls itself: %v", err)
	}
	if err := verify(t, v, l.good(t)); !errors.Is(err, cashu.ErrClearAuthFailed) {
		t.Errorf("without the slash: %v", err)
	}
}

// The provider's own transport, over a real connection.
func TestRedirectsAreNotFollowed(t *testing.T) {
	t.Parallel()
	elsewhere := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("somebody else was asked") }))
	defer elsewhere.Close()
	at := httptest.NewServer(http.RedirectHandler(elsewhere.URL+wellKnown, http.StatusFound))
	defer at.Close()
	v, err := New(Config{Discovery: at.URL + wellKnown, ClientID: client})
	if err != nil {
		t.Fatal(err)
	}
	defer v.Close()
	if err := verify(t, v, newLogin(t).good(t)); !errors.Is(err, cashu.ErrUnavailable) {
		t.Error(err)
	}
}
