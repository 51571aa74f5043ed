package login_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"mintmark/wallet/login"
	"mintmark/wallet/login/logintest"
)

func discover(t *testing.T, p *logintest.Provider) *login.Provider {
	t.Helper()
	found, err := login.Discover(t.Context(), login.Config{Discovery: p.Discovery(), ClientID: logintest.ClientID})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

// good tells whether a mint would let the token in.
func good(t *testing.T, p *logintest.Provider, tokens login.Tokens) bool {
	t.Helper()
	_, err := p.Verify(t.Context(), tokens.Access)
	return err == nil
}

func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

func TestAUserLogsInOnAnotherDevice(t *testing.T) {
	t.Parallel()
	p := logintest.New(t)
	p.Waits = 1
	var shown login.Device
	tokens, err := discover(t, p).Device(t.Context(), func(d login.Device) { shown = d })
	if err != nil || !good(t, p, tokens) {
		t.Fatalf("got %v", err)
	}
	if shown.Code != "WDJB-MJHT" || !strings.HasSuffix(shown.Address, "/go") || !strings.HasSuffix(shown.Direct, "WDJB-MJHT") {
		t.Errorf("the user is shown %+v", shown)
	}
	if left := time.Until(tokens.Expires); left < 8*time.Minute || left > 10*time.Minute {
		t.Errorf("the token is good for %v", left)
	}
	if text := fmt.Sprintf("%v %+v %#v %s %q", tokens, tokens, tokens, tokens, tokens); strings.Contains(text, "access") || strings.Contains(text, "refresh") {
		t.Errorf("tokens print as %s", text)
	}
}

func TestAUserWhoDoesNotLogInOnTheDevice(t *testing.T) {
	t.Parallel()
	_, err := discover(t, logintest.New(t, "consent")).Device(t.Context(), func(login.Device) {})
	refused, ok := errors.AsType[*login.Refused](err)
	if !ok || refused.Code != "access_denied" || strings.Contains(err.Error(), "\x1b") {
		t.Errorf("a user who says no: %q", err)
	}
	p := logintest.New(t)
	p.Waits = 1 << 20
	ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
	defer cancel()
	if _, err := discover(t, p).Device(ctx, func(login.Device) {}); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a user who never comes: %v", err)
	}
	if _, err := discover(t, logintest.New(t, "device_authorization_endpoint")).Device(t.Context(), nil); !errors.Is(err, login.ErrNoSuchFlow) {
		t.Errorf("a provider without: %v", err)
	}
}

// browse is what a browser does with an address.
func browse(t *testing.T, address string) (int, string) {
	t.Helper()
	resp, err := http.Get(address)
	if err != nil {
		t.Error(err)
		return 0, ""
	}
	defer resp.Body.Close()
	text, _ := io.ReadAll(resp.Body)
	return resp.StatusCode, string(text)
}

func TestAUserLogsInWithABrowser(t *testing.T) {
	t.Parallel()
	p, port := logintest.New(t), freePort(t)
	tokens, err := discover(t, p).Browser(t.Context(), port, func(address string) {
		// Pages that the user has open can send the browser here, too.
		for _, forged := range []string{"/callback?code=forged", "/callback?code=forged&state=x", "/callback?error=no", "/other"} {
			if status, _ := browse(t, fmt.Sprintf("http://localhost:%d%s", port, forged)); status != http.StatusBadRequest {
				t.Errorf("%s is answered with %d", forged, status)
			}
		}
		if status, text := browse(t, address); status != http.StatusOK || !strings.Contains(text, "can be closed") {
			t.Errorf("the browser shows %d %s", status, text)
		}
	})
	if err != nil || !good(t, p, tokens) {
		t.Fatalf("got %v", err)
	}
	l, err := net.Listen("tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatalf("the port is still open: %v", err)
	}
	defer l.Close()
	if _, err := discover(t, logintest.New(t, "consent")).Browser(t.Context(), freePort(t), func(address string) { browse(t, address) }); err == nil {
		t.Error("a user who says no is logged in")
	}
}

