package lnd

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptrace"
	"strings"
	"sync/atomic"
	"time"
)

// Codes of gRPC that the package tells apart.
const (
	codeCanceled         = 1
	codeUnknown          = 2
	codeDeadlineExceeded = 4
	codeNotFound         = 5
	codeAlreadyExists    = 6
	codeUnavailable      = 14
)

// nodeError is what the node answered instead of a result.
type nodeError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

func (e *nodeError) Error() string {
	return fmt.Sprintf("the node says: %.300s (code %d)", e.Message, e.Code)
}

// is tells whether err is an answer of the node with this code.
func is(err error, code int) bool {
	var e *nodeError
	return errors.As(err, &e) && e.Code == code
}

// answered tells whether an error is the node's own last word on a call: what was
// asked for was looked at, refused, and is not going on anywhere.
func answered(err error) bool {
	var e *nodeError
	if !errors.As(err, &e) {
		return false
	}
	switch e.Code {
	case 0, codeCanceled, codeDeadlineExceeded, codeUnavailable:
		return false
	}
	return true
}

// errNotSent: the call did not leave this process.
var errNotSent = errors.New("the node cannot be reached")

// maxAnswer bounds one message of the node. A payment with many attempts is long.
const maxAnswer = 16 << 20

// client speaks with the node.
type client struct {
	url         string
	credentials credentials
}

func newClient(c Config) (*client, error) {
	v := &client{url: strings.TrimSuffix(c.URL, "/"), credentials: credentials{certFile: c.TLSCert, macaroonFile: c.Macaroon}}
	_, err := v.credentials.load()
	return v, err
}

func (c *client) close() { c.credentials.close() }

// call asks for one answer. in and out may be nil.
func (c *client) call(ctx context.Context, method, path string, in, out any) error {
	return c.stream(ctx, method, path, in, func(answer json.RawMessage) (bool, error) {
		if out == nil {
			return true, nil
		}
		return true, json.Unmarshal(answer, out)
	})
}

// stream asks for answers until each wants no more of them. Its end by the node
// without an error is io.ErrUnexpectedEOF: no stream of lnd that is used here ends
// before it was left.
func (c *client) stream(ctx context.Context, method, path string, in any, each func(json.RawMessage) (stop bool, err error)) error {
	access, err := c.credentials.load()
	if err != nil {
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	var body io.Reader
	if in != nil {
		text, err := json.Marshal(in)
		if err != nil {
			return fmt.Errorf("%w: %w", errNotSent, err)
		}
		body = bytes.NewReader(text)
	}
	var written atomic.Bool
	ctx, cancel := context.WithCancel(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		// From here on the node may have the request.
		WroteHeaderField: func(string, []string) { written.Store(true) },
	}))
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, method, c.url+path, body)
	if err != nil {
		return fmt.Errorf("%w: %w", errNotSent, err)
	}
	req.Header.Set("Grpc-Metadata-macaroon", access.macaroon)
	res, err := access.http.Do(req)
	if err != nil {
		if !written.Load() {
			return fmt.Errorf("%w: %w", errNotSent, err)
		}
		return fmt.Errorf("asking the node: %w", err)
	}
	defer res.Body.Close()
	return readAnswers(res.Body, func(answer json.RawMessage) (bool, error) {
		if res.StatusCode/100 != 2 { // and no error of the node: somebody else's words
			return false, fmt.Errorf("the answer has HTTP status %d", res.StatusCode)
		}
		return each(answer)
	})
}

// readAnswers reads one JSON object after the other: an answer, an answer of a stream,
// which is wrapped, or an error in either form.
func readAnswers(r io.Reader, each func(json.RawMessage) (bool, error)) error {
	limited := &io.LimitedReader{R: r}
	decoder := json.NewDecoder(limited)
	for {
		limited.N = maxAnswer
		var raw json.RawMessage
		if err := decoder.Decode(&raw); err != nil {
			if errors.Is(err, io.EOF) {
				err = io.ErrUnexpectedEOF
			}
			return fmt.Errorf("reading the node's answer: %w", err)
		}
		var form struct {
			nodeError
			Result json.RawMessage `json:"result"`
			Error  *nodeError      `json:"error"`
		}
		answer := raw
		if err := json.Unmarshal(raw, &form); err == nil {
			switch {
			case form.Error != nil:
				return form.Error
			case form.Result != nil:
				answer = form.Result
			case form.Code != 0:
				return &form.nodeError
			}
		}
		stop, err := each(answer)
		if err != nil || stop {
			return err
		}
	}
}

// quickly bounds a call that the node should answer at once.
func quickly(ctx context.Context) (context.Context, context.CancelFunc) {
	return context.WithTimeout(ctx, 15*time.Second)
}
