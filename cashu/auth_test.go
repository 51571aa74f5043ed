package cashu

import (
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
)

func TestAProtectedEndpointIsExactOrAPrefixAndNeverAPattern(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		endpoint, method, path string
		want                   bool
	}{
		{"POST /v1/swap", "POST", "/v1/swap", true},
		{"POST /v1/swap", "GET", "/v1/swap", false},
		{"POST /v1/swap", "post", "/v1/swap", false},
		{"POST /v1/swap", "POST", "/v1/swap/", false},
		{"POST /v1/swap", "POST", "/v1/swapx", false},
		{"POST /v1/mint/*", "POST", "/v1/mint/bolt11", true},
		{"POST /v1/mint/*", "POST", "/v1/mint/quote/bolt11", true},
		{"POST /v1/mint/*", "POST", "/v1/mint", false},
		{"POST /v1/mint/*", "POST", "/v1/melt/bolt11", false},
		{"POST /v1/s*", "POST", "/v1/swap", true},
		{"GET /v1/.ws", "GET", "/v1/xws", false},
		{"GET /v1/ws", "HEAD", "/v1/ws", true},
		{"POST /v1/ws", "HEAD", "/v1/ws", false},
	} {
		e, err := ParseProtectedEndpoint(tt.endpoint)
		if err != nil {
			t.Fatal(err)
		}
		if got := e.Matches(tt.method, tt.path); got != tt.want {
			t.Errorf("%q covers %s %s: %v, want %v", tt.endpoint, tt.method, tt.path, got, tt.want)
		}
	}
}

func TestWhatIsNoProtectedEndpointIsRefused(t *testing.T) {
	t.Parallel()
	for _, s := range []string{
		"", "POST", "/v1/swap", "PUT /v1/swap", "post /v1/swap", "POST v1/swap", "POST  /v1/swap", "POST ^/v1/swap$",
		"POST /v1/.*/x", "POST /v1/*/bolt11", "POST /v1/**", "POST /v1/mint/{method}", "POST /v1/(mint|melt)", "POST /v1/swap?x=1",
	} {
		if e, err := ParseProtectedEndpoint(s); err == nil {
			t.Errorf("%q is taken as %+v", s, e)
		}
	}
}

func TestEndpointsOverlapWhenOneRequestIsCoveredByBoth(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		a, b string
		want bool
	}{
		{"POST /v1/swap", "POST /v1/swap", true},
		{"POST /v1/swap", "GET /v1/swap", false},
		{"POST /v1/mint/*", "POST /v1/mint/bolt11", true},
		{"POST /v1/mint/*", "POST /v1/*", true},
		{"POST /v1/mint/*", "POST /v1/melt/*", false},
		{"POST /v1/mint/*", "POST /v1/mint", false},
	} {
		a, _ := ParseProtectedEndpoint(tt.a)
		b, _ := ParseProtectedEndpoint(tt.b)
		if a.Overlaps(b) != tt.want || b.Overlaps(a) != tt.want {
			t.Errorf("%q and %q overlap: %v, want %v", tt.a, tt.b, !tt.want, tt.want)
		}
	}
}

const (
	tokenID    = "009a1f293253e41e"
	tokenPoint = "0279be667ef9dcbbac55a06295ce870b07029bfcdb2dce28d959f2815b16f81798"
)

func TestABlindTokenIsReadInEveryBase64(t *testing.T) {
	t.Parallel()
	// The secret makes both alphabets differ, and its length needs padding.
	body := fmt.Sprintf(`{"id":"%s","secret":"???>>>~~~","C":"%s","dleq":{"e":"x"},"more":[1]}`, tokenID, tokenPoint)
	for name, enc := range map[string]*base64.Encoding{
		"url": base64.URLEncoding, "raw url": base64.RawURLEncoding, "standard": base64.StdEncoding, "raw standard": base64.RawStdEncoding,
	} {
		token, err := ParseBlindAuthToken("authA" + enc.EncodeToString([]byte(body)))
		if err != nil || token.ID.String() != tokenID || token.Secret != "???>>>~~~" || token.C.String() != tokenPoint {
			t.Errorf("%s: %+v, %v", name, token, err)
		}
		if p := token.Proof(); p.Amount != 1 || p.Secret != token.Secret {
			t.Errorf("as a proof it is %+v", p)
		}
		if shown := fmt.Sprintf("%v %+v %#v", token, token, token); strings.Contains(shown, "???") || strings.Contains(shown, tokenPoint) {
			t.Errorf("it shows itself: %s", shown)
		}
	}
}

