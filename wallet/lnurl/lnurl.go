// Package lnurl asks the service behind a Lightning address or an LNURL for an
// invoice (LUD-06, LUD-16).
//
// It trusts a service no further than its invoice, which the caller compares with
// what was asked for. It must never follow a service to plain HTTP, or read an answer
// without a bound.
package lnurl

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"time"
	"unicode/utf8"

	"github.com/go-json-experiment/json"
)

// Terms is what a service takes.
type Terms struct {
	Callback    string
	Min, Max    uint64 // thousandths of a satoshi
	Description string // what the payment is for, in the service's words
	Comment     int    // the most characters that a comment may have; 0: none
}

// Errors of this package.
var (
	// ErrUnreachable: there is no answer.
	ErrUnreachable = errors.New("the payee's service cannot be reached, or has not answered")
	// ErrAnswer: the answer makes no sense.
	ErrAnswer = errors.New("the answer of the payee's service makes no sense")
)

// RefusedError is what a service says when it does not want to.
type RefusedError struct{ Reason string }

// Error gives the service's words, as they are.
func (e *RefusedError) Error() string { return fmt.Sprintf("the payee's service says %q", e.Reason) }

const (
	maxAnswer = 256 << 10
	timeout   = 30 * time.Second
)

// Client asks services. The zero value uses the network as net/http does.
type Client struct {
	Transport http.RoundTripper
}

// Ask reads what a service takes.
func (c Client) Ask(ctx context.Context, at string) (Terms, error) {
	var v struct {
		Tag            string `json:"tag"`
		Callback       string `json:"callback"`
		MinSendable    uint64 `json:"minSendable"`
		MaxSendable    uint64 `json:"maxSendable"`
		Metadata       string `json:"metadata"`
		CommentAllowed int    `json:"commentAllowed"`
	}
	if err := c.get(ctx, at, &v); err != nil {
		return Terms{}, err
	}
	switch {
	case v.Tag != "payRequest":
		return Terms{}, fmt.Errorf("%w: it is not there to be paid", ErrAnswer)
	case v.MinSendable == 0 || v.MaxSendable < v.MinSendable || !sameSafety(at, v.Callback):
		return Terms{}, ErrAnswer
	}
	return Terms{Callback: v.Callback, Min: v.MinSendable, Max: v.MaxSendable, Description: description(v.Metadata), Comment: max(v.CommentAllowed, 0)}, nil
}

// description takes the text out of the metadata, a JSON list of pairs.
func description(metadata string) string {
	var pairs [][]any
	if json.Unmarshal([]byte(metadata), &pairs) != nil {
		return ""
	}
	for _, pair := range pairs {
		if len(pair) == 2 && pair[0] == "text/plain" {
			text, _ := pair[1].(string)
			return text
		}
	}
	return ""
}

// sameSafety tells that a callback is a URL as safe as the one that named it.
func sameSafety(at, callback string) bool {
	from, err := url.Parse(at)
	if err != nil {
		return false
	}
	to, err := url.Parse(callback)
	if err != nil || to.Host == "" || to.User != nil {
		return false
	}
	return to.Scheme == "https" || to.Scheme == "http" && from.Scheme == "http" && to.Hostname() == from.Hostname()
}

// Check tells whether a service takes an amount, in thousandths of a satoshi, and a
// comment.
func (t Terms) Check(msat uint64, comment string) error {
	switch {
	case msat < t.Min || msat > t.Max:
		return fmt.Errorf("the payee takes from %s to %s sat", sat(t.Min), sat(t.Max))
	case comment != "" && t.Comment == 0:
		return errors.New("the payee takes no comment")
	case utf8.RuneCountInString(comment) > t.Comment:
		return fmt.Errorf("the payee takes a comment of %d characters at most", t.Comment)
	}
	return nil
}

// Invoice asks for an invoice over an amount.
func (c Client) Invoice(ctx context.Context, t Terms, msat uint64, comment string) (string, error) {
	if err := t.Check(msat, comment); err != nil {
		return "", err
	}
	u, err := url.Parse(t.Callback)
	if err != nil {
		return "", ErrAnswer
	}
	q := u.Query()
	q.Set("amount", strconv.FormatUint(msat, 10))
	if comment != "" {
		q.Set("comment", comment)
	}
	u.RawQuery = q.Encode()
	var v struct {
		PR string `json:"pr"`
	}
	if err := c.get(ctx, u.String(), &v); err != nil {
		return "", err
	}
	if v.PR == "" {
		return "", ErrAnswer
	}
	return v.PR, nil
}

// get reads one JSON answer.
func (c Client) get(ctx context.Context, at string, into any) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, at, nil)
	if err != nil {
		return ErrAnswer
	}
	client := http.Client{Transport: c.Transport, Timeout: timeout, CheckRedirect: func(to *http.Request, via []*http.Request) error {
		if len(via) > 5 || to.URL.Scheme != "https" && to.URL.Host != via[0].URL.Host {
			return errors.New("a redirect to where it must not go")
		}
		return nil
	}}
	resp, err := client.Do(req)
	if err != nil {
		return ErrUnreachable // the error would quote the address
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxAnswer+1))
	if err != nil {
		return ErrUnreachable
	}
	if len(body) > maxAnswer {
		return ErrAnswer
	}
	var refusal struct {
		Status string `json:"status"`
		Reason string `json:"reason"`
	}
	if json.Unmarshal(body, &refusal) == nil && refusal.Status == "ERROR" {
		return &RefusedError{Reason: refusal.Reason}
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%w (HTTP %d)", ErrAnswer, resp.StatusCode)
	}
	if json.Unmarshal(body, into) != nil {
		return ErrAnswer
	}
	return nil
}

// sat writes thousandths of a satoshi in satoshi.
func sat(msat uint64) string {
	if msat%1000 == 0 {
		return strconv.FormatUint(msat/1000, 10)
	}
	return fmt.Sprintf("%d.%03d", msat/1000, msat%1000)
}
