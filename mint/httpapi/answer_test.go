package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
)

func TestErrorsBecomeTheAnswerThatTheContractSays(t *testing.T) {
	t.Parallel()
	const secret = "SELECT seed FROM vault"
	for _, tt := range []struct {
		name   string
		err    error
		status int
		code   cashu.Code
		detail string // empty: a fixed text with the request id
		level  string
	}{
		{"a refusal", cashu.ErrProofsSpent, 400, cashu.CodeProofsSpent, cashu.ErrProofsSpent.Detail, "INFO"},
		{"a wrapped refusal", fmt.Errorf("swapping %s: %w", secret, cashu.ErrUnbalanced), 400, cashu.CodeUnbalanced, cashu.ErrUnbalanced.Detail, "INFO"},
		{"a refusal that is no text", cashu.Errorf(cashu.CodeMalformed, "a\xffb"), 400, cashu.CodeMalformed, "a\uFFFDb", "INFO"},
		{"signatory away", fmt.Errorf("%w: %w", cashu.ErrUnavailable, errors.New(secret)), 503, cashu.CodeUnavailable, cashu.ErrUnavailable.Detail, "WARN"},
		{"an internal error", errors.New(secret), 500, cashu.CodeInternal, "", "ERROR"},
		{"an internal error with a code", cashu.Errorf(cashu.CodeInternal, "%s", secret), 500, cashu.CodeInternal, "", "ERROR"},
		{"an error that nobody foresaw", context.DeadlineExceeded, 500, cashu.CodeInternal, "", "ERROR"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			m := newFakeMint()
			m.swap = func(context.Context, cashu.SwapRequest) ([]cashu.BlindSignature, error) { return nil, tt.err }
			h, logged := server(t, m, func(c *Config) { c.RetryAfter = 1500 * time.Millisecond })
			w := ask(h, "POST", "/v1/swap", `{"inputs":[],"outputs":[]}`, "X-Request-Id", "req-1")
			var got cashu.ErrorResponse
			if err := cashu.Decode(w.Body.Bytes(), &got); err != nil {
				t.Fatalf("body %q: %v", w.Body, err)
			}
			want := tt.detail
			if want == "" {
				want = "internal error, request req-1"
			}
			if w.Code != tt.status || got.Code != tt.code || got.Detail != want {
				t.Errorf("answer is %d %+v, want %d %d %q", w.Code, got, tt.status, tt.code, want)
			}
			if strings.Contains(w.Body.String(), secret) {
				t.Error("the cause went over the wire")
			}
			if retry := w.Header().Get("Retry-After"); (retry == "2") != (tt.status == 503) {
				t.Errorf("Retry-After is %q", retry)
			}
			if n := strings.Count(logged.String(), "\n"); n != 1 {
				t.Errorf("%d log records, want one:\n%s", n, logged)
			}
			if !strings.Contains(logged.String(), "level="+tt.level) {
				t.Errorf("log level is not %s:\n%s", tt.level, logged)
			}
			if tt.status == 500 && !strings.Contains(logged.String(), tt.err.Error()) {
				t.Errorf("the log does not say why:\n%s", logged)
			}
		})
	}
}

func TestAPanicIsAnInternalErrorAndTheServerLives(t *testing.T) {
	t.Parallel()
	m := newFakeMint()
	m.swap = func(context.Context, cashu.SwapRequest) ([]cashu.BlindSignature, error) { panic("out of luck") }
	h, logged := server(t, m, nil)
	w := ask(h, "POST", "/v1/swap", `{}`)
	if w.Code != 500 || strings.Contains(w.Body.String(), "luck") {
		t.Errorf("answer is %d %s", w.Code, w.Body)
	}
	if !strings.Contains(logged.String(), "out of luck") || !strings.Contains(logged.String(), "answer_test.go") {
		t.Errorf("the log does not say what happened and where:\n%s", logged)
	}
	if w := ask(h, "GET", "/v1/info", ""); w.Code != 200 {
		t.Errorf("status %d after the panic", w.Code)
	}
}

func TestAnAbortedHandlerDropsTheConnection(t *testing.T) {
	t.Parallel()
	m := newFakeMint()
	m.swap = func(context.Context, cashu.SwapRequest) ([]cashu.BlindSignature, error) { panic(http.ErrAbortHandler) }
	h, _ := server(t, m, nil)
	defer func() {
		if p := recover(); p != http.ErrAbortHandler {
			t.Errorf("recovered %v", p)
		}
	}()
	ask(h, "POST", "/v1/swap", `{}`)
}

func TestAClientThatHungUpIsNoError(t *testing.T) {
	t.Parallel()
	m := newFakeMint()
	ctx, hangUp := context.WithCancel(t.Context())
	m.swap = func(ctx context.Context, _ cashu.SwapRequest) ([]cashu.BlindSignature, error) {
		hangUp()
		<-ctx.Done()
		return nil, fmt.Errorf("reading: %w", ctx.Err())
	}
	h, logged := server(t, m, nil)
	r := httptest.NewRequestWithContext(ctx, "POST", "/v1/swap", strings.NewReader(`{}`))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if !strings.Contains(logged.String(), "status=499") || !strings.Contains(logged.String(), "level=INFO") {
		t.Errorf("log:\n%s", logged)
	}
	if w.Code == http.StatusOK {
		t.Error("a swap that did not happen was answered with success")
	}
}

func TestTheLogNamesRoutesAndNeverIdsOrBodies(t *testing.T) {
	t.Parallel()
	h, logged := server(t, newFakeMint(), nil)
	ask(h, "GET", "/v1/mint/quote/bolt11/hush-quote?x=hush-query", "", "X-Forwarded-For", "192.0.2.1", "Blind-auth", "hush-token")
	ask(h, "POST", "/v1/mint/bolt11", `{"quote":"hush-quote","outputs":[],"signature":"hush-sig"}`)
	ask(h, "POST", "/v1/swap", `{"inputs":[{"secret":"hush`)
	ask(h, "GET", "/hush", "")
	ask(h, "HUSH", "/v1/swap", "")
	ask(h, "GET", "/v1/keys/hush", "", "X-Request-Id", "hush\nlevel=ERROR")
	text := logged.String()
	if strings.Contains(strings.ToLower(text), "hush") || strings.Contains(text, "192.0.2.1") {
		t.Errorf("the log tells too much:\n%s", text)
	}
	for _, want := range []string{
		`method=GET route="GET /v1/mint/quote/{method}/{id}" status=400 took=`,
		`route="POST /v1/mint/{method}"`, `route=/ status=404`, "method=other", "code=40001",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the log does not say %q:\n%s", want, text)
		}
	}
}

func TestRequestIdsAreTakenOverWhenHarmlessElseMade(t *testing.T) {
	t.Parallel()
	h, _ := server(t, newFakeMint(), nil)
	if got := ask(h, "GET", "/v1/info", "", "X-Request-Id", "Proxy_7-a").Header().Get("X-Request-Id"); got != "Proxy_7-a" {
		t.Errorf("id is %q, want the proxy's", got)
	}
	seen := map[string]bool{}
	for _, id := range []string{"", "a b", "ä", strings.Repeat("x", 65)} {
		got := ask(h, "GET", "/v1/info", "", "X-Request-Id", id).Header().Get("X-Request-Id")
		if got == "" || got == id || seen[got] {
			t.Errorf("id for %q is %q", id, got)
		}
		seen[got] = true
	}
}