// Whoever sees the browser come back has nothing: the code works with the verifier
// only.
func TestTheCodeOfABrowserIsOfNoUseToOthers(t *testing.T) {
	t.Parallel()
	p := logintest.New(t)
	stolen := make(chan string, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	_, _ = discover(t, p).Browser(ctx, freePort(t), func(address string) {
		client := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
		resp, err := client.Get(address)
		if err != nil {
			t.Error(err)
			return
		}
		resp.Body.Close()
		back, err := resp.Location()
		if err != nil {
			t.Error(err)
			return
		}
		stolen <- back.Query().Get("code")
		cancel()
	})
	resp, err := http.PostForm(strings.TrimSuffix(p.Discovery(), "/.well-known/openid-configuration")+"/token", url.Values{
		"grant_type": {"authorization_code"}, "client_id": {logintest.ClientID}, "code": {<-stolen}, "code_verifier": {"guessed"},
	})
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.StatusCode != http.StatusBadRequest {
		t.Errorf("the code gives tokens without the verifier")
	}
}

func TestALoginIsRenewedUntilItEnds(t *testing.T) {
	t.Parallel()
	p := logintest.New(t)
	found := discover(t, p)
	first, err := found.Password(t.Context(), "alice", "open sesame")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := found.Password(t.Context(), "alice", "wrong"); err == nil || errors.Is(err, login.ErrEnded) {
		t.Errorf("a wrong password: %v", err)
	}
	p.Expire()
	next, err := found.Refresh(t.Context(), first.Refresh)
	if err != nil || next.Access == first.Access || next.Refresh == first.Refresh || !good(t, p, next) {
		t.Fatalf("renewed: %v", err)
	}
	p.Down(true)
	if _, err := found.Refresh(t.Context(), next.Refresh); !errors.Is(err, login.ErrUnreachable) || errors.Is(err, login.ErrEnded) {
		t.Errorf("a provider that is away: %v", err)
	}
	p.Down(false)
	if err := found.Revoke(t.Context(), next); err != nil || good(t, p, next) {
		t.Errorf("after the end of the login the token is good: %v", err)
	}
	if _, err := found.Refresh(t.Context(), next.Refresh); !errors.Is(err, login.ErrEnded) || strings.Contains(err.Error(), next.Refresh) {
		t.Errorf("after the end of the login: %v", err)
	}
}

// A mint names the provider, and a provider names addresses: none of them is trusted
// with a token over an open line, or anywhere else than it says it is.
func TestWhatIsNoProvider(t *testing.T) {
	t.Parallel()
	about := ""
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case about == "redirect":
			http.Redirect(w, r, "http://127.0.0.1:1/", http.StatusFound)
		default:
			fmt.Fprint(w, strings.ReplaceAll(about, "SELF", "http://"+r.Host))
		}
	}))
	defer server.Close()
	at := func(text string) func() error {
		return func() error {
			about = text
			_, err := login.Discover(t.Context(), login.Config{Discovery: server.URL + "/.well-known/openid-configuration", ClientID: "x"})
			return err
		}
	}
	if err := at(`{"issuer":"SELF","token_endpoint":"SELF/token"}`)(); err != nil {
		t.Fatalf("one that is: %v", err)
	}
	for name, try := range map[string]func() error{
		"of another name":      at(`{"issuer":"https://other.example","token_endpoint":"SELF/token"}`),
		"tokens in the open":   at(`{"issuer":"SELF","token_endpoint":"http://other.example/token"}`),
		"devices in the open":  at(`{"issuer":"SELF","token_endpoint":"SELF/token","device_authorization_endpoint":"http://other.example"}`),
		"browsers in the open": at(`{"issuer":"SELF","token_endpoint":"SELF/token","authorization_endpoint":"ftp://127.0.0.1/"}`),
		"no tokens":            at(`{"issuer":"SELF"}`),
		"elsewhere":            at("redirect"),
		"no JSON":              at("hello"),
		"no end":               at(`{"issuer":"SELF","token_endpoint":"SELF/token","x":"` + strings.Repeat("x", 1<<20) + `"}`),
		"itself in the open": func() error {
			_, err := login.Discover(t.Context(), login.Config{Discovery: "http://login.example/.well-known/openid-configuration", ClientID: "x"})
			return err
		},
		"of nobody": func() error { _, err := login.Discover(t.Context(), login.Config{Discovery: server.URL}); return err },
		"with a user in its URL": func() error {
			_, err := login.Discover(t.Context(), login.Config{Discovery: "https://a@b.example/", ClientID: "x"})
			return err
		},
	} {
		if err := try(); err == nil {
			t.Errorf("%s: it is taken for a login provider", name)
		}
	}
}
