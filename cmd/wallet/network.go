package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"

	"mintmark/internal/address"
)

// transport is the way to mints and payees. With a proxy nothing is asked for but
// through it, names of hosts included; only this machine is reached directly when the
// proxy is the environment's word and not the owner's.
func (g *globals) transport() (http.RoundTripper, error) {
	if g.offline {
		return noNetwork{}, nil
	}
	way := http.DefaultTransport.(*http.Transport).Clone()
	dial := way.DialContext
	way.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
		if host, _, err := net.SplitHostPort(address); err == nil && strings.HasSuffix(host, ".onion") {
			// Asking a name server would tell it, and lead nowhere.
			return nil, &net.OpError{Op: "dial", Net: network, Err: errors.New("a hidden service is reached through Tor: --proxy socks5://127.0.0.1:9050")}
		}
		return dial(ctx, network, address)
	}
	text, always := g.proxy, true
	if text == "" {
		text, always = os.Getenv("ALL_PROXY"), false
	}
	if text == "" {
		return way, nil // HTTPS_PROXY and HTTP_PROXY count, as ever
	}
	proxy, err := url.Parse(text)
	if err != nil || proxy.Host == "" || !slices.Contains([]string{"socks5", "socks5h", "http", "https"}, proxy.Scheme) {
		return nil, usageError{errors.New("a proxy looks like socks5://127.0.0.1:9050, or http://…")}
	}
	way.Proxy = func(r *http.Request) (*url.URL, error) {
		if !always && address.IsLoopback(r.URL.Hostname()) {
			return nil, nil
		}
		return proxy, nil
	}
	return way, nil
}

// noNetwork fails like a line that is cut before the first byte.
type noNetwork struct{}

func (noNetwork) RoundTrip(*http.Request) (*http.Response, error) {
	return nil, &net.OpError{Op: "dial", Err: fmt.Errorf("--offline")}
}