func TestWhatIsNoBlindTokenIsRefusedWithItsCode(t *testing.T) {
	t.Parallel()
	enc := func(s string) string { return "authA" + base64.RawURLEncoding.EncodeToString([]byte(s)) }
	good := fmt.Sprintf(`{"id":"%s","secret":"s","C":"%s"}`, tokenID, tokenPoint)
	for name, s := range map[string]string{
		"nothing":         "",
		"no prefix":       base64.RawURLEncoding.EncodeToString([]byte(good)),
		"another prefix":  "cashuA" + base64.RawURLEncoding.EncodeToString([]byte(good)),
		"no base64":       "authA!!!",
		"a line break":    "authA" + base64.RawURLEncoding.EncodeToString([]byte(good))[:8] + "\n" + base64.RawURLEncoding.EncodeToString([]byte(good))[8:],
		"no JSON":         enc("hello"),
		"a list":          enc("[" + good + "]"),
		"two tokens":      enc(good + good),
		"a double field":  enc(strings.Replace(good, `"secret"`, `"secret":"t","secret"`, 1)),
		"no id":           enc(strings.Replace(good, `"id"`, `"di"`, 1)),
		"no secret":       enc(strings.Replace(good, `"secret":"s"`, `"secret":""`, 1)),
		"no point":        enc(strings.Replace(good, `"C"`, `"c"`, 1)),
		"not on a curve":  enc(strings.Replace(good, tokenPoint, "02"+strings.Repeat("f", 64), 1)),
		"invalid UTF-8":   enc(strings.Replace(good, `"s"`, "\"\xff\"", 1)),
		"a lone half":     enc(strings.Replace(good, `"s"`, `"\ud800"`, 1)),
		"larger than any": enc(strings.Replace(good, `"s"`, `"`+strings.Repeat("s", 4096)+`"`, 1)),
	} {
		if _, err := ParseBlindAuthToken(s); !errors.Is(err, ErrBlindAuthFailed) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if _, err := ParseBlindAuthToken(enc(good)); err != nil {
		t.Errorf("the good one: %v", err)
	}
}

func TestABlindAuthTokenIsWrittenAsItIsRead(t *testing.T) {
	t.Parallel()
	want, err := ParseBlindAuthToken("authA" + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"id":"%s","secret":"\u003c&\u2028","C":"%s"}`, tokenID, tokenPoint)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := want.Encode()
	if err != nil {
		t.Fatal(err)
	}
	if got, err := ParseBlindAuthToken(text); err != nil || got != want {
		t.Errorf("got %+v, %v", got.Secret, err)
	}
	if strings.ContainsAny(text, "+/=") {
		t.Errorf("%q is not what every mint reads", text)
	}
}

func FuzzParseBlindAuthToken(f *testing.F) {
	f.Add("authA" + base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"id":"%s","secret":"s","C":"%s"}`, tokenID, tokenPoint)))
	f.Add("authA====")
	f.Fuzz(func(t *testing.T, s string) {
		token, err := ParseBlindAuthToken(s)
		if err != nil {
			if !errors.Is(err, ErrBlindAuthFailed) {
				t.Errorf("refused with %v", err)
			}
			return
		}
		if token.ID.IsZero() || token.Secret == "" || token.C.IsZero() {
			t.Errorf("half a token: %+v", token)
		}
	})
}
