package httpapi

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"mintmark/cashu"
)

// statusClientGone is what the log says of a request whose client did not wait
// for the answer. It never goes over a wire.
const statusClientGone = 499

// statusError is a refusal that HTTP has a status of its own for.
type statusError struct {
	status int
	detail string
}

func (e *statusError) Error() string { return e.detail }

// laterError is a refusal that knows when to come back.
type laterError struct {
	error
	after time.Duration
}

func (e *laterError) Unwrap() error { return e.error }

// fail answers with an error: the protocol's refusals are 400 with their code,
// what may work later is 503, or 429 if it is the client who asks too much, and
// everything else is 500 with a fixed text.
func (a *api) fail(w http.ResponseWriter, r *http.Request, err error) {
	note := noteOf(w)
	if r.Context().Err() != nil && errors.Is(err, context.Canceled) {
		note.status = statusClientGone
		err = cashu.ErrUnavailable // nobody will read it
	}
	if e, ok := errors.AsType[*statusError](err); ok {
		a.writeError(w, e.status, &cashu.Error{Code: cashu.CodeMalformed, Detail: e.detail})
		return
	}
	after := a.retryAfter
	if later, ok := errors.AsType[*laterError](err); ok {
		after = later.after
	}
	retryAfter := strconv.FormatInt(int64((after+time.Second-1)/time.Second), 10)
	refusal, ok := errors.AsType[*cashu.Error](err)
	switch {
	case ok && refusal.Code == cashu.CodeUnavailable:
		note.cause = err
		w.Header().Set("Retry-After", retryAfter)
		a.writeError(w, http.StatusServiceUnavailable, refusal)
	case ok && refusal.Code == cashu.CodeRateLimited:
		w.Header().Set("Retry-After", retryAfter)
		a.writeError(w, http.StatusTooManyRequests, refusal)
	case ok && refusal.Code != cashu.CodeInternal:
		a.writeError(w, http.StatusBadRequest, refusal)
	default:
		note.cause = err
		a.writeError(w, http.StatusInternalServerError,
			cashu.Errorf(cashu.CodeInternal, "internal error, request %s", note.requestID))
	}
}

func (a *api) writeError(w http.ResponseWriter, status int, e *cashu.Error) {
	noteOf(w).code = e.Code
	body, err := cashu.Encode(cashu.ErrorResponse{Detail: strings.ToValidUTF8(e.Detail, "\uFFFD"), Code: e.Code})
	if err != nil { // a string and a number: cannot happen
		http.Error(w, "", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Cache-Control", "no-store")
	writeBody(w, status, "application/json", body)
}

// answer encodes v as the body of a success that no cache may keep.
func answer(w http.ResponseWriter, v any) error {
	body, err := cashu.Encode(v)
	if err != nil {
		return fmt.Errorf("encoding the answer: %w", err)
	}
	w.Header().Set("Cache-Control", "no-store")
	writeBody(w, http.StatusOK, "application/json", body)
	return nil
}

// writeBody sends a whole body. A client that does not read it is not our
// trouble: what the request did is done and can be asked for again.
func writeBody(w http.ResponseWriter, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	_, _ = w.Write(body)
}
