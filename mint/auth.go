package mint

import (
	"errors"
	"fmt"

	"mintmark/cashu"
)

// Auth says which requests need authentication and how users get it (NUT-21,
// NUT-22). Who a user is, is decided elsewhere: this package sees a name only,
// and only to count.
type Auth struct {
	// Discovery and ClientID are where wallets log in, for /v1/info.
	Discovery string
	ClientID  string
	// Clear lists what needs a token that names the user, Blind what needs one
	// that names nobody. No request may be covered by both.
	Clear []cashu.ProtectedEndpoint
	Blind []cashu.ProtectedEndpoint
	// MaxTokens is how many blind tokens one request may ask for. 0 = 50.
	MaxTokens int
	// TokensPerHour is how many blind tokens one user may have signed, in the
	// long run and at once after a pause. 0 = 1000, negative = any number.
	TokensPerHour int
}

// authMint is where blind tokens come from. It always needs a clear one.
var authMint = cashu.ProtectedEndpoint{Method: "POST", Path: "/v1/auth/blind/mint"}

// Without authentication a wallet must be able to learn how to authenticate.
var authOpen = []cashu.ProtectedEndpoint{{Method: "GET", Path: "/v1/info"}, {Method: "GET", Path: "/v1/auth/blind/*"}}

func (a *Auth) withDefaults() *Auth {
	if a == nil {
		return nil
	}
	b := *a
	if b.MaxTokens == 0 {
		b.MaxTokens = 50
	}
	if b.TokensPerHour == 0 {
		b.TokensPerHour = 1000
	}
	if b.blind() && !covers(b.Clear, authMint) {
		b.Clear = append([]cashu.ProtectedEndpoint{authMint}, b.Clear...)
	}
	return &b
}

// Validate says everything that is wrong.
func (a *Auth) Validate() error {
	if a == nil {
		return nil
	}
	var problems []error
	refuse := func(format string, args ...any) { problems = append(problems, fmt.Errorf(format, args...)) }
	if len(a.Clear)+len(a.Blind) == 0 {
		refuse("authentication protects nothing")
	}
	for _, e := range append(append([]cashu.ProtectedEndpoint{}, a.Clear...), a.Blind...) {
		if _, err := cashu.ParseProtectedEndpoint(e.String()); err != nil {
			refuse("protected endpoint %w", err)
		}
		for _, open := range authOpen {
			if e.Overlaps(open) {
				refuse("%v must not be protected by %v: wallets learn there how to authenticate", open, e)
			}
		}
	}
	for _, b := range a.Blind {
		if b.Overlaps(authMint) {
			refuse("%v covers %v, which is where blind tokens come from", b, authMint)
		}
		for _, c := range a.Clear {
			if b.Overlaps(c) {
				refuse("%v and %v overlap: one request cannot need both ways to authenticate", c, b)
			}
		}
	}
	if a.MaxTokens < 0 {
		refuse("max tokens is negative")
	}
	return errors.Join(problems...)
}

func (a *Auth) blind() bool { return len(a.Blind) > 0 }

func covers(list []cashu.ProtectedEndpoint, e cashu.ProtectedEndpoint) bool {
	for _, p := range list {
		if p.Matches(e.Method, e.Path) {
			return true
		}
	}
	return false
}

// Protection is what a request needs.
type Protection uint8

const (
	Unprotected Protection = iota
	ClearAuth              // a token that names the user (NUT-21)
	BlindAuth              // one that names nobody (NUT-22)
)

// Protected lists the endpoints that need authentication. Both are empty when
// there is none.
func (m *Mint) Protected() (clear, blind []cashu.ProtectedEndpoint) {
	if a := m.cfg.Auth; a != nil {
		return a.Clear, a.Blind
	}
	return nil, nil
}

// Protection says what a request for this path needs. The path is the decoded
// one, by which the route was found.
func (m *Mint) Protection(method, path string) Protection {
	a := m.cfg.Auth
	switch request := (cashu.ProtectedEndpoint{Method: method, Path: path}); {
	case a == nil:
		return Unprotected
	case covers(a.Clear, request):
		return ClearAuth
	case covers(a.Blind, request):
		return BlindAuth
	}
	return Unprotected
}

// authInfo tells wallets of it (NUT-06).
func (m *Mint) authInfo(nuts map[string]any) {
	a := m.cfg.Auth
	if a == nil {
		return
	}
	nuts["21"] = cashu.ClearAuthInfo{OpenIDDiscovery: a.Discovery, ClientID: a.ClientID, ProtectedEndpoints: a.Clear}
	if a.blind() {
		nuts["22"] = cashu.BlindAuthInfo{MaxTokens: a.MaxTokens, ProtectedEndpoints: a.Blind}
	}
}
