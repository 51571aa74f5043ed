package oidc

import (
	"context"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"

	"mintmark/cashu"
)

// maxWaiting is how many requests may wait for the provider at once. More would
// be a way to fill the mint with requests that do nothing.
const maxWaiting = 16

// keyring holds the provider's keys and decides when to fetch them.
type keyring struct {
	cfg   Config
	fetch func(context.Context) (provider, error)
	ctx   context.Context
	stop  context.CancelFunc
	tasks sync.WaitGroup

	mu       sync.Mutex
	current  provider
	fetched  time.Time     // when current was; zero: never
	tried    time.Time     // when the last fetch began
	failed   bool          // the last fetch
	inflight chan struct{} // closed at the end of the fetch under way; nil: none
	waiting  int
}

func newKeyring(cfg Config) *keyring {
	r := &keyring{cfg: cfg, fetch: newFetcher(cfg).fetch}
	r.ctx, r.stop = context.WithCancel(context.Background())
	return r
}

func (r *keyring) Close() error {
	r.stop()
	r.tasks.Wait()
	return nil
}

func (r *keyring) warm() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.start(r.cfg.Clock())
}

// find returns the issuer and the keys that may have signed. A key that is not
// known may be a new one: then it waits for a fetch, if there may be one now.
func (r *keyring) find(ctx context.Context, id string, alg jose.SignatureAlgorithm) (string, []jose.JSONWebKey, error) {
	r.mu.Lock()
	now := r.cfg.Clock()
	if keys := r.trusted(now, id, alg); len(keys) > 0 {
		if now.Sub(r.fetched) >= r.cfg.Refresh {
			r.start(now) // and nobody waits for it
		}
		defer r.mu.Unlock()
		return r.current.issuer, keys, nil
	}
	done := r.start(now)
	if done == nil || r.waiting >= maxWaiting {
		defer r.mu.Unlock()
		return "", nil, r.unknown(now, done != nil)
	}
	r.waiting++
	r.mu.Unlock()
	select {
	case <-done:
	case <-ctx.Done():
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	r.waiting--
	now = r.cfg.Clock()
	if keys := r.trusted(now, id, alg); len(keys) > 0 {
		return r.current.issuer, keys, nil
	}
	return "", nil, r.unknown(now, ctx.Err() != nil)
}

// trusted are the keys that fit, unless they are too old. The caller holds mu.
func (r *keyring) trusted(now time.Time, id string, alg jose.SignatureAlgorithm) []jose.JSONWebKey {
	if !r.fresh(now) {
		return nil
	}
	return r.current.fitting(id, alg)
}

func (r *keyring) fresh(now time.Time) bool {
	return !r.fetched.IsZero() && now.Sub(r.fetched) < r.cfg.Keep
}

// unknown says why there is no key: the provider has none of this name, or it
// cannot be asked. The caller holds mu.
func (r *keyring) unknown(now time.Time, undecided bool) *cashu.Error {
	if undecided || r.failed || !r.fresh(now) {
		return errAway
	}
	return errFailed
}

// start begins a fetch unless one was begun a moment ago, and returns what is
// closed at its end. The caller holds mu.
func (r *keyring) start(now time.Time) chan struct{} {
	if r.inflight != nil {
		return r.inflight
	}
	// A fetch in the future is one before the clock was set back.
	if since := now.Sub(r.tried); !r.tried.IsZero() && since >= 0 && since < r.cfg.Spacing || r.ctx.Err() != nil {
		return nil
	}
	r.tried, r.inflight = now, make(chan struct{})
	r.tasks.Go(r.refresh)
	return r.inflight
}

func (r *keyring) refresh() {
	ctx, cancel := context.WithTimeout(r.ctx, r.cfg.Timeout)
	defer cancel()
	p, err := r.fetch(ctx)
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.failed = err != nil; !r.failed {
		r.current, r.fetched = p, r.cfg.Clock()
	} else if r.ctx.Err() == nil {
		r.cfg.Logger.Warn("the login provider's keys could not be fetched", "error", err, "age", r.age())
	}
	close(r.inflight)
	r.inflight = nil
}

// age is that of the keys, for the log.
func (r *keyring) age() string {
	if r.fetched.IsZero() {
		return "never fetched"
	}
	return r.cfg.Clock().Sub(r.fetched).Round(time.Second).String()
}
