package httpapi

import (
	"net/http"
	"net/netip"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
)

// turnstile is a gate that does as it is told.
type turnstile struct {
	after   time.Duration
	err     error
	asked   []string
	entered int
	left    int
}

func (g *turnstile) Enter(r *http.Request) (func(), time.Duration, error) {
	g.asked = append(g.asked, r.Pattern)
	if g.err != nil {
		return nil, g.after, g.err
	}
	g.entered++
	return func() { g.left++ }, 0, nil
}

func (g *turnstile) Client(*http.Request) netip.Prefix { return netip.Prefix{} }

func TestWhoIsTurnedAwayIsToldWhenToComeBack(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err    error
		status int
		code   string
	}{
		{cashu.ErrRateLimited, 429, `"code":40006`},
		{cashu.ErrUnavailable, 503, `"code":40005`},
	} {
		g := &turnstile{after: 6100 * time.Millisecond, err: tt.err}
		m := acceptingMint()
		h, logged := server(t, m, func(c *Config) { c.Gate = g })
		w := ask(h, "POST", "/v1/swap", "this is not read")
		if w.Code != tt.status || !strings.Contains(w.Body.String(), tt.code) {
			t.Errorf("answer is %d %s, want %d %s", w.Code, w.Body, tt.status, tt.code)
		}
		if got := w.Header().Get("Retry-After"); got != "7" {
			t.Errorf("Retry-After is %q, want 7", got)
		}
		if w.Header().Get("Access-Control-Allow-Origin") != "*" {
			t.Error("a page cannot read the refusal")
		}
		if tt.status == 429 && !strings.Contains(logged.String(), "level=DEBUG") {
			t.Errorf("a flood fills the log: %s", logged)
		}
	}
}

func TestEveryRequestPassesTheGateWithItsRouteAndLeaves(t *testing.T) {
	t.Parallel()
	g := &turnstile{}
	m := acceptingMint()
	m.limits.MaxInputs = 0
	h, _ := server(t, m, func(c *Config) { c.Gate = g })
	ask(h, "POST", "/v1/swap", `{"inputs":[],"outputs":[]}`)
	ask(h, "POST", "/v1/swap", "refused")
	ask(h, "GET", "/v1/mint/quote/bolt11/q", "")
	ask(h, "GET", "/nowhere", "")
	ask(h, "OPTIONS", "/v1/swap", "") // answered from memory
	want := "POST /v1/swap|POST /v1/swap|GET /v1/mint/quote/{method}/{id}|/"
	if got := strings.Join(g.asked, "|"); got != want {
		t.Errorf("asked about %s, want %s", got, want)
	}
	if g.entered != 4 || g.left != 4 {
		t.Errorf("%d came in and %d left", g.entered, g.left)
	}
}

func TestAPanicLeavesTheGate(t *testing.T) {
	t.Parallel()
	g := &turnstile{}
	h, _ := server(t, panicking{newFakeMint()}, func(c *Config) { c.Gate = g })
	if w := ask(h, "GET", "/v1/info", ""); w.Code != 500 {
		t.Fatalf("status %d", w.Code)
	}
	if g.left != 1 {
		t.Error("its place is taken for ever")
	}
}

type panicking struct{ *fakeMint }

func (panicking) Info() cashu.MintInfo { panic("out of luck") }
