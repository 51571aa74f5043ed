package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"mintmark/cashu"
	"mintmark/mint"
)

// The headers of NUT-21 and NUT-22.
const (
	clearAuthHeader = "Clear-auth"
	blindAuthHeader = "Blind-auth"
)

// Authentication is what the mint knows of who may ask for what.
type Authentication interface {
	Protected() (clear, blind []cashu.ProtectedEndpoint)
	Protection(method, path string) mint.Protection
	IssueAuthTokens(ctx context.Context, user string, outputs []cashu.BlindedMessage) ([]cashu.BlindSignature, error)
	UseAuthToken(ctx context.Context, token cashu.BlindAuthToken) (giveBack func(), err error)
}

// Logins knows the users of the operator's login provider.
type Logins interface {
	// Verify returns the user to whom a token was given. Refusals are *cashu.Error.
	Verify(ctx context.Context, token string) (user string, err error)
}

// authRoutes are the routes of NUT-22, which are there if something needs blind
// tokens.
func (a *api) authRoutes() map[string]handler {
	if _, blind := a.mint.Protected(); len(blind) == 0 {
		return nil
	}
	return map[string]handler{
		"GET /v1/auth/blind/keys":      a.authKeys,
		"GET /v1/auth/blind/keys/{id}": a.authKeysOf,
		"GET /v1/auth/blind/keysets":   a.authKeysetList,
		"POST /v1/auth/blind/mint":     a.issueAuthTokens,
	}
}

// protect puts the guard before the routes that a protected endpoint can mean, and
// leaves the others as they are. An endpoint that means no route is a mistake that
// would leave something open.
func (a *api) protect(table map[string]handler) error {
	clear, blind := a.mint.Protected()
	var problems []error
	guarded := map[string]bool{}
	for _, e := range append(append([]cashu.ProtectedEndpoint{}, clear...), blind...) {
		found := false
		for pattern := range table {
			if mayMean(e, pattern) {
				guarded[pattern], found = true, true
			}
		}
		if !found {
			problems = append(problems, fmt.Errorf("protected endpoint %v is no route of the mint", e))
		}
	}
	for pattern := range guarded {
		table[pattern] = a.guarded(table[pattern])
	}
	return errors.Join(problems...)
}

// mayMean tells whether some request for the route of this pattern is one for the
// endpoint.
func mayMean(e cashu.ProtectedEndpoint, pattern string) bool {
	verb, path, ok := strings.Cut(pattern, " ")
	switch {
	case !ok:
		path = pattern // for every verb
	case verb != e.Method:
		return false
	}
	route := strings.Split(path, "/")
	wanted, open := strings.CutSuffix(e.Path, "*")
	parts := strings.Split(wanted, "/")
	if len(route) < len(parts) || !open && len(route) > len(parts) {
		return false
	}
	for i, part := range parts {
		wild := strings.HasPrefix(route[i], "{")
		prefix := open && i == len(parts)-1 && strings.HasPrefix(route[i], part)
		if !wild && !prefix && route[i] != part {
			return false
		}
	}
	return true
}

// guarded lets a request in that has what its path needs. A blind token is used
// up by a request that is refused, too; only when the mint could not work and has
// done nothing does the wallet get it back.
func (a *api) guarded(h handler) handler {
	return func(w http.ResponseWriter, r *http.Request) error {
		switch a.mint.Protection(r.Method, r.URL.Path) {
		case mint.ClearAuth:
			_, err := a.user(r)
			if a.authenticated("clear", outcome(err)); err != nil {
				return err
			}
		case mint.BlindAuth:
			giveBack, err := a.useToken(r)
			if a.authenticated("blind", outcome(err)); err != nil {
				return err
			}
			err = h(w, r)
			if errors.Is(err, cashu.ErrUnavailable) || errors.Is(err, cashu.ErrRateLimited) {
				giveBack()
				a.authenticated("blind", "given back")
			}
			return err
		}
		return h(w, r)
	}
}

// outcome is a word for what came of looking at a token.
func outcome(err error) string {
	switch {
	case err == nil:
		return "accepted"
	case errors.Is(err, cashu.ErrClearAuthRequired), errors.Is(err, cashu.ErrBlindAuthRequired):
		return "missing"
	case errors.Is(err, cashu.ErrClearAuthFailed), errors.Is(err, cashu.ErrBlindAuthFailed):
		return "refused"
	}
	return "not decided" // the login provider or the database is away, for one
}

// user finds out who asks (NUT-21).
func (a *api) user(r *http.Request) (string, error) {
	switch tokens := r.Header.Values(clearAuthHeader); {
	case len(tokens) == 0 || tokens[0] == "":
		return "", cashu.ErrClearAuthRequired
	case len(tokens) > 1:
		return "", cashu.Errorf(cashu.CodeClearAuthFailed, "clear authentication failed: more than one token")
	default:
		return a.logins.Verify(r.Context(), tokens[0])
	}
}

// useToken uses the blind token of the request (NUT-22).
func (a *api) useToken(r *http.Request) (giveBack func(), err error) {
	tokens := r.Header.Values(blindAuthHeader)
	switch {
	case len(tokens) == 0 || tokens[0] == "":
		return nil, cashu.ErrBlindAuthRequired
	case len(tokens) > 1:
		return nil, cashu.Errorf(cashu.CodeBlindAuthFailed, "blind authentication failed: more than one token")
	}
	token, err := cashu.ParseBlindAuthToken(tokens[0])
	if err != nil {
		return nil, err
	}
	return a.mint.UseAuthToken(r.Context(), token)
}

// issueAuthTokens is POST /v1/auth/blind/mint (NUT-22). It knows its user, so no
// guard stands before it.
func (a *api) issueAuthTokens(w http.ResponseWriter, r *http.Request) error {
	user, err := a.user(r)
	if a.authenticated("clear", outcome(err)); err != nil {
		return err
	}
	var req cashu.BlindAuthMintRequest
	if err := a.read(w, r, &req, a.outputs()); err != nil {
		return err
	}
	sigs, err := a.mint.IssueAuthTokens(r.Context(), user, req.Outputs)
	if err != nil {
		return err
	}
	return answer(w, cashu.MintResponse{Signatures: sigs})
}
