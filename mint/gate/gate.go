// Package gate decides which requests come in: how often one address may ask, and
// how many requests are worked on at once. Whoever is turned away is told when to
// come back, before anything of the request was read.
//
// It trusts the proxies that it was told of to say for whom they ask, and nobody
// else: what a stranger writes into a header never makes him somebody else. It
// must never let its own memory grow with the number of strangers, and never log
// or show an address.
package gate

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"mintmark/cashu"
)

// Config says who may come in. The zero value lets everybody in, a bounded number
// at once.
type Config struct {
	// Proxies are the addresses of proxies whose word on the client's address is
	// taken. None: the client is whoever is connected.
	Proxies []netip.Prefix
	// Header is where the proxies say it: XForwardedFor or Forwarded; empty =
	// XForwardedFor. They must add to it or replace it; the other one is ignored,
	// because what the proxies do not touch comes from the client.
	Header string
	// Rates are the bounds per address. A class without one has none.
	Rates map[Class]Rate
	// Addresses is how many addresses are remembered at once; 0 = 65536. The one
	// that was silent for longest is forgotten first.
	Addresses int
	// AtOnce is how many requests are worked on at once; 0 = 256. Melts, which
	// wait for payments, have as many places of their own.
	AtOnce int
	// Wait is the longest that a request waits for its turn; 0 = 5 seconds. One
	// that would wait longer is turned away at once.
	Wait time.Duration
	// Clock is the time; nil = time.Now.
	Clock func() time.Time
}

// Headers in which proxies name their client.
const (
	XForwardedFor = "X-Forwarded-For"
	Forwarded     = "Forwarded" // RFC 7239
)

// Rate is how often one address may ask, and how many times at once after a pause.
type Rate struct {
	PerSecond float64
	Burst     int
}

// Gate is a Config at work. It is safe for concurrent use.
type Gate struct {
	proxies proxies
	buckets *buckets // nil: nobody is counted
	work    *crowd
	melts   *crowd
	now     func() time.Time
}

// New checks the configuration.
func New(cfg Config) (*Gate, error) {
	var problems []error
	if cfg.Header == "" {
		cfg.Header = XForwardedFor
	}
	if cfg.Header != XForwardedFor && cfg.Header != Forwarded {
		problems = append(problems, fmt.Errorf("header %q is neither %s nor %s", cfg.Header, XForwardedFor, Forwarded))
	}
	for class, r := range cfg.Rates {
		if !(r.PerSecond > 0) || r.Burst < 1 {
			problems = append(problems, fmt.Errorf("rate of %s is not positive", class))
		}
	}
	if cfg.Addresses < 0 || cfg.AtOnce < 0 || cfg.Wait < 0 {
		problems = append(problems, errors.New("a number is negative"))
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("gate configuration: %w", err)
	}
	if cfg.Addresses == 0 {
		cfg.Addresses = 1 << 16
	}
	if cfg.AtOnce == 0 {
		cfg.AtOnce = 256
	}
	if cfg.Wait == 0 {
		cfg.Wait = 5 * time.Second
	}
	if cfg.Clock == nil {
		cfg.Clock = time.Now
	}
	g := &Gate{
		proxies: proxies{trusted: cfg.Proxies, header: cfg.Header},
		work:    newCrowd(cfg.AtOnce, cfg.Wait, cfg.Clock),
		melts:   newCrowd(cfg.AtOnce, cfg.Wait, cfg.Clock),
		now:     cfg.Clock,
	}
	if len(cfg.Rates) > 0 {
		g.buckets = newBuckets(cfg.Addresses, cfg.Rates)
	}
	return g, nil
}

// Enter lets a request in, maybe after it has waited for its turn; leave must be
// called when it has been answered. The route is known by the pattern that it was
// found with. A refusal is a *cashu.Error, and after says when to come back; any
// other error is that of the request's context.
func (g *Gate) Enter(r *http.Request) (leave func(), after time.Duration, err error) {
	class, place := classify(r.Method, r.Pattern)
	if class != free && g.buckets != nil {
		if after := g.buckets.take(g.proxies.client(r), class, g.now()); after > 0 {
			return nil, after, cashu.ErrRateLimited
		}
	}
	switch place {
	case atWork:
		return g.work.enter(r.Context())
	case atMelts:
		return g.melts.enter(r.Context())
	}
	return func() {}, 0, nil
}

// Load is how many requests are worked on right now, and how many wait.
func (g *Gate) Load() (working, waiting int) {
	for _, c := range []*crowd{g.work, g.melts} {
		w, q := c.load()
		working, waiting = working+w, waiting+q
	}
	return working, waiting
}

// errCrowded is what everybody is told who would have to wait for too long.
var errCrowded = cashu.Errorf(cashu.CodeUnavailable, "too many requests at once")
