package oidc

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mintmark/cashu"
)

func TestGoodTokensAreTaken(t *testing.T) {
	t.Parallel()
	l := newLogin(t)
	r := rsaKey(t, "two", 2048)
	l.keys = append(l.keys, r)
	v := l.verifier(t, nil)
	ec, now := l.keys[0], time.Now().Unix()
	for name, tok := range map[string]string{
		"ES256":                            token(t, ec, jose.ES256, nil, claims(nil)),
		"RS256":                            token(t, r, jose.RS256, nil, claims(nil)),
		"typ at+jwt":                       token(t, ec, jose.ES256, map[string]any{"typ": "at+jwt"}, claims(nil)),
		"typ application/at+jwt":           token(t, ec, jose.ES256, map[string]any{"typ": "Application/AT+JWT"}, claims(nil)),
		"client_id instead of azp":         token(t, ec, jose.ES256, nil, claims(map[string]any{"azp": nil, "client_id": client})),
		"the client among the audiences":   token(t, ec, jose.ES256, nil, claims(map[string]any{"azp": nil, "aud": []string{"api", client}})),
		"a clock that is a little ahead":   token(t, ec, jose.ES256, nil, claims(map[string]any{"iat": now + 20, "nbf": now + 20})),
		"expired a moment ago":             token(t, ec, jose.ES256, nil, claims(map[string]any{"exp": now - 20})),
		"no nbf, no iat":                   token(t, ec, jose.ES256, nil, claims(map[string]any{"nbf": nil, "iat": nil})),
		"no audience":                      token(t, ec, jose.ES256, nil, claims(map[string]any{"aud": nil})),
		"no key named, and one that fits":  token(t, jose.JSONWebKey{Key: ec.Key}, jose.ES256, nil, claims(nil)),
		"claims that nobody has heard of":  token(t, ec, jose.ES256, nil, claims(map[string]any{"scope": "x", "realm_access": map[string]any{"a": 1}})),
		"a name of another alphabet as ID": token(t, ec, jose.ES256, nil, claims(map[string]any{"jti": "é"})),
	} {
		if err := verify(t, v, tok); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestTokensWithATrapAreRefused(t *testing.T) {
	t.Parallel()
	l := newLogin(t)
	r := rsaKey(t, "two", 2048)
	l.keys = append(l.keys, r)
	v := l.verifier(t, nil)
	ec, now := l.keys[0], time.Now().Unix()
	mine := ecKey(t, "one") // the same name, another key
	body, _ := json.Marshal(claims(nil))
	good := l.good(t)
	parts := strings.Split(good, ".")

	der, _ := x509.MarshalPKIXPublicKey(ec.Public().Key)
	asSecret := pem.EncodeToMemory(&pem.Block{Type: "PUBLIC KEY", Bytes: der})
	hmac := func(alg jose.SignatureAlgorithm) string {
		return token(t, jose.JSONWebKey{Key: asSecret, KeyID: "one"}, alg, nil, claims(nil))
	}
	mineSet := mine.Public()
	embedded := map[string]any{"jwk": mineSet}
	signed := func(change map[string]any) string { return token(t, ec, jose.ES256, nil, claims(change)) }
	p384, _ := ecdsa.GenerateKey(elliptic.P384(), rand.Reader)

	for name, tok := range map[string]string{
		"nothing":                        "",
		"no token":                       "hello",
		"two parts":                      parts[0] + "." + parts[1],
		"no signature":                   parts[0] + "." + parts[1] + ".",
		"alg none":                       bare(`{"alg":"none"}`, string(body), ""),
		"alg None":                       bare(`{"alg":"None","kid":"one"}`, string(body), "x"),
		"no alg":                         bare(`{"kid":"one"}`, string(body), "x"),
		"the public key as a secret":     hmac(jose.HS256),
		"the public key as HS512":        hmac(jose.HS512),
		"RS512":                          token(t, r, jose.RS512, nil, claims(nil)),
		"PS256":                          token(t, r, jose.PS256, nil, claims(nil)),
		"ES384":                          token(t, jose.JSONWebKey{Key: p384, KeyID: "one"}, jose.ES384, nil, claims(nil)),
		"a stranger's key":               token(t, mine, jose.ES256, nil, claims(nil)),
		"a stranger's key in the header": token(t, mine, jose.ES256, embedded, claims(nil)),
		"a stranger's key by address":    token(t, mine, jose.ES256, map[string]any{"jku": "https://evil.example/jwks"}, claims(nil)),
		"a key of the other kind":        token(t, jose.JSONWebKey{Key: mine.Key, KeyID: "two"}, jose.ES256, nil, claims(nil)),
		"a key that is not there":        token(t, jose.JSONWebKey{Key: ec.Key, KeyID: "three"}, jose.ES256, nil, claims(nil)),
		"a critical header":              bareCritical(t, ec),
		"changed claims":                 parts[0] + "." + bare("", strings.Replace(string(body), "alice", "mallory", 1), "")[1:] + parts[2],
		"a cut signature":                good[:len(good)-8],
		"text after it":                  good + "x.",
		"JSON form":                      `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
		"too long":                       signed(map[string]any{"x": strings.Repeat("x", maxToken)}),
		"an order to log out":            token(t, ec, jose.ES256, map[string]any{"typ": "logout+jwt"}, claims(nil)),
		"a proof of possession":          token(t, ec, jose.ES256, map[string]any{"typ": "dpop+jwt"}, claims(nil)),
		"expired":                        signed(map[string]any{"exp": now - 60}),
		"without an end":                 signed(map[string]any{"exp": nil}),
		"an end that is text":            signed(map[string]any{"exp": "never"}),
		"not valid yet":                  signed(map[string]any{"nbf": now + 60}),
		"issued in the future":           signed(map[string]any{"iat": now + 60}),
		"another issuer":                 signed(map[string]any{"iss": home + "/other"}),
		"an issuer with a slash more":    signed(map[string]any{"iss": home + "/"}),
		"no issuer":                      signed(map[string]any{"iss": nil}),
		"for another client":             signed(map[string]any{"azp": "shop"}),
		"for another client, audience":   signed(map[string]any{"azp": "shop", "aud": client}),
		"for another client_id":          signed(map[string]any{"azp": nil, "client_id": "shop", "aud": client}),
		"for no client":                  signed(map[string]any{"azp": nil}),
		"nobody":                         signed(map[string]any{"sub": nil}),
		"claims that are a list":         bareSigned(t, ec, `[1]`),
		"claims that are no JSON":        bareSigned(t, ec, `{"iss"`),
		"claims that are there twice":    bareSigned(t, ec, strings.Replace(string(body), `"sub"`, `"sub":"mallory","sub"`, 1)),
	} {
		err := verify(t, v, tok)
		if !errors.Is(err, cashu.ErrClearAuthFailed) {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), "alice") || strings.Contains(err.Error(), parts[2])) {
			t.Errorf("%s: the refusal tells of the token: %v", name, err)
		}
	}
	if err := verify(t, v, good); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

// bareSigned signs any text.
func bareSigned(t *testing.T, k jose.JSONWebKey, body string) string {
	t.Helper()
	s, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.ES256, Key: k}, nil)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := s.Sign([]byte(body))
	if err != nil {
		t.Fatal(err)
	}
	text, _ := signed.CompactSerialize()
	return text
}

func bareCritical(t *testing.T, k jose.JSONWebKey) string {
	t.Helper()
	return token(t, k, jose.ES256, map[string]any{"crit": []string{"b32"}, "b32": true}, claims(nil))
}

func TestAnAudienceThatIsAskedForMustBeThere(t *testing.T) {
	t.Parallel()
	l := newLogin(t)
	v := l.verifier(t, func(c *Config) { c.Audience = "https://mint.example" })
	if err := verify(t, v, l.good(t)); !errors.Is(err, cashu.ErrClearAuthFailed) {
		t.Errorf("for another audience: %v", err)
	}
	tok := token(t, l.keys[0], jose.ES256, nil, claims(map[string]any{"aud": []string{"x", "https://mint.example"}}))
	if err := verify(t, v, tok); err != nil {
		t.Errorf("for ours: %v", err)
	}
}

func FuzzVerify(f *testing.F) {
	l := newLogin(f)
	v := l.verifier(f, nil)
	good := l.good(f)
	f.Add(good)
	f.Add(bare(`{"alg":"none"}`, `{"sub":"alice"}`, ""))
	f.Fuzz(func(t *testing.T, tok string) {
		user, err := v.Verify(t.Context(), tok)
		if err == nil && tok != good {
			t.Errorf("took a token that nobody signed, as %q", user)
		}
		if e, ok := errors.AsType[*cashu.Error](err); err != nil && !ok {
			t.Errorf("refused with %v", e)
		}
	})
}

func TestTheConfigurationIsChecked(t *testing.T) {
	t.Parallel()
	for name, cfg := range map[string]Config{
		"nothing":               {},
		"no client":             {Discovery: home + wellKnown},
		"plain http":            {Discovery: "http://login.example" + wellKnown, ClientID: client},
		"not the configuration": {Discovery: home, ClientID: client},
		"a password":            {Discovery: "https://a:b@login.example" + wellKnown, ClientID: client},
		"a negative time":       {Discovery: home + wellKnown, ClientID: client, Keep: -1},
	} {
		if _, err := New(cfg); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	for _, address := range []string{"http://127.0.0.1:9000" + wellKnown, "http://[::1]:9000" + wellKnown, "http://localhost" + wellKnown} {
		if _, err := New(Config{Discovery: address, ClientID: client}); err != nil {
			t.Errorf("on this machine: %v", err)
		}
	}
}
