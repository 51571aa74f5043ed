// Package httpapi is the mint's face to wallets: the HTTP routes of the NUTs.
// It decodes a request under hard limits, calls the mint and encodes the answer.
//
// It trusts the mint, and nothing that comes over the wire: a body is bounded,
// and what is in it is counted before anything is computed from it. It must
// never contain a rule of the protocol, and never show or log an internal error
// text, a quote id, a secret or a body: outside, an internal error is a fixed
// sentence with the id of the request, under which the log has the rest.
package httpapi

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/netip"
	"slices"
	"strings"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/events"
)

// Exchange is what the mint does with ecash. Errors that a wallet may see are
// *cashu.Error.
type Exchange interface {
	CreateMintQuote(ctx context.Context, method string, req cashu.MintQuoteRequest) (mint.MintQuote, error)
	MintQuote(ctx context.Context, method, id string) (mint.MintQuote, error)
	MintQuotes(ctx context.Context, method string, ids []string) ([]mint.MintQuote, error)
	Issue(ctx context.Context, method string, req cashu.MintRequest) ([]cashu.BlindSignature, error)
	IssueBatch(ctx context.Context, method string, req cashu.BatchMintRequest) ([]cashu.BlindSignature, error)
	CreateMeltQuote(ctx context.Context, method string, req cashu.MeltQuoteRequest) (mint.MeltQuote, error)
	MeltQuote(ctx context.Context, method, id string) (mint.Melted, error)
	Melt(ctx context.Context, method string, req cashu.MeltRequest) (mint.Melted, error)
	Swap(ctx context.Context, req cashu.SwapRequest) ([]cashu.BlindSignature, error)
	CheckState(ctx context.Context, ys []bdhke.Point) ([]mint.ProofRecord, error)
	Restore(ctx context.Context, outputs []cashu.BlindedMessage) ([]cashu.BlindedMessage, []cashu.BlindSignature, error)
}

// Status is what the mint says about itself.
type Status interface {
	Info() cashu.MintInfo
	Keysets() *mint.KeysetView
	Limits() mint.Limits
	Health(ctx context.Context) mint.Health
}

// Feed is how the mint tells of changes.
type Feed interface {
	OpenInbox() *events.Inbox
	Subscribe(ctx context.Context, in *events.Inbox, kind string, filters []string, note any) (*events.Subscription, error)
}

// Service is the mint, as seen from here.
type Service interface {
	Exchange
	Status
	Feed
	Authentication
}

// Gate decides who may come in.
type Gate interface {
	// Enter lets a request in, maybe after a wait; leave is called when it has
	// been answered. A refusal is a *cashu.Error with CodeRateLimited or
	// CodeUnavailable, and after says when to come back.
	Enter(r *http.Request) (leave func(), after time.Duration, err error)
	// Client is what is counted as one client; the zero value when everybody
	// might be this one.
	Client(r *http.Request) netip.Prefix
}

// Config is what the routes need.
type Config struct {
	// Mint does the work. Required.
	Mint Service
	// Gate is asked about every request, when its route is known and before
	// anything is read of its body. nil = all may come in.
	Gate Gate
	// Logins knows the users. Required if the mint protects anything.
	Logins Logins
	// MaxBody is the most bytes of a request body; 0 = 2 MiB, enough for 1000
	// inputs and 1000 outputs.
	MaxBody int64
	// MaxHeld is the most bytes that the bodies of all requests may take at
	// once; beyond it they are told to come back. 0 = 256 MiB.
	MaxHeld int64
	// RetryAfter is what a wallet is told to wait when the mint cannot work
	// right now; 0 = 2 seconds. Rounded up to whole seconds.
	RetryAfter time.Duration
	// Sockets bounds the WebSockets.
	Sockets SocketLimits
	// Logger gets one record per request, and nothing that identifies a wallet.
	// nil = discard.
	Logger *slog.Logger
	// Observe is told of every answer: the pattern of its route, its status,
	// its code if it is a refusal, and how long it took. nil = nobody.
	Observe func(route string, status int, code cashu.Code, took time.Duration)
	// Authenticated is told what came of every token that was looked at: of which kind
	// it is, clear or blind, and accepted, missing, refused, not decided, or given back.
	// nil = nobody.
	Authenticated func(kind, outcome string)
	// Trace begins to follow a request, and is told like Observe how it ended.
	// nil = nobody follows.
	Trace func(ctx context.Context) (inside context.Context, end func(route string, status int, code cashu.Code))
	// Clock measures how long requests take; nil = time.Now.
	Clock func() time.Time
}

type api struct {
	mint          Service
	gate          Gate
	logins        Logins
	limits        mint.Limits
	maxBody       int64
	held          held
	retryAfter    time.Duration
	log           *slog.Logger
	trace         func(context.Context) (context.Context, func(string, int, cashu.Code))
	observe       func(route string, status int, code cashu.Code, took time.Duration)
	now           func() time.Time
	authenticated func(kind, outcome string)
	keysets       keysetPages
	sockets       sockets
}

// Handler is all routes. Its WebSockets outlive the http.Server that it serves
// and must be closed by CloseSockets.
type Handler struct {
	http.Handler
	api *api
}

