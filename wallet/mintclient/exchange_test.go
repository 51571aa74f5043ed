package mintclient

import (
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"mintmark/cashu"
)

// serving serves a handler and returns a client of it.
func serving(t *testing.T, h http.HandlerFunc) *Client {
	t.Helper()
	s := httptest.NewServer(h)
	t.Cleanup(s.Close)
	c, err := New(Config{URL: s.URL + "/base/", MaxBody: 1000})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

func TestAnAnswerIsGivenAsItCameWhateverItsStatus(t *testing.T) {
	t.Parallel()
	c := serving(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Content-Type", "text/odd; charset=none")
		w.WriteHeader(http.StatusTeapot)
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.Header.Get("X-Mine")+" "+r.Header.Get("Content-Type")+" "+string(body))
	})
	for _, tt := range []struct{ method, body, want string }{
		{http.MethodGet, "", "GET /base/v1/keys yes  "},
		{http.MethodPost, `{"cut`, `POST /base/v1/keys yes application/json {"cut`},
	} {
		reply, err := c.Exchange(t.Context(), tt.method, "/v1/keys", http.Header{"X-Mine": {"yes"}}, []byte(tt.body))
		if err != nil || reply.Status != http.StatusTeapot || reply.Kind != "text/odd" || string(reply.Body) != tt.want {
			t.Errorf("%s: %d %s %q, %v", tt.method, reply.Status, reply.Kind, reply.Body, err)
		}
	}
}

func TestAReplyIsAnAnswerARefusalOrProvesNothing(t *testing.T) {
	t.Parallel()
	json := "application/json"
	for _, tt := range []struct {
		name  string
		reply Reply
		want  error
	}{
		{"an answer", Reply{200, json, []byte(`{"signatures":[]}`), 0}, nil},
		{"another success", Reply{202, "", []byte(`{"signatures":[]}`), 0}, nil},
		{"half an answer", Reply{200, json, []byte(`{"signatures":[`), 0}, ErrNoAnswer},
		{"a refusal", Reply{400, json, []byte(`{"detail":"spent","code":11001}`), 0}, cashu.ErrProofsSpent},
		{"a code of 0", Reply{400, json, []byte(`{"detail":"spent","code":0}`), 0}, ErrNoAnswer},
		{"a list for a detail", Reply{422, json, []byte(`{"detail":[{"msg":"no"}]}`), 0}, ErrNoAnswer},
		{"a page of a proxy", Reply{502, "text/html", []byte(`{"detail":"spent","code":11001}`), 0}, ErrNoAnswer},
		{"a redirect", Reply{302, json, nil, 0}, ErrNoAnswer},
	} {
		var v cashu.SwapResponse
		if err := tt.reply.Read(&v); !errors.Is(err, tt.want) || tt.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", tt.name, err, tt.want)
		}
	}
	var r *Refusal
	err := Reply{400, json, []byte(`{"detail":"\u001b[2Jno","code":20001}`), 0}.Read(nil)
	if !errors.As(err, &r) || r.Code != cashu.CodeQuoteUnpaid || r.Detail != "[2Jno" || r.Status != 400 {
		t.Errorf("a refusal is read as %+v, %v", r, err)
	}
}

func TestAnAnswerThatIsCutOffOrTooLongIsNone(t *testing.T) {
	t.Parallel()
	c := serving(t, func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "long") {
			_, _ = io.WriteString(w, strings.Repeat("x", 1001))
			return
		}
		w.Header().Set("Content-Length", "100")
		_, _ = io.WriteString(w, "{")
	})
	for _, path := range []string{"/long", "/cut"} {
		if reply, err := c.Exchange(t.Context(), http.MethodGet, path, nil, nil); !errors.Is(err, ErrNoAnswer) {
			t.Errorf("%s: %+v, %v", path, reply, err)
		}
	}
	here := httptest.NewServer(http.NotFoundHandler())
	here.Close()
	gone, err := New(Config{URL: here.URL})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := gone.Exchange(t.Context(), http.MethodGet, "/", nil, nil); !errors.Is(err, ErrNotSent) {
		t.Errorf("where nobody is: %v", err)
	}
}
