package harness

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"testing"
	"time"
)

// Client talks to a mint over HTTP as any wallet does, and keeps what came back
// byte for byte.
type Client struct {
	URL     string
	t       testing.TB
	http    *http.Client
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

// newClient makes a client for the mint at url.
func newClient(t testing.TB, url string, secrets *Secrets) *Client {
	transport := &http.Transport{MaxIdleConnsPerHost: 100}
	t.Cleanup(transport.CloseIdleConnections)
	return &Client{
		URL: url, t: t, secrets: secrets,
		http: &http.Client{Transport: transport, Timeout: time.Minute},
	}
}

// Get asks for a path. The error is one of the connection only.
func (c *Client) Get(path string) (Reply, error) {
	return c.do(c.t.Context(), http.MethodGet, path, nil)
}

// Post sends a body as JSON. The error is one of the connection only.
func (c *Client) Post(path string, body any) (Reply, error) {
	return c.PostContext(c.t.Context(), path, body)
}

// PostContext is Post with a context, for a client that hangs up.
func (c *Client) PostContext(ctx context.Context, path string, body any) (Reply, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return Reply{}, err
	}
	return c.do(ctx, http.MethodPost, path, b)
}

// PostNamed is Post with an id for the request, as a proxy gives one.
func (c *Client) PostNamed(id, path string, body any) (Reply, error) {
	b, err := json.Marshal(body)
	if err != nil {
		return Reply{}, err
	}
	return c.do(c.t.Context(), http.MethodPost, path, b, "X-Request-Id", id)
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
	if err := json.Unmarshal([]byte(reply.Body), out); err != nil {
		c.t.Fatalf("%s: reading %s: %v", what, reply.Body, err)
	}
}

func (c *Client) do(ctx context.Context, method, path string, body []byte, header ...string) (Reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.URL+path, bytes.NewReader(body))
	if err != nil {
		return Reply{}, err
	}
	if body != nil {
		req.Header.Set("Content-Type", "application/json")
	}
	if len(header) == 2 {
		req.Header.Set(header[0], header[1])
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Reply{}, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		return Reply{}, err
	}
	reply := Reply{Status: resp.StatusCode, Body: string(text)}
	if reply.Status != http.StatusOK {
		c.inspectRefusal(path, &reply)
	}
	return reply, nil
}

// inspectRefusal reads the error and holds it to the promise that no answer
// shows the inside of the mint.
func (c *Client) inspectRefusal(path string, reply *Reply) {
	var e struct {
		Code   int    `json:"code"`
		Detail string `json:"detail"`
	}
	if err := json.Unmarshal([]byte(reply.Body), &e); err != nil {
		c.t.Errorf("%s answered %d with a body that is no error object: %q", path, reply.Status, reply.Body)
	}
	reply.Code, reply.Detail = e.Code, e.Detail
	if shown := insides.FindString(reply.Body); shown != "" {
		c.t.Errorf("%s answered %v, which shows the inside of the mint: %q", path, reply, shown)
	}
	if shown := c.secrets.Find(reply.Body); shown != "" {
		c.t.Errorf("%s answered %d with a body that shows the secret %s", path, reply.Status, shown)
	}
}
