package cashu

import (
	"encoding/base64"
	"fmt"
	"log/slog"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"mintmark/bdhke"
)

// ProtectedEndpoint names requests that need authentication (NUT-21, NUT-22).
// The path is exact, or, when it ends with *, what the path begins with. Nothing
// else in it has a meaning; it is never a regular expression.
type ProtectedEndpoint struct {
	Method string `json:"method"`
	Path   string `json:"path"`
}

// ParseProtectedEndpoint reads "POST /v1/swap" or "GET /v1/mint/quote/*".
func ParseProtectedEndpoint(s string) (ProtectedEndpoint, error) {
	method, path, _ := strings.Cut(s, " ")
	e := ProtectedEndpoint{Method: method, Path: path}
	switch {
	case method != "GET" && method != "POST":
		return e, fmt.Errorf("%q does not begin with GET or POST", s)
	case !strings.HasPrefix(path, "/"):
		return e, fmt.Errorf("%q has no path after %s", s, method)
	case strings.ContainsAny(path, " ?#%^$()[]{}\\|+"):
		return e, fmt.Errorf("%q has a sign in its path that no path of a mint has", s)
	case strings.Contains(strings.TrimSuffix(path, "*"), "*"):
		return e, fmt.Errorf("%q has a * that is not at its end", s)
	}
	return e, nil
}

// String is what ParseProtectedEndpoint reads.
func (e ProtectedEndpoint) String() string { return e.Method + " " + e.Path }

// Matches tells whether the endpoint covers a request. HEAD is a GET of which
// only the head is sent.
func (e ProtectedEndpoint) Matches(method, path string) bool {
	if method == "HEAD" {
		method = "GET"
	}
	if method != e.Method {
		return false
	}
	prefix, open := strings.CutSuffix(e.Path, "*")
	return path == e.Path || open && strings.HasPrefix(path, prefix)
}

// Overlaps tells whether some request is covered by both.
func (e ProtectedEndpoint) Overlaps(other ProtectedEndpoint) bool {
	if e.Method != other.Method {
		return false
	}
	a, openA := strings.CutSuffix(e.Path, "*")
	b, openB := strings.CutSuffix(other.Path, "*")
	return a == b || openA && strings.HasPrefix(b, a) || openB && strings.HasPrefix(a, b)
}

// ClearAuthInfo is the settings of NUT-21.
type ClearAuthInfo struct {
	OpenIDDiscovery    string              `json:"openid_discovery"`
	ClientID           string              `json:"client_id"`
	ProtectedEndpoints []ProtectedEndpoint `json:"protected_endpoints"`
}

// BlindAuthInfo is the settings of NUT-22.
type BlindAuthInfo struct {
	MaxTokens          int                 `json:"bat_max_mint"`
	ProtectedEndpoints []ProtectedEndpoint `json:"protected_endpoints"`
}

// BlindAuthMintRequest is the body of POST /v1/auth/blind/mint (NUT-22).
type BlindAuthMintRequest struct {
	Outputs []BlindedMessage `json:"outputs"`
}

// UnmarshalJSONFrom reads the outputs; a missing list is an empty one.
func (r *BlindAuthMintRequest) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v BlindAuthMintRequest
	err := readObject(d, "body", func(name string) (err error) {
		if name != "outputs" {
			return d.SkipValue()
		}
		v.Outputs, err = readList[BlindedMessage](d, name)
		return err
	})
	if err != nil {
		return err
	}
	*r = v
	return nil
}

// BlindAuthToken is a blind authentication token: a proof of the amount 1 under a
// keyset of the unit auth, good for one request (NUT-22).
type BlindAuthToken struct {
	ID     KeysetID
	Secret string
	C      bdhke.Point
}

const (
	blindAuthPrefix = "authA"
	// maxBlindAuthToken is enough for any secret that a mint takes.
	maxBlindAuthToken = 4096
)

// ParseBlindAuthToken reads what stands in the header Blind-auth: "authA" and the
// base64 of {"id","secret","C"}, of either alphabet, padded or not. Everything
// else in the object is ignored: some wallets add the dleq that they must not.
func ParseBlindAuthToken(s string) (BlindAuthToken, error) {
	refused := Errorf(CodeBlindAuthFailed, "blind authentication token is malformed")
	encoded, ok := strings.CutPrefix(s, blindAuthPrefix)
	if !ok || len(s) > maxBlindAuthToken {
		return BlindAuthToken{}, refused
	}
	encoded = strings.NewReplacer("+", "-", "/", "_").Replace(strings.TrimRight(encoded, "="))
	raw, err := base64.RawURLEncoding.DecodeString(encoded)
	if err != nil || strings.ContainsAny(encoded, "\r\n") {
		return BlindAuthToken{}, refused
	}
	var t BlindAuthToken
	if Decode(raw, &t) != nil {
		return BlindAuthToken{}, refused
	}
	return t, nil
}

// Encode writes what stands in the header Blind-auth. Whoever has it can make one
// request.
func (t BlindAuthToken) Encode() (string, error) {
	text, err := Encode(struct {
		ID     KeysetID    `json:"id"`
		Secret string      `json:"secret"`
		C      bdhke.Point `json:"C"`
	}(t))
	if err != nil {
		return "", fmt.Errorf("writing an authentication token: %w", err)
	}
	return blindAuthPrefix + base64.RawURLEncoding.EncodeToString(text), nil
}

// UnmarshalJSONFrom reads {"id","secret","C"}; all three are required.
func (t *BlindAuthToken) UnmarshalJSONFrom(d *jsontext.Decoder) error {
	var v BlindAuthToken
	err := readObject(d, "token", func(name string) (err error) {
		switch name {
		case "id":
			v.ID, err = readKeysetID(d)
		case "secret":
			v.Secret, _, err = readString(d, name)
		case "C":
			v.C, err = readPoint(d, name, CodeMalformed)
		default:
			err = d.SkipValue()
		}
		return err
	})
	switch {
	case err != nil:
		return err
	case v.ID.IsZero() || v.Secret == "" || v.C.IsZero():
		return Errorf(CodeMalformed, "token lacks id, secret or C")
	}
	*t = v
	return nil
}

// Proof is the token as a proof.
func (t BlindAuthToken) Proof() Proof {
	return Proof{Amount: 1, ID: t.ID, Secret: t.Secret, C: t.C}
}

// Format shows the keyset only, under every verb: until it is used, the rest of a
// token is good for a request.
func (t BlindAuthToken) Format(f fmt.State, _ rune) {
	fmt.Fprintf(f, "authentication token under %v [redacted]", t.ID)
}

// LogValue shows the same.
func (t BlindAuthToken) LogValue() slog.Value { return slog.StringValue(fmt.Sprint(t)) }
