package bench

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// dialTo serves a handler and returns a connection to it, and how many
// connections the server has seen.
func dialTo(t *testing.T, h http.HandlerFunc) (*conn, *atomic.Int32) {
	t.Helper()
	var connections atomic.Int32
	s := httptest.NewUnstartedServer(h)
	s.Config.ConnState = func(_ net.Conn, state http.ConnState) {
		if state == http.StateNew {
			connections.Add(1)
		}
	}
	s.Start()
	t.Cleanup(s.Close)
	target, err := ParseTarget(s.URL+"/base/", false)
	if err != nil {
		t.Fatal(err)
	}
	c := newConn(target, time.Second)
	t.Cleanup(c.close)
	return c, &connections
}

func TestOneConnectionServesManyExchanges(t *testing.T) {
	t.Parallel()
	c, connections := dialTo(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.URL.Path == "/base/chunked" {
			_, _ = io.WriteString(w, "in ")
			w.(http.Flusher).Flush()
			_, _ = io.WriteString(w, "parts")
			return
		}
		_, _ = io.WriteString(w, r.Method+" "+r.URL.Path+" "+r.Header.Get("Content-Type")+" "+string(body))
	})
	for _, tt := range []struct{ method, path, body, want string }{
		{http.MethodGet, "/v1/info", "", "GET /base/v1/info  "},
		{http.MethodPost, "/v1/swap", "{}", "POST /base/v1/swap application/json {}"},
		{http.MethodGet, "/chunked", "", "in parts"},
		{http.MethodPost, "/v1/swap", strings.Repeat("x", 9000), "POST /base/v1/swap application/json " + strings.Repeat("x", 9000)},
		{http.MethodPost, "/v1/swap", "", "POST /base/v1/swap application/json "},
	} {
		reply, took, err := c.exchange(t.Context(), tt.method, tt.path, []byte(tt.body))
		if err != nil || reply.Status != http.StatusOK || string(reply.Body) != tt.want || took <= 0 {
			t.Errorf("%s %s: %d %.50q, %v", tt.method, tt.path, reply.Status, reply.Body, err)
		}
	}
	if n := connections.Load(); n != 1 {
		t.Errorf("%d connections, want 1", n)
	}
}

func TestAConnectionThatTheServerClosesIsMadeAnew(t *testing.T) {
	t.Parallel()
	c, connections := dialTo(t, func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Connection", "close") })
	for range 3 {
		if _, _, err := c.exchange(t.Context(), http.MethodGet, "/", nil); err != nil {
			t.Fatal(err)
		}
	}
	if n := connections.Load(); n != 3 {
		t.Errorf("%d connections, want 3", n)
	}
}

func TestARequestThatFailsIsNotSentTwice(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	c, _ := dialTo(t, func(w http.ResponseWriter, _ *http.Request) {
		if asked.Add(1) == 2 {
			panic(http.ErrAbortHandler) // cuts the connection off
		}
	})
	for i, wantErr := range []bool{false, true, false} {
		_, _, err := c.exchange(t.Context(), http.MethodPost, "/", nil)
		if (err != nil) != wantErr {
			t.Errorf("exchange %d: %v", i, err)
		}
		if wantErr && asFault(err).kind != "connection closed" {
			t.Errorf("a connection that was cut off is %q", asFault(err).kind)
		}
	}
	if n := asked.Load(); n != 3 {
		t.Errorf("the server was asked %d times, want 3", n)
	}
}

func TestAServerThatHangsIsATimeout(t *testing.T) {
	t.Parallel()
	c, _ := dialTo(t, func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() })
	c.timeout = 50 * time.Millisecond
	_, _, err := c.exchange(t.Context(), http.MethodGet, "/", nil)
	if err == nil || asFault(err).kind != kindTimeout {
		t.Errorf("got %v", err)
	}
}

func TestTheEndOfTheContextCutsAnExchangeOff(t *testing.T) {
	t.Parallel()
	asked := make(chan struct{})
	c, _ := dialTo(t, func(_ http.ResponseWriter, r *http.Request) { close(asked); <-r.Context().Done() })
	c.timeout = time.Minute
	ctx, cancel := context.WithCancel(t.Context())
	go func() { <-asked; cancel() }()
	if _, _, err := c.exchange(ctx, http.MethodGet, "/", nil); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
}

func TestOnlyTheLoopbackIsATarget(t *testing.T) {
	t.Parallel()
	for raw, want := range map[string]string{
		"http://127.0.0.1:3338":         "http://127.0.0.1:3338",
		"http://127.8.9.1:3338/":        "http://127.8.9.1:3338",
		"http://localhost:3338/mint/a/": "http://localhost:3338/mint/a",
		"http://[::1]:3338":             "http://[::1]:3338",
		"https://localhost":             "https://localhost",
	} {
		got, err := ParseTarget(raw, false)
		if err != nil || got.String() != want {
			t.Errorf("%s: %v, %v", raw, got, err)
		}
	}
	for _, raw := range []string{
		"http://192.0.2.7:3338", "https://mint.example", "http://0.0.0.0:3338", "http://[2001:db8::1]",
		"http://localhost.example", "http://127.0.0.1.example:80",
	} {
		if _, err := ParseTarget(raw, false); !errors.Is(err, ErrRemote) {
			t.Errorf("%s: %v", raw, err)
		}
		if _, err := ParseTarget(raw, true); err != nil {
			t.Errorf("%s, allowed: %v", raw, err)
		}
	}
	for _, raw := range []string{"", "127.0.0.1:3338", "ftp://127.0.0.1", "http://", "http://u:p@127.0.0.1", "http://127.0.0.1/?a=b", "http://a b"} {
		if got, err := ParseTarget(raw, true); err == nil {
			t.Errorf("%q was read as %v", raw, got)
		}
	}
}

func TestWhatCountsIsWhereTheConnectionEnds(t *testing.T) {
	t.Parallel()
	target, err := ParseTarget("http://localhost:9", false)
	if err != nil {
		t.Fatal(err)
	}
	// As if the name had been given another address: any of this machine that is
	// not a loopback one will do.
	addrs, err := net.InterfaceAddrs()
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range addrs {
		ip, ok := a.(*net.IPNet)
		if !ok || ip.IP.IsLoopback() || ip.IP.To4() == nil {
			continue
		}
		l, err := net.Listen("tcp", net.JoinHostPort(ip.IP.String(), "0"))
		if err != nil {
			continue
		}
		defer l.Close()
		target.address = l.Addr().String()
		if _, err := target.dial(t.Context(), time.Second); !errors.Is(err, ErrRemote) {
			t.Errorf("a connection to %v: %v", l.Addr(), err)
		}
		return
	}
	t.Skip("this machine has no address but the loopback")
}
