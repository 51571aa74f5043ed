package oidc

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const (
	home   = "https://login.example"
	client = "wallets"
)

// login is a provider in memory, with switches for everything that can go wrong
// with one.
type login struct {
	mu      sync.Mutex
	keys    []jose.JSONWebKey // private
	issuer  string
	raw     string        // instead of the keys
	status  int           // of every answer; 0: 200
	delay   chan struct{} // answers wait for it
	fetches atomic.Int64  // of keys
}

func newLogin(t testing.TB) *login {
	return &login{issuer: home, keys: []jose.JSONWebKey{ecKey(t, "one")}}
}

func ecKey(t testing.TB, id string) jose.JSONWebKey {
	t.Helper()
	k, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: k, KeyID: id, Algorithm: "ES256", Use: "sig"}
}

func rsaKey(t testing.TB, id string, bits int) jose.JSONWebKey {
	t.Helper()
	k, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return jose.JSONWebKey{Key: k, KeyID: id}
}

func (l *login) set(fn func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	fn()
}

// RoundTrip answers as the provider would.
func (l *login) RoundTrip(r *http.Request) (*http.Response, error) {
	l.mu.Lock()
	delay, status, raw := l.delay, l.status, l.raw
	var public jose.JSONWebKeySet
	for _, k := range l.keys {
		if k.IsPublic() {
			public.Keys = append(public.Keys, k)
		} else {
			public.Keys = append(public.Keys, k.Public())
		}
	}
	body, _ := json.Marshal(public)
	about := fmt.Sprintf(`{"issuer":%q,"jwks_uri":%q}`, l.issuer, home+"/jwks")
	l.mu.Unlock()
	if strings.HasSuffix(r.URL.Path, "/jwks") {
		l.fetches.Add(1)
		if raw != "" {
			body = []byte(raw)
		}
	} else {
		body = []byte(about)
	}
	if delay != nil {
		select {
		case <-delay:
		case <-r.Context().Done():
			return nil, r.Context().Err()
		}
	}
	if status == 0 {
		status = 200
	}
	return &http.Response{StatusCode: status, Status: fmt.Sprint(status), Header: http.Header{"Location": {"https://evil.example/"}},
		Body: io.NopCloser(strings.NewReader(string(body))), Request: r}, nil
}

// verifier trusts the provider.
func (l *login) verifier(t testing.TB, change func(*Config)) *Verifier {
	t.Helper()
	cfg := Config{Discovery: home + wellKnown, ClientID: client, Transport: l}
	if change != nil {
		change(&cfg)
	}
	v, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = v.Close() })
	return v
}

// claims are those of a good token, with changes; nil takes one away.
func claims(changes map[string]any) map[string]any {
	now := time.Now().Unix()
	c := map[string]any{"iss": home, "sub": "alice", "aud": "api", "azp": client, "iat": now, "nbf": now, "exp": now + 300}
	for k, v := range changes {
		if c[k] = v; v == nil {
			delete(c, k)
		}
	}
	return c
}

// token signs claims as the provider would.
func token(t testing.TB, k jose.JSONWebKey, alg jose.SignatureAlgorithm, header map[string]any, claims map[string]any) string {
	t.Helper()
	opts := &jose.SignerOptions{}
	for name, v := range header {
		opts.WithHeader(jose.HeaderKey(name), v)
	}
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: alg, Key: k}, opts)
	if err != nil {
		t.Fatal(err)
	}
	body, err := json.Marshal(claims)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign(body)
	if err != nil {
		t.Fatal(err)
	}
	text, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// good is a token that any verifier of the provider takes.
func (l *login) good(t testing.TB) string { return token(t, l.keys[0], jose.ES256, nil, claims(nil)) }

// bare writes header and body without the library.
func bare(header, body, signature string) string {
	e := base64.RawURLEncoding.EncodeToString
	return e([]byte(header)) + "." + e([]byte(body)) + "." + e([]byte(signature))
}

func verify(t testing.TB, v *Verifier, token string) error {
	t.Helper()
	user, err := v.Verify(context.Background(), token)
	if err == nil && user != "alice" {
		t.Errorf("the user is %q", user)
	}
	return err
}