// New makes the handler of all routes. The timeouts of the connection are the
// business of the http.Server around it.
func New(cfg Config) (*Handler, error) {
	var problems []error
	if cfg.Mint == nil {
		problems = append(problems, errors.New("mint is missing"))
	}
	if cfg.MaxBody < 0 {
		problems = append(problems, errors.New("max body is negative"))
	}
	if cfg.MaxHeld < 0 {
		problems = append(problems, errors.New("max held is negative"))
	}
	if cfg.RetryAfter < 0 {
		problems = append(problems, errors.New("retry after is negative"))
	}
	problems = append(problems, cfg.Sockets.validate())
	if cfg.Mint != nil && cfg.Logins == nil {
		if clear, blind := cfg.Mint.Protected(); len(clear)+len(blind) > 0 {
			problems = append(problems, errors.New("endpoints are protected and nobody knows the users"))
		}
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("http api configuration: %w", err)
	}
	a := &api{mint: cfg.Mint, gate: cfg.Gate, logins: cfg.Logins, limits: cfg.Mint.Limits(), maxBody: cfg.MaxBody,
		retryAfter: cfg.RetryAfter, log: cfg.Logger, observe: cfg.Observe, authenticated: cfg.Authenticated, trace: cfg.Trace, now: cfg.Clock}
	if a.maxBody == 0 {
		a.maxBody = 2 << 20
	}
	if a.held.max = cfg.MaxHeld; a.held.max == 0 {
		a.held.max = 256 << 20
	}
	if a.retryAfter == 0 {
		a.retryAfter = 2 * time.Second
	}
	if a.log == nil {
		a.log = slog.New(slog.DiscardHandler)
	}
	if a.observe == nil {
		a.observe = func(string, int, cashu.Code, time.Duration) {}
	}
	if a.authenticated == nil {
		a.authenticated = func(string, string) {}
	}
	if a.now == nil {
		a.now = time.Now
	}
	a.sockets.limits = cfg.Sockets
	routes, err := a.routes()
	if err != nil {
		return nil, fmt.Errorf("http api configuration: %w", err)
	}
	return &Handler{a.observed(routes), a}, nil
}

// handler answers one request or returns why not; then nothing was written yet.
type handler func(w http.ResponseWriter, r *http.Request) error

// table is everything that can be asked for, by its pattern.
func (a *api) table() map[string]handler {
	table := map[string]handler{
		"GET /{$}":                          a.page,
		"GET /health":                       a.health,
		"GET /health/live":                  a.live,
		"GET /v1/info":                      a.info,
		"GET /v1/keys":                      a.keys,
		"GET /v1/keys/{id}":                 a.keysOf,
		"GET /v1/keysets":                   a.keysetList,
		"POST /v1/mint/quote/{method}":      a.createMintQuote,
		"GET /v1/mint/quote/{method}/{id}":  a.mintQuote,
		"POST /v1/mint/{method}":            a.issue,
		"POST /v1/mint/quote/{method}/{id}": a.checkMintQuotes,
		"POST /v1/melt/quote/{method}":      a.createMeltQuote,
		"GET /v1/melt/quote/{method}/{id}":  a.meltQuote,
		"POST /v1/melt/{method}":            a.melt,
		"POST /v1/swap":                     a.swap,
		"POST /v1/checkstate":               a.checkState,
		"POST /v1/restore":                  a.restore,
		"GET /v1/ws":                        a.socket,
	}
	maps.Copy(table, a.authRoutes())
	return table
}

// routes makes the way from a request to its place in the table.
func (a *api) routes() (http.Handler, error) {
	table := a.table()
	mux := http.NewServeMux()
	verbs := map[string][]string{}
	for pattern := range table {
		verb, path, _ := strings.Cut(pattern, " ")
		verbs[path] = append(verbs[path], verb)
	}
	// NUT-29: a pattern with a verb, or with the word batch, would meet those of
	// quotes, where a method may be called so.
	table["/v1/mint/{method}/{batch}"] = a.issueBatch
	if err := a.protect(table); err != nil {
		return nil, err
	}
	for pattern, h := range table {
		mux.Handle(pattern, a.answering(h))
	}
	for path := range maps.Keys(verbs) {
		mux.Handle(path, a.answering(wrongVerb(verbs[path])))
	}
	mux.Handle("/", a.answering(notFound))
	return mux, nil
}

// answering turns what a handler returns into an answer.
func (a *api) answering(h handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := a.admitted(h, w, r); err != nil {
			a.fail(w, r, err)
		}
	})
}

// admitted handles a request if the gate lets it in.
func (a *api) admitted(h handler, w http.ResponseWriter, r *http.Request) error {
	if a.gate == nil {
		return h(w, r)
	}
	leave, after, err := a.gate.Enter(r)
	if err != nil {
		return &laterError{err, after}
	}
	defer leave()
	return h(w, r)
}

func notFound(http.ResponseWriter, *http.Request) error {
	return &statusError{http.StatusNotFound, "there is no such route"}
}

func wrongVerb(verbs []string) handler {
	if slices.Contains(verbs, http.MethodGet) {
		verbs = append(verbs, http.MethodHead)
	}
	verbs = append(verbs, http.MethodOptions)
	slices.Sort(verbs)
	allow := strings.Join(verbs, ", ")
	return func(w http.ResponseWriter, _ *http.Request) error {
		w.Header().Set("Allow", allow)
		return &statusError{http.StatusMethodNotAllowed, "this route does not know this verb"}
	}
}
