package mintclient

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"net/url"

	"mintmark/cashu"
)

// Passes finds what requests must show to be let in (NUT-21, NUT-22).
type Passes interface {
	// For is the headers that a request shows besides its own; nil: none. The
	// path is in the form in which mints publish it. An error keeps the request
	// from leaving.
	For(ctx context.Context, method, path string) (http.Header, error)
	// Refused hears that a request, which has shown this, was not let in. True:
	// For may have something better now.
	Refused(ctx context.Context, method, path string, shown http.Header, why *Refusal) bool
}

// The headers of NUT-21 and NUT-22.
const (
	ClearAuthHeader = "Clear-auth"
	BlindAuthHeader = "Blind-auth"
)

// ErrNotAdmitted: the request did not leave, because there is nothing that the mint
// would let it in with.
var ErrNotAdmitted = errors.New("the request was not sent")

// shutOut is a refusal to let a request in, and why it is not sent again with
// something better. The request has left, whatever became of what was tried after it.
type shutOut struct {
	*Refusal
	cause error
}

func (e *shutOut) Error() string { return e.Refusal.Error() + "; " + e.cause.Error() }

func (e *shutOut) Unwrap() error { return e.Refusal }

func (e *shutOut) Is(target error) bool {
	switch target {
	case ErrNotSent, ErrNotAdmitted, ErrNoAnswer:
		return false
	}
	return errors.Is(e.cause, target)
}

// admitted sends a request with what it must show. One that was not let in, so that
// nothing else should have come of it, is sent once more.
func (c *Client) admitted(ctx context.Context, method, path string, header http.Header, body []byte) (Reply, error) {
	if c.passes == nil {
		return c.send(ctx, method, path, header, body)
	}
	var refused *Refusal
	for {
		shown, err := pass(ctx, c.passes, method, path)
		switch {
		case err != nil && refused != nil:
			return Reply{}, &shutOut{refused, err}
		case err != nil:
			return Reply{}, err
		}
		all := http.Header{}
		maps.Copy(all, shown)
		maps.Copy(all, header)
		reply, err := c.send(ctx, method, path, all, body)
		why, ok := reply.closed()
		if refused != nil && errors.Is(err, ErrNotSent) {
			return Reply{}, &shutOut{refused, err}
		}
		if err != nil || refused != nil || !ok || !c.passes.Refused(ctx, method, published(path), shown, why) {
			return reply, err
		}
		refused = why
	}
}

func pass(ctx context.Context, p Passes, method, path string) (http.Header, error) {
	shown, err := p.For(ctx, method, published(path))
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNotAdmitted, err)
	}
	return shown, nil
}

// published is a path as mints publish it: not escaped.
func published(path string) string {
	if plain, err := url.PathUnescape(path); err == nil {
		return plain
	}
	return path
}

// closed tells whether the answer is that the request was not let in.
func (r Reply) closed() (*Refusal, bool) {
	if r.Status < 400 || r.Status > 499 {
		return nil, false
	}
	why, ok := errors.AsType[*Refusal](r.refusal())
	if !ok {
		return nil, false
	}
	switch why.Code {
	case cashu.CodeClearAuthRequired, cashu.CodeClearAuthFailed, cashu.CodeBlindAuthRequired, cashu.CodeBlindAuthFailed:
		return why, true
	}
	return nil, false
}

// otherNumbers are the codes of nutshell for what has other ones in the NUTs.
var otherNumbers = map[cashu.Code]cashu.Code{
	80001: cashu.CodeClearAuthRequired, 80002: cashu.CodeClearAuthFailed,
	81001: cashu.CodeBlindAuthRequired, 81002: cashu.CodeBlindAuthFailed,
	81003: cashu.CodeBlindAuthMaxExceeded, 81004: cashu.CodeBlindAuthRateLimited,
}
