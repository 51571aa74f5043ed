package httpapi

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/events"
	"mintmark/signatory"
)

// fakeMint answers what its functions say, and remembers nothing.
type fakeMint struct {
	createMintQuote func(string, cashu.MintQuoteRequest) (mint.MintQuote, error)
	mintQuote       func(method, id string) (mint.MintQuote, error)
	issue           func(string, cashu.MintRequest) ([]cashu.BlindSignature, error)
	mintQuotes      func(string, []string) ([]mint.MintQuote, error)
	issueBatch      func(string, cashu.BatchMintRequest) ([]cashu.BlindSignature, error)
	createMeltQuote func(string, cashu.MeltQuoteRequest) (mint.MeltQuote, error)
	meltQuote       func(method, id string) (mint.Melted, error)
	melt            func(string, cashu.MeltRequest) (mint.Melted, error)
	swap            func(context.Context, cashu.SwapRequest) ([]cashu.BlindSignature, error)
	checkState      func([]bdhke.Point) ([]mint.ProofRecord, error)
	restore         func([]cashu.BlindedMessage) ([]cashu.BlindedMessage, []cashu.BlindSignature, error)
	useToken        func(cashu.BlindAuthToken) (func(), error)
	issueTokens     func(string, []cashu.BlindedMessage) ([]cashu.BlindSignature, error)
	clear, blind    []cashu.ProtectedEndpoint
	limits          mint.Limits
	healthy         mint.Health

	mu     sync.Mutex
	view   *mint.KeysetView
	states map[events.Topic]events.State
	hub    *events.Hub
}

var _ Service = (*fakeMint)(nil)

// newFakeMint is a mint in which every call is refused.
func newFakeMint() *fakeMint {
	refuse := cashu.ErrUnknownQuote
	f := &fakeMint{
		createMintQuote: func(string, cashu.MintQuoteRequest) (mint.MintQuote, error) {
			return mint.MintQuote{}, refuse
		},
		mintQuote:  func(string, string) (mint.MintQuote, error) { return mint.MintQuote{}, refuse },
		issue:      func(string, cashu.MintRequest) ([]cashu.BlindSignature, error) { return nil, refuse },
		mintQuotes: func(string, []string) ([]mint.MintQuote, error) { return nil, refuse },
		issueBatch: func(string, cashu.BatchMintRequest) ([]cashu.BlindSignature, error) { return nil, refuse },
		createMeltQuote: func(string, cashu.MeltQuoteRequest) (mint.MeltQuote, error) {
			return mint.MeltQuote{}, refuse
		},
		meltQuote:  func(string, string) (mint.Melted, error) { return mint.Melted{}, refuse },
		melt:       func(string, cashu.MeltRequest) (mint.Melted, error) { return mint.Melted{}, refuse },
		swap:       func(context.Context, cashu.SwapRequest) ([]cashu.BlindSignature, error) { return nil, refuse },
		checkState: func([]bdhke.Point) ([]mint.ProofRecord, error) { return nil, refuse },
		restore: func([]cashu.BlindedMessage) ([]cashu.BlindedMessage, []cashu.BlindSignature, error) {
			return nil, nil, refuse
		},
		limits:  mint.Limits{MaxInputs: 1000, MaxOutputs: 1000, MaxStates: 1000, MaxQuotes: 100},
		healthy: mint.Health{Ready: true, Signatory: true, Database: true},
		view:    new(mint.KeysetView),
		states:  map[events.Topic]events.State{},
	}
	f.hub, _ = events.New(events.Config{Read: f.read})
	return f
}

func (f *fakeMint) read(_ context.Context, topics []events.Topic) ([]events.State, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	states := make([]events.State, len(topics))
	for i, t := range topics {
		states[i] = f.states[t]
	}
	return states, nil
}

// change sets the state of a topic and publishes it.
func (f *fakeMint) change(kind, id string, s events.State) {
	f.mu.Lock()
	f.states[events.Topic{Kind: kind, ID: id}] = s
	f.mu.Unlock()
	f.hub.Publish(events.Change{Topic: events.Topic{Kind: kind, ID: id}, State: s})
}

func (f *fakeMint) OpenInbox() *events.Inbox { return f.hub.Open() }

// Subscribe knows the kinds "bolt11_mint_quote" and "proof_state", and every
// filter is a name.
func (f *fakeMint) Subscribe(ctx context.Context, in *events.Inbox, kind string, filters []string, note any) (*events.Subscription, error) {
	if kind != "bolt11_mint_quote" && kind != "proof_state" {
		return nil, cashu.Errorf(cashu.CodeMalformed, "kind is not supported")
	}
	topics := make([]events.Topic, len(filters))
	for i, id := range filters {
		topics[i] = events.Topic{Kind: kind, ID: id}
	}
	sub, err := in.Subscribe(ctx, topics, note)
	if errors.Is(err, events.ErrUnknown) {
		return nil, cashu.ErrUnknownQuote
	}
	return sub, err
}

func (f *fakeMint) CreateMintQuote(_ context.Context, method string, req cashu.MintQuoteRequest) (mint.MintQuote, error) {
	return f.createMintQuote(method, req)
}

func (f *fakeMint) MintQuote(_ context.Context, method, id string) (mint.MintQuote, error) {
	return f.mintQuote(method, id)
}

func (f *fakeMint) Issue(_ context.Context, method string, req cashu.MintRequest) ([]cashu.BlindSignature, error) {
	return f.issue(method, req)
}

