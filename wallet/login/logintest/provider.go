// Package logintest is a login provider for tests: it does what providers do, as
// strictly as the strictest of them. Refresh tokens are good for one use, and one that
// comes twice ends the login.
//
// It is for tests only. Its user is asked nothing.
package logintest

import (
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"sync"
	"testing"

	"mintmark/cashu"
)

// ClientID is the only client that the provider knows.
const ClientID = "wallets"

// Provider is a running provider.
type Provider struct {
	// Lifetime of access tokens in seconds; 0: it does not say. Set before use.
	Lifetime int64
	// Waits is how often a device is told to ask again before its user has logged in.
	Waits int

	server *httptest.Server

	mu       sync.Mutex
	made     int
	access   map[string]int // to the number of the login
	refresh  map[string]int
	used     map[string]int
	codes    map[string]string // to the challenge
	devices  map[string]int    // to how often they have asked
	renewals int
	down     bool
	without  map[string]bool
}

// New starts a provider that ends with the test. without are the endpoints that it
// does not have, by their names in its configuration.
func New(t testing.TB, without ...string) *Provider {
	p := &Provider{
		Lifetime: 600,
		access:   map[string]int{}, refresh: map[string]int{}, used: map[string]int{},
		codes: map[string]string{}, devices: map[string]int{}, without: map[string]bool{},
	}
	for _, name := range without {
		p.without[name] = true
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", p.about)
	mux.HandleFunc("POST /token", p.token)
	mux.HandleFunc("POST /device", p.device)
	mux.HandleFunc("GET /authorize", p.authorize)
	mux.HandleFunc("POST /revoke", p.revoke)
	p.server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		p.mu.Lock()
		down := p.down
		p.mu.Unlock()
		if down {
			http.Error(w, "away", http.StatusBadGateway)
			return
		}
		mux.ServeHTTP(w, r)
	}))
	t.Cleanup(p.server.Close)
	return p
}

// Info is what a mint says of this provider, about these endpoints.
func (p *Provider) Info(endpoints ...cashu.ProtectedEndpoint) cashu.ClearAuthInfo {
	return cashu.ClearAuthInfo{OpenIDDiscovery: p.Discovery(), ClientID: ClientID, ProtectedEndpoints: endpoints}
}

// Discovery is where its configuration is.
func (p *Provider) Discovery() string { return p.server.URL + "/.well-known/openid-configuration" }

// Down makes it answer nothing that makes sense, or end that.
func (p *Provider) Down(down bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.down = down
}

// Forget ends all logins.
func (p *Provider) Forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.access)
	clear(p.refresh)
}

// Expire ends all access tokens; refresh tokens are still good.
func (p *Provider) Expire() {
	p.mu.Lock()
	defer p.mu.Unlock()
	clear(p.access)
}

// Renewals is how often tokens were renewed.
func (p *Provider) Renewals() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.renewals
}

// Verify is what a mint does with a token: mint/httpapi.Logins.
func (p *Provider) Verify(_ context.Context, token string) (string, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if n, ok := p.access[token]; ok {
		return fmt.Sprint("user ", n), nil
	}
	return "", cashu.ErrClearAuthFailed
}

func (p *Provider) about(w http.ResponseWriter, _ *http.Request) {
	all := map[string]any{
		"issuer": p.server.URL, "token_endpoint": p.server.URL + "/token", "authorization_endpoint": p.server.URL + "/authorize?kept=1",
		"device_authorization_endpoint": p.server.URL + "/device", "revocation_endpoint": p.server.URL + "/revoke",
		"scopes_supported": []string{"openid", "offline_access"},
	}
	maps.DeleteFunc(all, func(name string, _ any) bool { return p.without[name] })
	answer(w, http.StatusOK, all)
}

