// Package oidc decides whether a clear authentication token (NUT-21) is one that
// the operator's OpenID Connect provider gave to a user of the mint.
//
// It trusts the provider that it finds at the configured address, over TLS, and
// nothing that a token says of itself before its signature was verified with a key
// of the provider: neither which algorithm nor where keys are. It must never ask
// the provider more often because wallets send more, never take a token in doubt,
// and never log or show a token or a name.
package oidc

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/go-jose/go-jose/v4"
	"github.com/go-jose/go-jose/v4/jwt"

	"mintmark/cashu"
)

// Config says whose tokens are taken. Discovery and ClientID are required.
type Config struct {
	// Discovery is the address of the provider's configuration. It ends with
	// /.well-known/openid-configuration, and what is before that is the issuer.
	// https, or http on a loopback address.
	Discovery string
	// ClientID is the client that wallets log in as. Tokens given to others are
	// refused.
	ClientID string
	// Audience must be among the audiences of a token. Empty: any will do, if the
	// token was given to ClientID.
	Audience string
	// Leeway is how far clocks may be apart. 0 = 30 s.
	Leeway time.Duration
	// Refresh is how old the provider's keys become before they are fetched
	// again, while the old ones are still used. 0 = 10 minutes.
	Refresh time.Duration
	// Keep is how old they may become when the provider does not answer. Then
	// every token is refused. It is also how long a key is trusted that the
	// provider has taken back and cannot say so. 0 = 4 hours.
	Keep time.Duration
	// Spacing is the shortest time between two fetches, whatever wallets send: a
	// token with an unknown key causes one if none was made for so long. 0 = 15 s.
	Spacing time.Duration
	// Timeout bounds a fetch. 0 = 5 s.
	Timeout time.Duration
	// Transport makes the requests; nil = one of its own.
	Transport http.RoundTripper
	Clock     func() time.Time // nil = time.Now
	Logger    *slog.Logger     // nil = discard
}

func (c *Config) setDefaults() {
	def := func(d *time.Duration, v time.Duration) {
		if *d == 0 {
			*d = v
		}
	}
	def(&c.Leeway, 30*time.Second)
	def(&c.Refresh, 10*time.Minute)
	def(&c.Keep, 4*time.Hour)
	def(&c.Spacing, 15*time.Second)
	def(&c.Timeout, 5*time.Second)
	if c.Clock == nil {
		c.Clock = time.Now
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
}

func (c *Config) validate() error {
	var problems []error
	if err := CheckDiscovery(c.Discovery); err != nil {
		problems = append(problems, err)
	}
	if c.ClientID == "" {
		problems = append(problems, errors.New("client id is missing"))
	}
	if min(c.Leeway, c.Refresh, c.Keep, c.Spacing, c.Timeout) < 0 {
		problems = append(problems, errors.New("a duration is negative"))
	}
	return errors.Join(problems...)
}

// Verifier checks tokens. It is safe for concurrent use.
type Verifier struct {
	cfg  Config
	ring *keyring
}

// New checks the configuration. It does not need the provider.
func New(cfg Config) (*Verifier, error) {
	if err := cfg.validate(); err != nil {
		return nil, fmt.Errorf("oidc configuration: %w", err)
	}
	cfg.setDefaults()
	return &Verifier{cfg, newKeyring(cfg)}, nil
}

// Close ends a fetch under way and waits for it.
func (v *Verifier) Close() error { return v.ring.Close() }

// Warm fetches the provider's keys, so that the first user need not wait and an
// operator hears at once of a provider that is not there.
func (v *Verifier) Warm() { v.ring.warm() }

// maxToken is more than any token in use and less than a header may have.
const maxToken = 8 << 10

// algorithms are those of NUT-21. A token says which one it wants; "none" and
// those with a shared secret are not among the choices.
var algorithms = []jose.SignatureAlgorithm{jose.ES256, jose.RS256}

var (
	errFailed  = cashu.Errorf(cashu.CodeClearAuthFailed, "clear authentication failed: the token is not valid")
	errExpired = cashu.Errorf(cashu.CodeClearAuthFailed, "clear authentication failed: the token has expired, or is not valid yet")
	errOther   = cashu.Errorf(cashu.CodeClearAuthFailed, "clear authentication failed: the token is not for this mint")
	errAway    = cashu.Errorf(cashu.CodeUnavailable, "the login provider is not available, try again")
)

// Verify returns the name of the user to whom the provider gave the token. A
// refusal is a *cashu.Error: with CodeClearAuthFailed, or with CodeUnavailable
// when the provider's keys cannot be had.
func (v *Verifier) Verify(ctx context.Context, token string) (user string, err error) {
	if token == "" || len(token) > maxToken {
		return "", errFailed
	}
	parsed, err := jwt.ParseSigned(token, algorithms)
	if err != nil || len(parsed.Headers) != 1 {
		return "", errFailed
	}
	header := parsed.Headers[0]
	if !isAccessToken(header) {
		return "", errFailed
	}
	issuer, keys, err := v.ring.find(ctx, header.KeyID, jose.SignatureAlgorithm(header.Algorithm))
	if err != nil {
		return "", err
	}
	var claims jwt.Claims
	var given struct {
		Party    string `json:"azp"`
		ClientID string `json:"client_id"`
	}
	verified := slices.ContainsFunc(keys, func(k jose.JSONWebKey) bool { return parsed.Claims(k.Key, &claims, &given) == nil })
	if !verified {
		return "", errFailed
	}
	return v.judge(issuer, claims, given.Party, given.ClientID)
}

// isAccessToken refuses what a provider signs for other purposes with the same
// keys and names as such: an order to log out, a proof of possession.
func isAccessToken(h jose.Header) bool {
	kind, ok := h.ExtraHeaders[jose.HeaderType]
	if !ok {
		return true
	}
	name, _ := kind.(string)
	switch strings.TrimPrefix(strings.ToLower(name), "application/") {
	case "jwt", "at+jwt":
		return true
	}
	return false
}

// judge decides on what a genuine token says.
func (v *Verifier) judge(issuer string, c jwt.Claims, party, clientID string) (string, error) {
	if c.Expiry == nil {
		return "", errExpired // it would be good for ever
	}
	err := c.ValidateWithLeeway(jwt.Expected{Issuer: issuer, Time: v.cfg.Clock()}, v.cfg.Leeway)
	switch {
	case errors.Is(err, jwt.ErrInvalidIssuer):
		return "", errOther
	case err != nil:
		return "", errExpired
	}
	for _, name := range []string{party, clientID} {
		if name != "" && name != v.cfg.ClientID {
			return "", errOther // given to another program
		}
	}
	if party == "" && clientID == "" && !c.Audience.Contains(v.cfg.ClientID) {
		return "", errOther
	}
	if v.cfg.Audience != "" && !c.Audience.Contains(v.cfg.Audience) {
		return "", errOther
	}
	if c.Subject == "" {
		return "", errFailed // a user who cannot be counted
	}
	return c.Subject, nil
}
