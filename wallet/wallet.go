package wallet

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"github.com/google/uuid"

	"mintmark/wallet/mintclient"
	"mintmark/wallet/secrets"
)

// Config is what a Wallet needs. Store and Secrets are mandatory.
type Config struct {
	Store   Store
	Secrets *secrets.Source
	// Transport carries requests to mints; nil = one of net/http for each mint.
	Transport http.RoundTripper
	// Timeout of one request to a mint; 0 = 60 s.
	Timeout time.Duration
	// Refresh is how old the keysets of a mint may be before it is asked again;
	// 0 = 10 minutes.
	Refresh time.Duration
	// Retry is the pause before a request without an answer is sent again, and
	// doubles each time; 0 = 1 s.
	Retry time.Duration
	// Waiting is told when a mint has asked to be asked less often, and how long a
	// request waits now. It may be called by several at once. nil = nobody.
	Waiting func(mintURL string, d time.Duration)
	Clock   func() time.Time // nil = time.Now
	Logger  *slog.Logger     // nil = discard
}

// Wallet is ecash of any number of mints and units. It is safe for concurrent
// use, also by several processes on one database; one process has one Wallet for
// one Store.
type Wallet struct {
	cfg     Config
	store   Store
	secrets *secrets.Source
	log     *slog.Logger

	mu    sync.Mutex
	mints map[string]*mintclient.Client
	doors map[string]*door
	busy  busy
}

// busy is the sagas that this process works on at the moment, so that its own
// recovery leaves them alone. What is right never depends on it.
type busy struct {
	mu  sync.Mutex
	ids map[uuid.UUID]int
}

func (b *busy) enter(id uuid.UUID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ids == nil {
		b.ids = map[uuid.UUID]int{}
	}
	b.ids[id]++
}

func (b *busy) leave(id uuid.UUID) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ids[id]--; b.ids[id] == 0 {
		delete(b.ids, id)
	}
}

func (b *busy) has(id uuid.UUID) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.ids[id] > 0
}

// New checks the configuration. It asks nobody, and recovers nothing.
func New(cfg Config) (*Wallet, error) {
	var problems []error
	if cfg.Store == nil {
		problems = append(problems, errors.New("store is missing"))
	}
	if cfg.Secrets == nil {
		problems = append(problems, errors.New("secrets are missing"))
	}
	if cfg.Timeout < 0 || cfg.Refresh < 0 || cfg.Retry < 0 {
		problems = append(problems, errors.New("durations must not be negative"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("wallet configuration: %w", err)
	}
	if cfg.Refresh == 0 {
		cfg.Refresh = 10 * time.Minute
	}
	if cfg.Retry == 0 {
		cfg.Retry = time.Second
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	return &Wallet{cfg: cfg, store: cfg.Store, secrets: cfg.Secrets, log: cfg.Logger, mints: map[string]*mintclient.Client{}, doors: map[string]*door{}}, nil
}

// Close lets go of connections. The Store stays open.
func (w *Wallet) Close() {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, c := range w.mints {
		c.Close()
	}
}

func (w *Wallet) now() time.Time { return w.cfg.Clock() }

// client is the way to a mint; mintURL may be in any form.
func (w *Wallet) client(mintURL string) (*mintclient.Client, error) {
	base, err := mintclient.NormalURL(mintURL)
	if err != nil {
		return nil, err
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	if c, ok := w.mints[base]; ok {
		return c, nil
	}
	d := &door{w: w, base: base}
	cfg := mintclient.Config{URL: base, Transport: w.cfg.Transport, Timeout: w.cfg.Timeout, Passes: d}
	if w.cfg.Waiting != nil {
		cfg.Waiting = func(d time.Duration) { w.cfg.Waiting(base, d) }
	}
	c, err := mintclient.New(cfg)
	if err != nil {
		return nil, err
	}
	w.mints[base], w.doors[base] = c, d
	return c, nil
}

// door is where the mint of this address, in its one form, lets requests in.
func (w *Wallet) door(base string) *door {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.doors[base]
}

// What a call can end with besides success. Use errors.Is.
var (
	// ErrFunds: there are not enough free coins.
	ErrFunds = errors.New("not enough ecash")
	// ErrPending: it is not known yet how the operation ends. Nothing is lost;
	// recovery goes on with it.
	ErrPending = errors.New("the outcome is not known yet")
	// ErrTaken: coins or signatures that should have been ours went to somebody
	// else, with evidence in the journal.
	ErrTaken = errors.New("somebody else has them")
)

// OperationError is the failure of an operation that has left something behind
// which can be looked at under its id.
type OperationError struct {
	ID  uuid.UUID
	Err error
}

// Error gives the reason and the id.
func (e *OperationError) Error() string { return fmt.Sprintf("%v (operation %s)", e.Err, e.ID) }

// Unwrap gives the reason.
func (e *OperationError) Unwrap() error { return e.Err }

// Balances adds up what there is, by mint, unit and state.
func (w *Wallet) Balances(ctx context.Context) ([]Balance, error) { return w.store.Balances(ctx) }
