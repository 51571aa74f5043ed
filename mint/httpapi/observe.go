package httpapi

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"net/http"
	"runtime/debug"
	"time"

	"mintmark/cashu"
	"mintmark/internal/requestid"
	"mintmark/internal/traceparent"
)

const requestIDHeader = "X-Request-Id"

// note is what is remembered of a request until it is logged.
type note struct {
	requestID string
	traced    func(route string, status int, code cashu.Code) // nil: nobody follows
	start     time.Time
	done      bool // recorded already, before its end
	status    int
	code      cashu.Code // of a refusal
	cause     error      // what the wallet is not told
}

// recorder is the response of a request with its note.
type recorder struct {
	http.ResponseWriter
	note note
}

func (r *recorder) WriteHeader(status int) {
	if r.note.status == 0 {
		r.note.status = status
	}
	r.ResponseWriter.WriteHeader(status)
}

// Unwrap lets http.ResponseController find the connection.
func (r *recorder) Unwrap() http.ResponseWriter { return r.ResponseWriter }

// noteOf finds the note of a request; every handler runs under observed.
func noteOf(w http.ResponseWriter) *note {
	if r, ok := w.(*recorder); ok {
		return &r.note
	}
	return &note{}
}

// observed wraps all routes: request id, CORS, panics, and one log record per
// request, with the route's pattern and never with its path.
func (a *api) observed(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		rec := &recorder{ResponseWriter: w, note: note{requestID: requestID(r), start: a.now()}}
		r = r.WithContext(requestid.With(r.Context(), rec.note.requestID)) // for the signatory's log
		if a.trace != nil {
			var ctx context.Context
			ctx, rec.note.traced = a.trace(r.Context())
			r = r.WithContext(ctx)
		}
		h := rec.Header()
		h.Set(requestIDHeader, rec.note.requestID)
		h.Set("X-Content-Type-Options", "nosniff")
		defer func() {
			if p := recover(); p != nil {
				if p == http.ErrAbortHandler {
					panic(p) // net/http's own way to drop a connection
				}
				rec.note.cause = fmt.Errorf("panic: %v\n%s", p, debug.Stack())
				if rec.note.status == 0 {
					a.fail(rec, r, rec.note.cause)
				}
			}
			a.finished(r, &rec.note)
		}()
		if allowOrigins(rec, r) {
			return
		}
		next.ServeHTTP(rec, r)
	})
}

// finished records a request once: at its end or, if its connection goes on as
// something else, before.
func (a *api) finished(r *http.Request, n *note) {
	if n.done {
		return
	}
	n.done = true
	took := a.now().Sub(n.start)
	a.record(r, n, took)
	a.observe(r.Pattern, n.status, n.code, took)
	if n.traced != nil {
		n.traced(r.Pattern, n.status, n.code)
	}
}

// record writes the one log record of a request.
func (a *api) record(r *http.Request, n *note, took time.Duration) {
	level := slog.LevelInfo
	switch {
	case n.status == http.StatusServiceUnavailable:
		level = slog.LevelWarn
	case n.status >= 500 || n.status != statusClientGone && n.cause != nil:
		level = slog.LevelError
	case n.status == http.StatusTooManyRequests || // a flood must not fill the disk; metrics count it
		r.Method == http.MethodOptions || r.Pattern == "GET /health" || r.Pattern == "GET /health/live":
		level = slog.LevelDebug
	}
	attrs := []slog.Attr{
		slog.String("method", verbOf(r)),
		slog.String("route", r.Pattern),
		slog.Int("status", n.status),
		slog.Duration("took", took),
		slog.String("request", n.requestID),
	}
	if id := traceparent.Trace(traceparent.Of(r.Context())); id != "" {
		attrs = append(attrs, slog.String("trace", id))
	}
	if n.code != 0 {
		attrs = append(attrs, slog.Int("code", int(n.code)))
	}
	if n.cause != nil {
		attrs = append(attrs, slog.String("error", n.cause.Error()))
	}
	a.log.LogAttrs(r.Context(), level, "request", attrs...)
}

// verbOf is the request's verb if it is one that we know; a stranger's bytes do
// not go into the log.
func verbOf(r *http.Request) string {
	switch r.Method {
	case http.MethodGet, http.MethodHead, http.MethodPost, http.MethodOptions,
		http.MethodPut, http.MethodPatch, http.MethodDelete:
		return r.Method
	}
	return "other"
}

// requestID takes over the id that a proxy gave the request, if it is harmless,
// else makes one.
func requestID(r *http.Request) string {
	if id := r.Header.Get(requestIDHeader); requestid.Valid(id) {
		return id
	}
	return rand.Text()
}
