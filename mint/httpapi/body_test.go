package httpapi

import (
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
)

// posts are the routes that take a body, each with a body that is well-formed.
var posts = map[string]string{
	"/v1/swap":                    `{"inputs":[],"outputs":[]}`,
	"/v1/mint/quote/bolt11":       `{"amount":1,"unit":"sat"}`,
	"/v1/mint/bolt11":             `{"quote":"q","outputs":[]}`,
	"/v1/mint/quote/bolt11/check": `{"quotes":["q"]}`,
	"/v1/mint/bolt11/batch":       `{"quotes":["q"],"outputs":[]}`,
	"/v1/melt/quote/bolt11":       `{"request":"lnbc1","unit":"sat"}`,
	"/v1/melt/bolt11":             `{"quote":"q","inputs":[],"outputs":[]}`,
	"/v1/checkstate":              `{"Ys":[]}`,
	"/v1/restore":                 `{"outputs":[]}`,
}

// acceptingMint says yes to everything.
func acceptingMint() *fakeMint {
	m := newFakeMint()
	m.createMintQuote = func(string, cashu.MintQuoteRequest) (mint.MintQuote, error) {
		return mint.MintQuote{Unit: "sat"}, nil
	}
	m.createMeltQuote = func(string, cashu.MeltQuoteRequest) (mint.MeltQuote, error) {
		return mint.MeltQuote{Unit: "sat"}, nil
	}
	m.melt = func(string, cashu.MeltRequest) (mint.Melted, error) {
		return mint.Melted{MeltQuote: mint.MeltQuote{Unit: "sat"}}, nil
	}
	m.issue = func(string, cashu.MintRequest) ([]cashu.BlindSignature, error) { return nil, nil }
	m.issueBatch = func(string, cashu.BatchMintRequest) ([]cashu.BlindSignature, error) { return nil, nil }
	m.mintQuotes = func(_ string, ids []string) ([]mint.MintQuote, error) {
		return make([]mint.MintQuote, len(ids)), nil
	}
	m.swap = func(context.Context, cashu.SwapRequest) ([]cashu.BlindSignature, error) { return nil, nil }
	m.checkState = func([]bdhke.Point) ([]mint.ProofRecord, error) { return nil, nil }
	m.restore = func(o []cashu.BlindedMessage) ([]cashu.BlindedMessage, []cashu.BlindSignature, error) {
		return o, nil, nil
	}
	return m
}

func TestEveryMalformedBodyIsRefusedOnEveryRoute(t *testing.T) {
	t.Parallel()
	h, _ := server(t, acceptingMint(), nil)
	bodies := map[string]func(good string) string{
		"nothing at all":               func(string) string { return "" },
		"white space":                  func(string) string { return " \n" },
		"not JSON":                     func(string) string { return "hello" },
		"null":                         func(string) string { return "null" },
		"a list":                       func(string) string { return "[]" },
		"a number":                     func(string) string { return "1" },
		"a string":                     func(string) string { return `"{}"` },
		"cut off":                      func(s string) string { return s[:len(s)-1] },
		"trailing data":                func(s string) string { return s + "{}" },
		"trailing bracket":             func(s string) string { return s + "]" },
		"a name twice":                 func(s string) string { return strings.Replace(s, "{", `{"x":1,"x":2,`, 1) },
		"a name twice, once escaped":   func(s string) string { return strings.Replace(s, "{", `{"x":1,"\u0078":2,`, 1) },
		"invalid UTF-8":                func(s string) string { return strings.Replace(s, "{", "{\"x\":\"\xff\",", 1) },
		"half a surrogate":             func(s string) string { return strings.Replace(s, "{", `{"x":"\ud800",`, 1) },
		"a byte order mark":            func(s string) string { return "\uFEFF" + s },
		"a trailing comma":             func(s string) string { return s[:len(s)-1] + ",}" },
		"a comment":                    func(s string) string { return "/**/" + s },
		"nested twelve thousand times": func(string) string { return `{"x":` + strings.Repeat("[", 12_000) },
	}
	for path, good := range posts {
		if w := ask(h, "POST", path, good); w.Code != http.StatusOK {
			t.Errorf("%s: the good body is refused: %d %s", path, w.Code, w.Body)
		}
		for name, broken := range bodies {
			w := ask(h, "POST", path, broken(good))
			var got cashu.ErrorResponse
			if err := cashu.Decode(w.Body.Bytes(), &got); err != nil {
				t.Errorf("%s, %s: answer %q", path, name, w.Body)
			}
			if w.Code != http.StatusBadRequest || got.Code != cashu.CodeMalformed {
				t.Errorf("%s, %s: %d %+v, want 400 and code %d", path, name, w.Code, got, cashu.CodeMalformed)
			}
		}
	}
}

