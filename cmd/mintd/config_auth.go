package main

import (
	"io"
	"log/slog"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/httpapi"
	"mintmark/mint/oidc"
)

// Auth says which requests need authentication (NUT-21, NUT-22) and which
// provider knows the users. Without a discovery address nothing needs any.
type Auth struct {
	// Discovery is the address of the OpenID Connect provider's configuration,
	// "https://…/.well-known/openid-configuration". Wallets are told of it, and
	// mintd fetches the provider's keys from there. Empty: no authentication.
	Discovery string `toml:"discovery"`
	// ClientID is the client that wallets log in as: a public one, without a
	// secret. Tokens that the provider gave to other clients are refused.
	ClientID string `toml:"client_id"`
	// Audience must be among the audiences of a token. Empty: any will do.
	Audience string `toml:"audience"`
	// Clear lists what needs a token that names the user, such as
	// "POST /v1/mint/quote/*": a method, and a path that is exact or ends with
	// "*". With blind tokens, POST /v1/auth/blind/mint is always among them.
	Clear []string `toml:"clear"`
	// Blind lists likewise what needs a blind token, which names nobody. They
	// need a keyset of the unit "auth":
	// signatory keysets rotate --unit auth --amounts 1 --final-expiry 2160h
	Blind []string `toml:"blind"`
	// MaxTokens is how many blind tokens one request may ask for. Default 50.
	MaxTokens int `toml:"max_tokens"`
	// TokensPerHour is how many one user may ask for, in the long run and at once
	// after a pause. It is counted in memory, in every mintd. Default 1000; 0 is
	// any number.
	TokensPerHour int `toml:"tokens_per_hour"`
	// KeepKeys is for how long the provider's keys are used when it does not
	// answer; then nobody gets in. Default "4h".
	KeepKeys Duration `toml:"keep_keys"`
}

func defaultAuth() Auth {
	return Auth{Clear: []string{}, Blind: []string{}, MaxTokens: 50, TokensPerHour: 1000, KeepKeys: Duration(4 * time.Hour)}
}

func (a Auth) validate(wrong func(key, format string, args ...any)) {
	for key, list := range map[string][]string{"auth.clear": a.Clear, "auth.blind": a.Blind} {
		for _, s := range list {
			if _, err := cashu.ParseProtectedEndpoint(s); err != nil {
				wrong(key, "%v", err)
			}
		}
	}
	if a.MaxTokens < 1 || a.MaxTokens > maxItems {
		wrong("auth.max_tokens", "must be between 1 and %d", maxItems)
	}
	if a.TokensPerHour != 0 && (a.TokensPerHour < a.MaxTokens || a.TokensPerHour > 1e6) {
		wrong("auth.tokens_per_hour", "must be 0, or between max_tokens and 1000000")
	}
	if a.KeepKeys.std() < time.Minute || a.KeepKeys.std() > 7*24*time.Hour {
		wrong("auth.keep_keys", "must be between 1m and 168h")
	}
	if a.Discovery == "" {
		if len(a.Clear)+len(a.Blind) > 0 {
			wrong("auth.discovery", "is needed to protect anything")
		}
		return
	}
	if err := oidc.CheckDiscovery(a.Discovery); err != nil {
		wrong("auth.discovery", "%v", err)
	}
	if a.ClientID == "" {
		wrong("auth.client_id", "is empty")
	}
	if err := a.mint().Validate(); err != nil {
		wrong("auth", "%v", err)
	}
}

// mint is what the mint is told; nil: no authentication.
func (a Auth) mint() *mint.Auth {
	if a.Discovery == "" {
		return nil
	}
	m := &mint.Auth{Discovery: a.Discovery, ClientID: a.ClientID, MaxTokens: a.MaxTokens, TokensPerHour: a.TokensPerHour}
	if a.TokensPerHour == 0 {
		m.TokensPerHour = -1
	}
	for _, s := range a.Clear {
		e, _ := cashu.ParseProtectedEndpoint(s) // validate has seen it
		m.Clear = append(m.Clear, e)
	}
	for _, s := range a.Blind {
		e, _ := cashu.ParseProtectedEndpoint(s)
		m.Blind = append(m.Blind, e)
	}
	return m
}

// openLogins begins to know the users; nil when nobody has to log in.
func openLogins(a Auth, log *slog.Logger) (httpapi.Logins, io.Closer, error) {
	if a.Discovery == "" {
		return nil, noLogins{}, nil
	}
	v, err := oidc.New(oidc.Config{
		Discovery: a.Discovery, ClientID: a.ClientID, Audience: a.Audience, Keep: a.KeepKeys.std(), Logger: log,
	})
	if err != nil {
		return nil, nil, err
	}
	v.Warm()
	return v, v, nil
}

type noLogins struct{}

func (noLogins) Close() error { return nil }
