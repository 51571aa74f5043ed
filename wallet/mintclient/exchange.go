package mintclient

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"mime"
	"net/http"
	"time"

	"mintmark/cashu"
	"mintmark/internal/printable"
)

// Reply is an answer as it came.
type Reply struct {
	Status int    // of HTTP
	Kind   string // media type of the body, without parameters
	Body   []byte

	retryAfter time.Duration
}

// OK tells whether the mint did what it was asked.
func (r Reply) OK() bool { return r.Status >= 200 && r.Status <= 299 }

// Read reads the body of an answer that is OK. Of any other it is the error: a
// *Refusal, or one that wraps ErrNoAnswer.
func (r Reply) Read(answer any) error {
	if !r.OK() {
		return r.refusal()
	}
	if err := cashu.Decode(r.Body, answer); err != nil {
		return fmt.Errorf("%w: the answer makes no sense", ErrNoAnswer)
	}
	return nil
}

// mostText is how many characters of what a mint says are shown.
const mostText = 200

// refusal reads the body of an answer that is no success.
func (r Reply) refusal() error {
	var body struct {
		Detail any         `json:"detail"`
		Code   *cashu.Code `json:"code"`
	}
	if r.Kind != "application/json" || cashu.Decode(r.Body, &body) != nil || body.Code == nil || *body.Code == 0 {
		if r.Status == http.StatusRequestEntityTooLarge {
			return tooLarge(r.Status)
		}
		detail, _ := body.Detail.(string)
		return &bareAnswer{r.Status, detail, r.retryAfter}
	}
	if code, ok := otherNumbers[*body.Code]; ok {
		body.Code = &code
	}
	detail, _ := body.Detail.(string)
	return &Refusal{Code: *body.Code, Detail: printable.Text(detail, mostText), Status: r.Status, RetryAfter: r.retryAfter}
}

// Exchange sends one request, whose body is JSON that is ready to be sent, and
// gives back the answer as it came, whatever its status. It is for those who must
// see or choose the bytes; everybody else has a method for what he wants. Its
// errors wrap ErrNotSent, ErrNotAdmitted or ErrNoAnswer.
func (c *Client) Exchange(ctx context.Context, method, path string, header http.Header, body []byte) (Reply, error) {
	return c.admitted(ctx, method, path, header, body)
}

func (c *Client) send(ctx context.Context, method, path string, header http.Header, body []byte) (Reply, error) {
	req, err := http.NewRequestWithContext(ctx, method, c.base+path, bytes.NewReader(body))
	if err != nil {
		return Reply{}, fmt.Errorf("%w: the request cannot be made", ErrNotSent)
	}
	for name, values := range header {
		req.Header[name] = values
	}
	req.Header.Set("User-Agent", c.agent)
	req.Header.Set("Accept", "application/json")
	if method == http.MethodPost {
		req.Header.Set("Content-Type", "application/json")
		// With a body that can be read again net/http would send the request
		// a second time on its own when a connection turns out to be dead.
		req.GetBody = nil
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return Reply{}, transportError(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, c.maxBody+1))
	switch {
	case err != nil:
		return Reply{}, fmt.Errorf("%w: the answer was cut off", ErrNoAnswer)
	case int64(len(text)) > c.maxBody:
		return Reply{}, fmt.Errorf("%w: the answer is too long", ErrNoAnswer)
	}
	kind, _, _ := mime.ParseMediaType(resp.Header.Get("Content-Type"))
	return Reply{Status: resp.StatusCode, Kind: kind, Body: text, retryAfter: retryAfter(resp.Header, time.Now())}, nil
}