func TestBodiesOverTheLimitAreRefused(t *testing.T) {
	t.Parallel()
	h, _ := server(t, acceptingMint(), func(c *Config) { c.MaxBody = 100 })
	fits := `{"inputs":[],"outputs":[]}`
	fits += strings.Repeat(" ", 100-len(fits))
	if w := ask(h, "POST", "/v1/swap", fits); w.Code != http.StatusOK {
		t.Errorf("100 bytes: %d %s", w.Code, w.Body)
	}
	w := ask(h, "POST", "/v1/swap", fits+" ")
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), "40004") {
		t.Errorf("101 bytes: %d %s", w.Code, w.Body)
	}
	if w.Header().Get("Connection") != "close" {
		t.Error("the connection is kept to read the rest")
	}
}

func TestTheDefaultBodyLimitTakesAThousandOfEach(t *testing.T) {
	t.Parallel()
	h, _ := server(t, acceptingMint(), nil)
	id := "00ad268c4d1f5826"
	input := `{"amount":1,"id":"` + id + `","secret":"` + strings.Repeat("s", 512) + `","C":"` + point(t, 1).String() + `"}`
	output := `{"amount":1,"id":"` + id + `","B_":"` + point(t, 1).String() + `"}`
	body := `{"inputs":[` + strings.Repeat(input+",", 999) + input + `],"outputs":[` + strings.Repeat(output+",", 999) + output + `]}`
	if w := ask(h, "POST", "/v1/swap", body); w.Code != http.StatusOK {
		t.Errorf("%d bytes: %d %s", len(body), w.Code, w.Body)
	}
}

func TestEncodedBodiesAreRefused(t *testing.T) {
	t.Parallel()
	h, _ := server(t, acceptingMint(), nil)
	if w := ask(h, "POST", "/v1/swap", posts["/v1/swap"], "Content-Encoding", "gzip"); w.Code != http.StatusBadRequest {
		t.Errorf("status %d", w.Code)
	}
	if w := ask(h, "POST", "/v1/swap", posts["/v1/swap"], "Content-Encoding", "identity"); w.Code != http.StatusOK {
		t.Errorf("status %d for identity", w.Code)
	}
}

func TestABodyThatBreaksOffIsRefused(t *testing.T) {
	t.Parallel()
	h, _ := server(t, acceptingMint(), nil)
	r, err := http.NewRequest("POST", "/v1/swap", io.MultiReader(strings.NewReader(`{"inputs"`), brokenReader{}))
	if err != nil {
		t.Fatal(err)
	}
	w := askRequest(h, r)
	if w.Code != http.StatusBadRequest || strings.Contains(w.Body.String(), "cable") {
		t.Errorf("%d %s", w.Code, w.Body)
	}
}

type brokenReader struct{}

func (brokenReader) Read([]byte) (int, error) { return 0, io.ErrUnexpectedEOF }

