package bench

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"
)

// ErrRemote refuses a target that is not on this machine.
var ErrRemote = errors.New("not a loopback address: load may only be put on this machine unless remote targets are allowed")

// Target is the mint under load.
type Target struct {
	address string // host:port
	host    string // as the Host header has it
	path    string // what the URL says before /v1; no trailing slash
	tls     *tls.Config
	remote  bool // other machines are allowed
}

// ParseTarget reads the URL of a mint: http or https, with or without a path.
// Only loopback addresses and the name localhost are accepted unless allowRemote:
// load on somebody else's mint is an attack.
func ParseTarget(raw string, allowRemote bool) (*Target, error) {
	u, err := url.Parse(raw)
	if err != nil {
		return nil, fmt.Errorf("reading the URL: %w", err)
	}
	if u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" {
		return nil, fmt.Errorf("the URL of a mint looks like http://127.0.0.1:3338, not %q", raw)
	}
	t := &Target{host: u.Host, path: strings.TrimRight(u.EscapedPath(), "/"), remote: allowRemote}
	port := u.Port()
	switch u.Scheme {
	case "http":
		port = orElse(port, "80")
	case "https":
		port = orElse(port, "443")
		t.tls = &tls.Config{ServerName: u.Hostname(), MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}}
	default:
		return nil, fmt.Errorf("the URL of a mint begins with http:// or https://, not %q", raw)
	}
	t.address = net.JoinHostPort(u.Hostname(), port)
	if !allowRemote && !loopbackHost(u.Hostname()) {
		return nil, fmt.Errorf("%s: %w", u.Hostname(), ErrRemote)
	}
	return t, nil
}

// String is the URL again.
func (t *Target) String() string {
	if t.tls != nil {
		return "https://" + t.host + t.path
	}
	return "http://" + t.host + t.path
}

// dial opens a connection. A name that resolves to another machine is noticed
// here: what counts is where the connection ends.
func (t *Target) dial(ctx context.Context, timeout time.Duration) (net.Conn, error) {
	dialer := net.Dialer{Timeout: timeout}
	c, err := dialer.DialContext(ctx, "tcp", t.address)
	if err != nil {
		return nil, fmt.Errorf("connecting: %w", err)
	}
	if peer, ok := c.RemoteAddr().(*net.TCPAddr); !t.remote && (!ok || !peer.IP.IsLoopback()) {
		_ = c.Close()
		return nil, fmt.Errorf("%v: %w", c.RemoteAddr(), ErrRemote)
	}
	if t.tls == nil {
		return c, nil
	}
	secured := tls.Client(c, t.tls)
	if err := secured.HandshakeContext(ctx); err != nil {
		_ = c.Close()
		return nil, fmt.Errorf("TLS handshake: %w", err)
	}
	return secured, nil
}

// transport is for requests that are not measured. It goes nowhere but where the
// load goes.
func (t *Target) transport(timeout time.Duration) *http.Transport {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) { return t.dial(ctx, timeout) }
	return &http.Transport{DialContext: dial, DialTLSContext: dial, MaxIdleConnsPerHost: setupConns}
}

func loopbackHost(host string) bool {
	if host == "localhost" {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.IsLoopback()
}

func orElse(value, otherwise string) string {
	if value == "" {
		return otherwise
	}
	return value
}
