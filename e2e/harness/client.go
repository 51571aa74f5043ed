package harness

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"testing"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// Client puts requests to a mint by the client that our wallet has, and keeps what
// came back byte for byte. What it is asked to send may be nonsense.
type Client struct {
	mint    *mintclient.Client
	t       testing.TB
	secrets *Secrets
}

// Reply is what the mint answered.
type Reply struct {
	Status int
	Body   string
	// Code and Detail are the error of NUT-00 when Status is not 200.
	Code   int
	Detail string
}

func (r Reply) String() string { return fmt.Sprintf("%d %s", r.Status, r.Body) }

// newClient makes a client for the mint at url, whose refusals are inspected.
func newClient(t testing.TB, url string, transport http.RoundTripper, secrets *Secrets) *Client {
	t.Helper()
	mint, err := mintclient.New(mintclient.Config{URL: url, Transport: &inspector{t, transport, secrets}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(mint.Close)
	return &Client{mint, t, secrets}
}

// Get asks for a path. The error is one of the connection only.
func (c *Client) Get(path string) (Reply, error) {
	return c.put(c.t.Context(), http.MethodGet, path, nil, nil)
}

// Post sends a body as JSON. The error is one of the connection only.
func (c *Client) Post(path string, body any) (Reply, error) {
	return c.PostContext(c.t.Context(), path, body)
}

// PostContext is Post with a context, for a client that hangs up.
func (c *Client) PostContext(ctx context.Context, path string, body any) (Reply, error) {
	return c.put(ctx, http.MethodPost, path, nil, body)
}

// PostAs is Post with one header.
func (c *Client) PostAs(name, value, path string, body any) (Reply, error) {
	return c.put(c.t.Context(), http.MethodPost, path, http.Header{http.CanonicalHeaderKey(name): {value}}, body)
}

func (c *Client) put(ctx context.Context, method, path string, header http.Header, body any) (Reply, error) {
	var text []byte
	if body != nil {
		var err error
		if text, err = cashu.Encode(body); err != nil {
			return Reply{}, err
		}
	}
	got, err := c.mint.Exchange(ctx, method, path, header, text)
	if err != nil {
		return Reply{}, err
	}
	reply := Reply{Status: got.Status, Body: string(got.Body)}
	if refused, ok := errors.AsType[*mintclient.Refusal](got.Read(nil)); ok {
		reply.Code, reply.Detail = int(refused.Code), refused.Detail
	}
	return reply, nil
}

// MustGet asks for a path and reads the answer, which must be 200, into out.
func (c *Client) MustGet(path string, out any) {
	c.t.Helper()
	reply, err := c.Get(path)
	c.must("GET "+path, reply, err, out)
}

// MustPost sends a body and reads the answer, which must be 200, into out.
func (c *Client) MustPost(path string, body, out any) {
	c.t.Helper()
	reply, err := c.Post(path, body)
	c.must("POST "+path, reply, err, out)
}

func (c *Client) must(what string, reply Reply, err error, out any) {
	c.t.Helper()
	if err != nil {
		c.t.Fatalf("%s: %v", what, err)
	}
	if reply.Status != http.StatusOK {
		c.t.Fatalf("%s: %v", what, reply)
	}
	if err := cashu.Decode([]byte(reply.Body), out); err != nil {
		c.t.Fatalf("%s: reading %s: %v", what, reply.Body, err)
	}
}

// check ends the test if the mint did not do what it was asked.
func (c *Client) check(err error) {
	c.t.Helper()
	if err != nil {
		c.t.Fatal(err)
	}
}