func (f *fakeMint) MintQuotes(_ context.Context, method string, ids []string) ([]mint.MintQuote, error) {
	return f.mintQuotes(method, ids)
}

func (f *fakeMint) IssueBatch(_ context.Context, method string, req cashu.BatchMintRequest) ([]cashu.BlindSignature, error) {
	return f.issueBatch(method, req)
}

func (f *fakeMint) CreateMeltQuote(_ context.Context, method string, req cashu.MeltQuoteRequest) (mint.MeltQuote, error) {
	return f.createMeltQuote(method, req)
}

func (f *fakeMint) MeltQuote(_ context.Context, method, id string) (mint.Melted, error) {
	return f.meltQuote(method, id)
}

func (f *fakeMint) Melt(_ context.Context, method string, req cashu.MeltRequest) (mint.Melted, error) {
	return f.melt(method, req)
}

func (f *fakeMint) Swap(ctx context.Context, req cashu.SwapRequest) ([]cashu.BlindSignature, error) {
	return f.swap(ctx, req)
}

func (f *fakeMint) CheckState(_ context.Context, ys []bdhke.Point) ([]mint.ProofRecord, error) {
	return f.checkState(ys)
}

func (f *fakeMint) Restore(_ context.Context, outputs []cashu.BlindedMessage) ([]cashu.BlindedMessage, []cashu.BlindSignature, error) {
	return f.restore(outputs)
}

func (f *fakeMint) Protected() (clear, blind []cashu.ProtectedEndpoint) { return f.clear, f.blind }

func (f *fakeMint) Protection(method, path string) mint.Protection {
	for _, e := range f.clear {
		if e.Matches(method, path) {
			return mint.ClearAuth
		}
	}
	for _, e := range f.blind {
		if e.Matches(method, path) {
			return mint.BlindAuth
		}
	}
	return mint.Unprotected
}

func (f *fakeMint) UseAuthToken(_ context.Context, token cashu.BlindAuthToken) (func(), error) {
	return f.useToken(token)
}

func (f *fakeMint) IssueAuthTokens(_ context.Context, user string, outputs []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	return f.issueTokens(user, outputs)
}

func (f *fakeMint) Info() cashu.MintInfo {
	return cashu.MintInfo{Name: "Test <mint>", Version: mint.Version, MOTD: "hello", Nuts: map[string]any{
		"7": cashu.SupportedInfo{Supported: true}}}
}

func (f *fakeMint) Keysets() *mint.KeysetView {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.view
}

func (f *fakeMint) setView(v *mint.KeysetView) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.view = v
}

func (f *fakeMint) Limits() mint.Limits                { return f.limits }
func (f *fakeMint) Health(context.Context) mint.Health { return f.healthy }

// rememberedStore is a database in which nothing but keysets is remembered: the
// way to make a mint.KeysetView.
type rememberedStore struct {
	mint.Store
	snapshot signatory.Snapshot
}

func (rememberedStore) Config(context.Context, mint.ConfigKey) (string, error) {
	return "", mint.ErrNotFound
}

func (s rememberedStore) Keysets(context.Context) (signatory.Snapshot, error) { return s.snapshot, nil }

// viewOf is a view of these keysets.
func viewOf(t testing.TB, keysets ...cashu.Keyset) *mint.KeysetView {
	t.Helper()
	var signer signatory.Signatory = struct{ signatory.Signatory }{}
	m, err := mint.New(t.Context(), mint.Config{
		Store:  rememberedStore{snapshot: signatory.Snapshot{Identity: point(t, 99), Epoch: 1, Keysets: keysets}},
		Signer: signer,
		Source: signer,
	})
	if err != nil {
		t.Fatalf("making a keyset view: %v", err)
	}
	return m.Keysets()
}

// keyset is one with the keys 1, 2 and 4, made from first, first+1 and first+2.
func keyset(t testing.TB, unit cashu.Unit, first byte, active bool) cashu.Keyset {
	t.Helper()
	keys, err := cashu.NewKeys(map[cashu.Amount]bdhke.Point{
		1: point(t, first), 2: point(t, first+1), 4: point(t, first+2),
	})
	if err != nil {
		t.Fatal(err)
	}
	return cashu.Keyset{
		ID: cashu.DeriveKeysetIDV2(keys, unit, 100, 0), Unit: unit, Active: active, InputFeePPK: 100, Keys: keys,
	}
}

// point is n times the generator.
func point(t testing.TB, n byte) bdhke.Point {
	t.Helper()
	var b [32]byte
	b[31] = n
	s, err := bdhke.NewScalar(b[:])
	if err != nil {
		t.Fatal(err)
	}
	return s.Public()
}

// server is the handler around m, and what it logs.
func server(t testing.TB, m Service, change func(*Config)) (http.Handler, *logText) {
	t.Helper()
	text := &logText{}
	cfg := Config{Mint: m, Logger: slog.New(slog.NewTextHandler(text, &slog.HandlerOptions{Level: slog.LevelDebug}))}
	if change != nil {
		change(&cfg)
	}
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	return h, text
}

type logText struct {
	mu   sync.Mutex
	text strings.Builder
}

func (l *logText) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

func (l *logText) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.String()
}

// ask sends one request.
func ask(h http.Handler, verb, path, body string, headers ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(verb, path, strings.NewReader(body))
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}

func askRequest(h http.Handler, r *http.Request) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	return w
}
