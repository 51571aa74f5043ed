// Package login gets tokens from the login provider that a mint names (NUT-21): an
// OpenID Connect provider, of which the wallet is a public client without a secret.
//
// It trusts the provider with the user's name, and nothing else: whatever it answers
// is bounded in size and time, and only text that can be printed is passed on. It must
// never send a token to anybody but the provider that has given it, over anything but
// TLS, and never put one into an error.
package login

import (
	"cmp"
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"mintmark/internal/address"
	"mintmark/internal/printable"
)

// Errors of a login.
var (
	// ErrEnded: the provider does not know the login any more. The user has to log
	// in again.
	ErrEnded = errors.New("the login has ended")
	// ErrUnreachable: the provider has not answered, or not in a way that makes
	// sense. A login that was there is still there.
	ErrUnreachable = errors.New("the login provider cannot be reached")
	// ErrNoSuchFlow: the provider does not offer this way to log in.
	ErrNoSuchFlow = errors.New("the login provider does not offer this way to log in")
)

var errNoToken = fmt.Errorf("%w: it says yes and gives no token", ErrUnreachable)

// Refused is an error that the provider names (RFC 6749).
type Refused struct {
	Code   string // access_denied and the like
	Detail string // its own words
}

// Error gives the words, or the code.
func (r *Refused) Error() string { return "the login provider refuses: " + cmp.Or(r.Detail, r.Code) }

// Tokens are what a provider has given. They print as [redacted].
type Tokens struct {
	Access  string
	Refresh string    // empty: none
	Expires time.Time // of Access; zero: unknown
}

// Format prints [redacted].
func (Tokens) Format(f fmt.State, _ rune) { _, _ = io.WriteString(f, "[redacted]") }

// LogValue prints [redacted].
func (Tokens) LogValue() slog.Value { return slog.StringValue("[redacted]") }

// Config says which provider. Discovery and ClientID are required; they come from the
// mint.
type Config struct {
	Discovery string
	ClientID  string
	// Transport carries the requests; nil = that of net/http.
	Transport http.RoundTripper
	// Timeout of one request; 0 = 15 s.
	Timeout time.Duration
	Clock   func() time.Time // nil = time.Now
}

// Provider is a login provider that has told about itself.
type Provider struct {
	cfg   Config
	http  http.Client
	about about
}

// about is what is read of a provider's configuration.
type about struct {
	Issuer        string   `json:"issuer"`
	Token         string   `json:"token_endpoint"`
	Authorization string   `json:"authorization_endpoint"`
	Device        string   `json:"device_authorization_endpoint"`
	Revocation    string   `json:"revocation_endpoint"`
	Scopes        []string `json:"scopes_supported"`
}

const (
	wellKnown = "/.well-known/openid-configuration"
	maxAnswer = 256 << 10
	mostText  = 300 // characters of what a provider says
)