// The elements are no coins at all: were they decoded before they are counted,
// the answer would be another one.
func TestListsAreCountedBeforeTheyAreDecoded(t *testing.T) {
	t.Parallel()
	m := acceptingMint()
	m.limits = mint.Limits{MaxInputs: 3, MaxOutputs: 2, MaxStates: 4}
	h, _ := server(t, m, nil)
	list := func(n int) string { return "[" + strings.TrimSuffix(strings.Repeat(`{"a":[1,{}]},`, n), ",") + "]" }
	for _, tt := range []struct {
		name, path, body string
		code             cashu.Code // 0: anything but a limit
	}{
		{"inputs over", "/v1/swap", `{"outputs":[],"inputs":` + list(4) + `}`, cashu.CodeTooManyInputs},
		{"inputs at the limit", "/v1/swap", `{"inputs":` + list(3) + `}`, 0},
		{"outputs over", "/v1/swap", `{"x":` + list(9) + `,"inputs":[],"outputs":` + list(3) + `}`, cashu.CodeTooManyOutputs},
		{"outputs over, name escaped", "/v1/swap", `{"\u006futputs":` + list(3) + `}`, cashu.CodeTooManyOutputs},
		{"outputs over, and then no JSON", "/v1/swap", `{"outputs":` + list(3) + `}}}`, cashu.CodeTooManyOutputs},
		{"outputs over, but deeper", "/v1/swap", `{"x":{"outputs":` + list(3) + `},"inputs":1}`, 0},
		{"outputs over, but the second of two", "/v1/swap", `{"outputs":[],"outputs":` + list(3) + `}`, 0},
		{"minting", "/v1/mint/bolt11", `{"quote":"q","outputs":` + list(3) + `}`, cashu.CodeTooManyOutputs},
		{"restore", "/v1/restore", `{"outputs":` + list(3) + `}`, cashu.CodeTooManyOutputs},
		{"state check", "/v1/checkstate", `{"Ys":` + list(5) + `}`, cashu.CodeTooManyInputs},
		{"state check at the limit", "/v1/checkstate", `{"Ys":` + list(4) + `}`, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			w := ask(h, "POST", tt.path, tt.body)
			var got cashu.ErrorResponse
			if err := cashu.Decode(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("answer %q", w.Body)
			}
			limit := got.Code == cashu.CodeTooManyInputs || got.Code == cashu.CodeTooManyOutputs
			if w.Code != http.StatusBadRequest || tt.code != 0 && got.Code != tt.code || tt.code == 0 && limit {
				t.Errorf("answer is %d %+v, want code %d", w.Code, got, tt.code)
			}
		})
	}
}

func TestNamesThatCannotBeNeverReachTheMint(t *testing.T) {
	t.Parallel()
	m := newFakeMint()
	m.mintQuote = func(method, id string) (mint.MintQuote, error) {
		t.Errorf("asked for %q of %q", id, method)
		return mint.MintQuote{}, nil
	}
	m.issue = func(_ string, req cashu.MintRequest) ([]cashu.BlindSignature, error) {
		t.Errorf("asked to issue %q", req.Quote)
		return nil, nil
	}
	h, _ := server(t, m, nil)
	long := strings.Repeat("a", 65)
	for _, tt := range []struct {
		verb, path, body string
		code             cashu.Code
	}{
		{"GET", "/v1/mint/quote/bolt11/a%00b", "", cashu.CodeUnknownQuote},
		{"GET", "/v1/mint/quote/bolt11/a%2Fb", "", cashu.CodeUnknownQuote},
		{"GET", "/v1/mint/quote/bolt11/" + long, "", cashu.CodeUnknownQuote},
		{"GET", "/v1/mint/quote/bolt%2011/q", "", cashu.CodeUnknownMethod},
		{"POST", "/v1/mint/" + long, posts["/v1/mint/bolt11"], cashu.CodeUnknownMethod},
		{"POST", "/v1/mint/bolt11", `{"quote":"a\u0000b","outputs":[]}`, cashu.CodeUnknownQuote},
		{"GET", "/v1/keys/xyz", "", cashu.CodeKeysetUnknown},
		{"GET", "/v1/keys/" + long, "", cashu.CodeKeysetUnknown},
	} {
		w := ask(h, tt.verb, tt.path, tt.body)
		var got cashu.ErrorResponse
		if err := cashu.Decode(w.Body.Bytes(), &got); err != nil || w.Code != 400 || got.Code != tt.code {
			t.Errorf("%s %s: %d %s, want code %d", tt.verb, tt.path, w.Code, w.Body, tt.code)
		}
	}
}
