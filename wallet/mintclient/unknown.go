package mintclient

import (
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"mintmark/cashu"
)

// bareAnswer is an answer that is no success and has no code of the protocol. It
// proves nothing, so it is an ErrNoAnswer.
type bareAnswer struct {
	status     int
	detail     string
	retryAfter time.Duration
}

func (b *bareAnswer) Error() string { return fmt.Sprintf("%v: HTTP %d", ErrNoAnswer, b.status) }
func (b *bareAnswer) Unwrap() error { return ErrNoAnswer }

// UnknownQuote tells whether a mint says that it does not know a quote. There is no
// code for that in the protocol, so each mint has its own way to say it: a code, the
// status of HTTP, or words. It is good for telling a person, and proves nothing.
func UnknownQuote(err error) bool {
	status, detail := 0, ""
	if r, ok := errors.AsType[*Refusal](err); ok {
		if r.Code == cashu.CodeUnknownQuote {
			return true
		}
		status, detail = r.Status, r.Detail
	} else if b, ok := errors.AsType[*bareAnswer](err); ok {
		status, detail = b.status, b.detail
	}
	detail = strings.ToLower(detail)
	words := strings.Contains(detail, "quote not found") || strings.Contains(detail, "quote does not exist")
	return status == http.StatusNotFound || status >= 400 && status < 500 && words
}
