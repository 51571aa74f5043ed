// Package mintclient speaks to a mint over HTTP as a wallet does, and says of
// every failure how much it proves.
//
// It trusts nothing that a mint answers beyond its form: whether signatures are
// genuine is for the wallet to check. It must never retry on its own (except for what
// was not let in and has something better to show now, and what the mint has not looked
// at and asks for later), follow a mint to another host, or put a quote id, a secret or
// a body into an error.
package mintclient

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync/atomic"
	"time"

	"mintmark/cashu"
)

// Config says which mint. URL is required.
type Config struct {
	// URL of the mint, http or https, with or without a path.
	URL string
	// Transport carries the requests; nil = a new one of net/http.
	Transport http.RoundTripper
	// Timeout of one request, from the first byte to the last; 0 = 60 s. A
	// melt may take as long as its payment.
	Timeout time.Duration
	// MaxBody is the most bytes of an answer that are read; 0 = 16 MiB.
	MaxBody int64
	// Passes lets requests in; nil = nothing is ever shown.
	Passes Passes
	// UserAgent is shown to the mint; empty = "mintmark".
	UserAgent string
	// Waiting is told when a request waits because the mint has asked for that.
	// It may be called by several at once. nil = nobody.
	Waiting func(time.Duration)
}

// Client is a mint as seen by a wallet. It is safe for concurrent use.
type Client struct {
	base    string
	http    http.Client
	maxBody int64
	agent   string
	passes  Passes
	line    line

	waiting       func(time.Duration)
	said, learned atomic.Int64 // how long a list may be; 0: not known
}

// New checks the configuration. It does not ask the mint.
func New(c Config) (*Client, error) {
	base, err := NormalURL(c.URL)
	if err != nil {
		return nil, err
	}
	if c.Timeout < 0 || c.MaxBody < 0 {
		return nil, errors.New("mint client: negative limits")
	}
	if c.Timeout == 0 {
		c.Timeout = time.Minute
	}
	if c.MaxBody == 0 {
		c.MaxBody = 16 << 20
	}
	if c.UserAgent == "" {
		c.UserAgent = "mintmark"
	}
	if c.Transport == nil {
		c.Transport = http.DefaultTransport.(*http.Transport).Clone()
	}
	// A request that carries money goes to the mint that was named.
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Client{
		base: base, maxBody: c.MaxBody, agent: c.UserAgent, passes: c.Passes, waiting: c.Waiting,
		http: http.Client{Transport: c.Transport, Timeout: c.Timeout, CheckRedirect: stay},
		line: line{
			url: base + "/v1/ws", agent: c.UserAgent, passes: c.Passes, times: usualTimes,
			http:    &http.Client{Transport: c.Transport, CheckRedirect: stay},
			watches: map[string]*Watch{},
		},
	}, nil
}

// NormalURL is the one form of a mint's address: scheme and host in lower case,
// no default port, no slash at the end.
func NormalURL(text string) (string, error) {
	u, err := url.Parse(strings.TrimSpace(text))
	switch {
	case err != nil || u.Host == "":
		return "", errors.New("the address of a mint looks like https://mint.example")
	case u.User != nil || u.RawQuery != "" || u.Fragment != "":
		return "", errors.New("the address of a mint has no user, query or fragment")
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	switch u.Scheme {
	case "http":
		u.Host = strings.TrimSuffix(u.Host, ":80")
	case "https":
		u.Host = strings.TrimSuffix(u.Host, ":443")
	default:
		return "", fmt.Errorf("the address of a mint begins with https:// or http://, not %s://", u.Scheme)
	}
	u.Path = strings.TrimRight(u.Path, "/")
	return u.String(), nil
}

// URL is the mint's address in its one form.
func (c *Client) URL() string { return c.base }

// Close ends the WebSocket, if there is one, and lets go of idle connections.
func (c *Client) Close() {
	c.line.close()
	c.http.CloseIdleConnections()
}

func (c *Client) get(ctx context.Context, what, path string, answer any) error {
	return c.do(ctx, what, http.MethodGet, path, nil, nil, answer)
}

func (c *Client) post(ctx context.Context, what, path string, body, answer any, header http.Header) error {
	text, err := cashu.Encode(body)
	if err != nil {
		return fmt.Errorf("%s: encoding the request: %w", what, err)
	}
	return c.do(ctx, what, http.MethodPost, path, text, header, answer)
}

// do sends one request, again if the mint is asked too often and says when it is not.
// Its errors are a *Refusal or wrap ErrNotSent, ErrNotAdmitted or ErrNoAnswer.
func (c *Client) do(ctx context.Context, what, method, path string, body []byte, header http.Header, answer any) error {
	for waited := time.Duration(0); ; {
		reply, err := c.Exchange(ctx, method, path, header, body)
		if err == nil {
			err = reply.Read(answer)
		}
		if err == nil {
			return nil
		}
		if !c.awaited(ctx, err, &waited) {
			return fmt.Errorf("%s: %w", what, err)
		}
	}
}
