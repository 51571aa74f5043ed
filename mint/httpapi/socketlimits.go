package httpapi

import (
	"errors"
	"fmt"
	"net/netip"
	"sync"
	"time"

	"mintmark/cashu"
)

// SocketLimits bounds what WebSockets may take. Zero is the default of each.
type SocketLimits struct {
	// Connections is how many may be open at once. 0 = 2000.
	Connections int
	// PerAddress is how many of them may come from one address (of IPv6, one
	// /64), where the Gate knows it. 0 = 50.
	PerAddress int
	// Subscriptions and Filters are how many a connection may have. 0 = 100 and
	// 5000.
	Subscriptions, Filters int
	// Message is the most bytes that a wallet may send at once. 0 = 128 KiB,
	// enough for a thousand filters.
	Message int64
	// Ping is the time between two signs of life that are asked of a wallet, and
	// half of it the time for the answer. 0 = 30 s.
	Ping time.Duration
	// Idle is how long a wallet may stay without a subscription. 0 = 2 min.
	Idle time.Duration
	// Write is how long one message may take to leave. 0 = 10 s.
	Write time.Duration
}

func (l *SocketLimits) validate() error {
	var problems []error
	count := func(name string, v *int, d int) {
		if *v < 0 {
			problems = append(problems, fmt.Errorf("sockets: %s is negative", name))
		}
		if *v == 0 {
			*v = d
		}
	}
	span := func(name string, v *time.Duration, d time.Duration) {
		if *v < 0 {
			problems = append(problems, fmt.Errorf("sockets: %s is negative", name))
		}
		if *v == 0 {
			*v = d
		}
	}
	count("connections", &l.Connections, 2000)
	count("per address", &l.PerAddress, 50)
	count("subscriptions", &l.Subscriptions, 100)
	count("filters", &l.Filters, 5000)
	span("ping", &l.Ping, 30*time.Second)
	span("idle", &l.Idle, 2*time.Minute)
	span("write", &l.Write, 10*time.Second)
	if l.Message < 0 {
		problems = append(problems, errors.New("sockets: message is negative"))
	}
	if l.Message == 0 {
		l.Message = 128 << 10
	}
	return errors.Join(problems...)
}

// sockets are the open ones.
type sockets struct {
	limits SocketLimits

	mu      sync.Mutex
	open    map[*socket]struct{}
	from    map[netip.Prefix]int
	closing bool
	ended   sync.WaitGroup
}

// Refusals before the upgrade.
var (
	errTooManySockets = cashu.Errorf(cashu.CodeUnavailable, "too many WebSockets are open, use the other routes or try again later")
	errSocketsClosing = cashu.Errorf(cashu.CodeUnavailable, "the mint is shutting down")
)

// enter admits a socket or says why not. The caller lets it leave.
func (s *sockets) enter(c *socket) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	known := c.address.IsValid()
	switch {
	case s.closing:
		return errSocketsClosing
	case len(s.open) >= s.limits.Connections, known && s.from[c.address] >= s.limits.PerAddress:
		return errTooManySockets
	}
	if s.open == nil {
		s.open, s.from = map[*socket]struct{}{}, map[netip.Prefix]int{}
	}
	s.open[c] = struct{}{}
	if known {
		s.from[c.address]++
	}
	s.ended.Add(1)
	return nil
}

func (s *sockets) leave(c *socket) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.open, c)
	if c.address.IsValid() {
		if s.from[c.address]--; s.from[c.address] == 0 {
			delete(s.from, c.address)
		}
	}
	s.ended.Done()
}

// closeAll tells all to end, and returns a channel that is closed when they have.
func (s *sockets) closeAll() <-chan struct{} {
	s.mu.Lock()
	s.closing = true
	for c := range s.open {
		c.end(goingAway)
	}
	s.mu.Unlock()
	done := make(chan struct{})
	go func() {
		s.ended.Wait()
		close(done)
	}()
	return done
}

// dropAll cuts those that are left.
func (s *sockets) dropAll() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for c := range s.open {
		c.line.cut()
	}
}