func answer(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

func refuse(w http.ResponseWriter, code string) {
	answer(w, http.StatusBadRequest, map[string]string{"error": code, "error_description": "it says " + code + "\x1b[31m"})
}

// give makes tokens of a login. The caller holds mu.
func (p *Provider) give(w http.ResponseWriter, login int) {
	p.made++
	access, refresh := fmt.Sprint("access-", p.made), fmt.Sprint("refresh-", p.made)
	p.access[access], p.refresh[refresh] = login, login
	v := map[string]any{"access_token": access, "token_type": "Bearer", "refresh_token": refresh}
	if p.without["refresh_token"] {
		delete(v, "refresh_token")
	}
	if p.Lifetime != 0 {
		v["expires_in"] = p.Lifetime
	}
	answer(w, http.StatusOK, v)
}

func (p *Provider) token(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.PostFormValue("client_id") != ClientID {
		refuse(w, "invalid_client")
		return
	}
	switch r.PostFormValue("grant_type") {
	case "refresh_token":
		p.renew(w, r.PostFormValue("refresh_token"))
	case "password":
		if r.PostFormValue("username") != "alice" || r.PostFormValue("password") != "open sesame" {
			refuse(w, "invalid_grant")
			return
		}
		p.give(w, p.made)
	case "authorization_code":
		challenge, ok := p.codes[r.PostFormValue("code")]
		delete(p.codes, r.PostFormValue("code"))
		sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
		if !ok || challenge != base64.RawURLEncoding.EncodeToString(sum[:]) {
			refuse(w, "invalid_grant")
			return
		}
		p.give(w, p.made)
	case "urn:ietf:params:oauth:grant-type:device_code":
		n, ok := p.devices[r.PostFormValue("device_code")]
		p.devices[r.PostFormValue("device_code")]++
		switch {
		case !ok:
			refuse(w, "expired_token")
		case n < p.Waits:
			refuse(w, "authorization_pending")
		case p.without["consent"]:
			refuse(w, "access_denied")
		default:
			p.give(w, p.made)
		}
	default:
		refuse(w, "unsupported_grant_type")
	}
}

// renew takes a refresh token once. One that comes again was stolen, so the login
// ends.
func (p *Provider) renew(w http.ResponseWriter, token string) {
	if login, again := p.used[token]; again {
		maps.DeleteFunc(p.access, func(_ string, n int) bool { return n == login })
		maps.DeleteFunc(p.refresh, func(_ string, n int) bool { return n == login })
	}
	login, ok := p.refresh[token]
	if !ok {
		refuse(w, "invalid_grant")
		return
	}
	delete(p.refresh, token)
	p.used[token] = login
	p.renewals++
	p.give(w, login)
}

func (p *Provider) device(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if r.PostFormValue("client_id") != ClientID {
		refuse(w, "unauthorized_client")
		return
	}
	code := fmt.Sprint("device-", len(p.devices))
	p.devices[code] = 0
	answer(w, http.StatusOK, map[string]any{
		"device_code": code, "user_code": "WDJB-MJHT", "verification_uri": p.server.URL + "/go",
		"verification_uri_complete": p.server.URL + "/go?code=WDJB-MJHT", "expires_in": 60, "interval": 1,
	})
}

// authorize sends the browser back, as if its user had agreed.
func (p *Provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	back, err := url.Parse(q.Get("redirect_uri"))
	known := q.Get("client_id") == ClientID && q.Get("response_type") == "code" && q.Get("code_challenge_method") == "S256" && q.Get("kept") == "1"
	if err != nil || !known || !slices.Contains([]string{"localhost", "127.0.0.1"}, back.Hostname()) {
		http.Error(w, "no", http.StatusBadRequest)
		return
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	code := fmt.Sprint("code-", len(p.codes))
	p.codes[code] = q.Get("code_challenge")
	answers := url.Values{"state": {q.Get("state")}, "code": {code}}
	if p.without["consent"] {
		answers = url.Values{"state": {q.Get("state")}, "error": {"access_denied"}}
	}
	back.RawQuery = answers.Encode()
	http.Redirect(w, r, back.String(), http.StatusFound)
}

func (p *Provider) revoke(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	token := r.PostFormValue("token")
	login, ok := p.refresh[token]
	if !ok {
		login, ok = p.access[token]
	}
	if ok {
		maps.DeleteFunc(p.access, func(_ string, n int) bool { return n == login })
		maps.DeleteFunc(p.refresh, func(_ string, n int) bool { return n == login })
	}
	w.WriteHeader(http.StatusOK)
}
