// Package events tells those who wait for a change that it has happened.
//
// What can change is a topic. Whoever commits a change publishes it afterwards; a
// subscriber first gets the state as it is, then every state that replaces it. A
// state that cannot be put in order is read again from the database, and so is
// everything that is subscribed when something may have been missed, and now and
// then anyway: an event is a hint, the row is the truth. So a subscriber never
// goes back in time, and ends with the truth whatever was lost on the way.
//
// On a database with several processes each tells the others which topics have
// changed, by a hash and never by name, and they read for themselves.
//
// It trusts the State to know its order and Config.Read to see every commit that
// was published before it was called. It must never know what a topic is, wait
// for a subscriber, start a goroutine for an event, or do I/O under a lock.
package events

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Topic is something that changes: a kind and the name of one of that kind.
type Topic struct{ Kind, ID string }

// Order is how a state stands to the one that was told last.
type Order int

// The orders.
const (
	Same    Order = iota // nothing that a subscriber could see has changed
	Newer                // it replaces the one before
	Older                // it was replaced already
	Unclear              // only the database knows which of the two is the case
)

// State is what a topic is like at one moment.
type State interface {
	// Compare tells how this state stands to an earlier one of the same topic.
	Compare(told State) Order
}

// Change is what is published.
type Change struct {
	Topic Topic
	State State // nil: the hub reads it if somebody wants to know
}

// Bus carries short texts to all processes on the database, this one included.
type Bus interface {
	// Send returns when the text is on its way.
	Send(ctx context.Context, text string) error
	// Listen calls fn for every text until ctx ends. missed tells that texts
	// may have been lost before this moment; then text is empty.
	Listen(ctx context.Context, fn func(text string, missed bool)) error
}

// Config is what a Hub needs. Read is required.
type Config struct {
	// Read returns the state of each topic as it is now, nil for one that does
	// not exist. It is asked for at most 500 at once.
	Read func(ctx context.Context, topics []Topic) ([]State, error)
	// Bus leads to the other processes. nil: there are none.
	Bus Bus
	// RereadInterval is how often everything that is subscribed is read again,
	// in case a process died between a commit and its publication. 0 = 30 s.
	RereadInterval time.Duration
	// MaxTopics bounds the topics of all subscriptions together. 0 = 100000.
	MaxTopics int
	// Logger hears when changes cannot be read or sent. nil = discard.
	Logger *slog.Logger
}

// Errors of subscribing and of an Inbox.
var (
	// ErrUnknown: a topic does not exist.
	ErrUnknown = errors.New("there is no such topic")
	// ErrFull: as many topics are subscribed as may be.
	ErrFull = errors.New("too many topics are subscribed")
	// ErrSlow: the inbox was emptied too slowly and is lost.
	ErrSlow = errors.New("events were not taken in time")
	// ErrClosed: the inbox was closed.
	ErrClosed = errors.New("the inbox is closed")
)

// Stats counts what a Hub has to do.
type Stats struct {
	Inboxes       int64 // open now
	Subscriptions int64 // open now
	Topics        int64 // of these subscriptions
	Delivered     int64 // states taken out of inboxes, since the start
	Slow          int64 // inboxes lost because they were emptied too slowly
	Missed        int64 // times that something may have been missed and all was read again
}

// Hub knows who waits for what. It is safe for concurrent use; Run must be
// running for changes to be read and to come from other processes.
type Hub struct {
	cfg    Config
	outbox *outbox // nil: nobody to tell

	mu      sync.Mutex
	entries map[Topic]*entry
	byHash  map[uint64][]*entry // only with an outbox
	doubted []*entry            // to be read again, each once
	wake    chan struct{}       // one token: something is doubted

	links, inboxes, subscriptions, delivered, slow, missed atomic.Int64
}

// New checks the configuration.
func New(cfg Config) (*Hub, error) {
	switch {
	case cfg.Read == nil:
		return nil, errors.New("events: nothing to read states with")
	case cfg.RereadInterval < 0, cfg.MaxTopics < 0:
		return nil, errors.New("events: a limit is negative")
	}
	if cfg.RereadInterval == 0 {
		cfg.RereadInterval = 30 * time.Second
	}
	if cfg.MaxTopics == 0 {
		cfg.MaxTopics = 100_000
	}
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	h := &Hub{cfg: cfg, entries: map[Topic]*entry{}, byHash: map[uint64][]*entry{}, wake: make(chan struct{}, 1)}
	if cfg.Bus != nil {
		h.outbox = newOutbox(cfg.Bus, cfg.Logger)
	}
	return h, nil
}

// Run reads what is doubted and talks with the other processes until ctx ends.
// What was published before that is still sent to them.
func (h *Hub) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { h.readDoubted(ctx) })
	if h.outbox != nil {
		wg.Go(func() { h.outbox.run(ctx) })
		wg.Go(func() { h.listen(ctx) })
	}
	wg.Wait()
	return nil
}

// Wanted tells whether anybody might want to know of a change. If not, it need
// not even be put into words.
func (h *Hub) Wanted() bool { return h.outbox != nil || h.links.Load() > 0 }

// Subscribed tells whether somebody in this process waits for the topic.
func (h *Hub) Subscribed(t Topic) bool {
	if h.links.Load() == 0 {
		return false
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.entries[t] != nil
}

// Each calls fn for every subscribed topic of this kind with what was told of it
// last, which may be nil. fn must be quick and must not call the Hub.
func (h *Hub) Each(kind string, fn func(id string, told State)) {
	if h.links.Load() == 0 {
		return
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	for t, e := range h.entries {
		if t.Kind == kind {
			fn(t.ID, e.told)
		}
	}
}

// Stats are read one after the other, not at one moment.
func (h *Hub) Stats() Stats {
	return Stats{
		Inboxes: h.inboxes.Load(), Subscriptions: h.subscriptions.Load(), Topics: h.links.Load(),
		Delivered: h.delivered.Load(), Slow: h.slow.Load(), Missed: h.missed.Load(),
	}
}

// signal leaves one token.
func signal(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

func (o Order) String() string {
	switch o {
	case Same:
		return "same"
	case Newer:
		return "newer"
	case Older:
		return "older"
	case Unclear:
		return "unclear"
	}
	return fmt.Sprintf("order %d", int(o))
}