// Discover asks a provider about itself.
func Discover(ctx context.Context, cfg Config) (*Provider, error) {
	if cfg.Timeout == 0 {
		cfg.Timeout = 15 * time.Second
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.ClientID == "" {
		return nil, errors.New("the mint does not say as which program to log in")
	}
	if err := checkAddress(cfg.Discovery); err != nil {
		return nil, err
	}
	p := &Provider{cfg: cfg, http: http.Client{
		Transport: cfg.Transport, Timeout: cfg.Timeout,
		// A token goes where the provider's configuration says, and no further.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, cfg.Discovery, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: its address makes no sense", ErrUnreachable)
	}
	status, body, err := p.do(req)
	if err != nil {
		return nil, err
	}
	if status != http.StatusOK || json.Unmarshal(body, &p.about) != nil {
		return nil, fmt.Errorf("%w: it does not tell about itself, HTTP %d", ErrUnreachable, status)
	}
	if strings.TrimSuffix(p.about.Issuer, "/")+wellKnown != cfg.Discovery {
		return nil, fmt.Errorf("the login provider calls itself %q, which is not where it was found", printable.Text(p.about.Issuer, mostText))
	}
	for _, address := range []string{p.about.Token, p.about.Authorization, p.about.Device, p.about.Revocation} {
		if err := checkAddress(address); address != "" && err != nil {
			return nil, err
		}
	}
	if p.about.Token == "" {
		return nil, fmt.Errorf("%w: it has no place for tokens", ErrUnreachable)
	}
	return p, nil
}

// Issuer is the provider's own name, an address.
func (p *Provider) Issuer() string { return printable.Text(p.about.Issuer, mostText) }

// checkAddress demands TLS, except on this machine.
func checkAddress(text string) error {
	u, err := url.Parse(text)
	if err != nil || u.Host == "" || u.User != nil || u.Fragment != "" {
		return fmt.Errorf("%q is not an address of a login provider", printable.Text(text, mostText))
	}
	if u.Scheme != "https" && (u.Scheme != "http" || !address.IsLoopback(u.Hostname())) {
		return fmt.Errorf("the login provider is at %q, which is not https", printable.Text(text, mostText))
	}
	return nil
}

// scope is what the tokens are asked for: with offline_access, where there is such a
// thing, they come with one that gets the next.
func (p *Provider) scope() string {
	if slices.Contains(p.about.Scopes, "offline_access") {
		return "openid offline_access"
	}
	return "openid"
}

// Refresh gets the next tokens. Providers may give a refresh token once: the one that
// was used is of no use any more, unless the answer has none.
func (p *Provider) Refresh(ctx context.Context, refresh string) (Tokens, error) {
	t, err := p.token(ctx, url.Values{"grant_type": {"refresh_token"}, "refresh_token": {refresh}})
	if r, ok := errors.AsType[*Refused](err); ok && r.Code == "invalid_grant" {
		return Tokens{}, fmt.Errorf("%w: %w", ErrEnded, err)
	}
	t.Refresh = cmp.Or(t.Refresh, refresh)
	return t, err
}

// Password logs in with a name and a password, which the wallet then has seen:
// for providers that have no better way.
func (p *Provider) Password(ctx context.Context, user, password string) (Tokens, error) {
	return p.token(ctx, url.Values{"grant_type": {"password"}, "username": {user}, "password": {password}, "scope": {p.scope()}})
}

// Revoke tells the provider that tokens will not be used any more.
func (p *Provider) Revoke(ctx context.Context, t Tokens) error {
	if p.about.Revocation == "" {
		return nil
	}
	form := url.Values{"token": {t.Access}, "token_type_hint": {"access_token"}}
	if t.Refresh != "" { // takes the others along
		form = url.Values{"token": {t.Refresh}, "token_type_hint": {"refresh_token"}}
	}
	_, err := p.post(ctx, p.about.Revocation, form)
	return err
}

// token asks for tokens.
func (p *Provider) token(ctx context.Context, form url.Values) (Tokens, error) {
	body, err := p.post(ctx, p.about.Token, form)
	if err != nil {
		return Tokens{}, err
	}
	var v struct {
		Access  string `json:"access_token"`
		Refresh string `json:"refresh_token"`
		Expires int64  `json:"expires_in"`
	}
	if json.Unmarshal(body, &v) != nil || v.Access == "" || strings.ContainsFunc(v.Access, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return Tokens{}, errNoToken
	}
	t := Tokens{Access: v.Access, Refresh: v.Refresh, Expires: expiryOf(v.Access)}
	if v.Expires > 0 {
		t.Expires = p.cfg.Clock().Add(time.Duration(min(v.Expires, 1<<31)) * time.Second)
	}
	return t, nil
}

// expiryOf reads when a token ends, if it is one that can be read; the mint verifies
// it.
func expiryOf(token string) time.Time {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return time.Time{}
	}
	text, err := base64.RawURLEncoding.DecodeString(parts[1])
	var claims struct {
		Expires float64 `json:"exp"`
	}
	if err != nil || json.Unmarshal(text, &claims) != nil || claims.Expires <= 0 || claims.Expires > 1<<40 {
		return time.Time{}
	}
	return time.Unix(int64(claims.Expires), 0)
}

// post sends a form as this client. The answer is a success; else the error is a
// *Refused or wraps ErrUnreachable.
func (p *Provider) post(ctx context.Context, address string, form url.Values) ([]byte, error) {
	form.Set("client_id", p.cfg.ClientID)
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, address, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, fmt.Errorf("%w: its address makes no sense", ErrUnreachable)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.GetBody = nil // net/http must not send it twice on its own
	status, body, err := p.do(req)
	switch {
	case err != nil:
		return nil, err
	case status >= 200 && status <= 299:
		return body, nil
	}
	var v struct {
		Error  string `json:"error"`
		Detail string `json:"error_description"`
	}
	if json.Unmarshal(body, &v) != nil || v.Error == "" || status >= 500 {
		return nil, fmt.Errorf("%w: HTTP %d", ErrUnreachable, status)
	}
	return nil, &Refused{Code: printable.Text(v.Error, mostText), Detail: printable.Text(v.Detail, mostText)}
}

func (p *Provider) do(req *http.Request) (status int, body []byte, err error) {
	req.Header.Set("Accept", "application/json")
	req.Header.Set("User-Agent", "mintmark")
	resp, err := p.http.Do(req)
	if err != nil {
		if ctxErr := req.Context().Err(); ctxErr != nil {
			return 0, nil, fmt.Errorf("%w: %w", ErrUnreachable, ctxErr)
		}
		return 0, nil, ErrUnreachable // the text of net/http has the address, with what is in it
	}
	defer resp.Body.Close()
	body, err = io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil || len(body) > maxAnswer {
		return 0, nil, fmt.Errorf("%w: its answer was cut off, or has no end", ErrUnreachable)
	}
	return resp.StatusCode, body, nil
}
