package mintclient

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"strings"
	"time"
)

// A mint, or a server before it, that is asked too often answers with 429 and often
// says when to come again. It has not looked at the request, which is therefore sent
// once more, the same bytes, when it is time.

// usualPatience is how long a request waits in all until the mint takes it.
const usualPatience = 20 * time.Second

// Busy tells that a mint is asked too often, and after which time it may be asked
// again; 0: it does not say.
func Busy(err error) (time.Duration, bool) {
	if r, ok := errors.AsType[*Refusal](err); ok {
		return r.RetryAfter, r.Status == http.StatusTooManyRequests
	}
	if b, ok := errors.AsType[*bareAnswer](err); ok {
		return b.retryAfter, b.status == http.StatusTooManyRequests
	}
	return 0, false
}

// retryAfter reads the header: seconds, or a date. 0: there is none that makes sense.
func retryAfter(h http.Header, now time.Time) time.Duration {
	text := strings.TrimSpace(h.Get("Retry-After"))
	if n, err := strconv.ParseUint(text, 10, 31); err == nil {
		return time.Duration(n) * time.Second
	}
	if at, err := http.ParseTime(text); err == nil && at.After(now) {
		return at.Sub(now)
	}
	return 0
}

// awaited waits as long as the mint asks for. False: it does not say how long, or
// longer than a request may wait in all.
func (c *Client) awaited(ctx context.Context, err error, waited *time.Duration) bool {
	after, busy := Busy(err)
	if !busy || after == 0 || *waited+after > usualPatience {
		return false
	}
	*waited += after
	return c.Wait(ctx, after)
}

// Wait waits on behalf of the mint, which has asked for it. False: ctx has ended.
func (c *Client) Wait(ctx context.Context, d time.Duration) bool {
	if c.waiting != nil {
		c.waiting(d)
	}
	select {
	case <-ctx.Done():
		return false
	case <-time.After(d):
		return true
	}
}
