package events

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
)

// spare is how many deliveries may wait in an inbox beyond two for each topic.
const spare = 1024

// Delivery is one thing in an inbox: the state of a topic, or what its owner
// posted.
type Delivery struct {
	Subscription *Subscription
	Topic        Topic
	State        State
	Note         any
}

// Inbox is where the states of several subscriptions arrive, in one order. One
// goroutine takes them out with Next; another may subscribe and unsubscribe.
type Inbox struct {
	hub    *Hub
	topics int // of all its subscriptions; the Hub's lock guards it
	subs   map[*Subscription]struct{}

	mu    sync.Mutex
	queue []Delivery
	limit int
	err   error         // why there will be no more
	wake  chan struct{} // one token: something is in the queue, or err is set
}

// Subscription is the wish to hear of some topics.
type Subscription struct {
	// Note is what came into the inbox at its beginning.
	Note any

	inbox   *Inbox
	entries []*entry

	// held keeps back what arrives until the states at the beginning are there.
	held    bool
	backlog []Delivery
	over    atomic.Bool
}

// Open makes an inbox. The caller closes it.
func (h *Hub) Open() *Inbox {
	h.inboxes.Add(1)
	return &Inbox{hub: h, subs: map[*Subscription]struct{}{}, limit: spare, wake: make(chan struct{}, 1)}
}

// Subscribe puts note into the inbox, then the state of every topic as it is now,
// then every change, with none left out in between. A topic that is named twice
// counts once. When it fails, nothing is subscribed and nothing is in the inbox.
func (in *Inbox) Subscribe(ctx context.Context, topics []Topic, note any) (*Subscription, error) {
	s, err := in.register(topics, note)
	if err != nil {
		return nil, err
	}
	// From here on no change is missed, so what is read now cannot be too old.
	if err := in.hub.readFirst(ctx, s); err != nil {
		in.Unsubscribe(s)
		return nil, err
	}
	h := in.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	in.put(append([]Delivery{{Note: note}}, s.backlog...)...)
	s.held, s.backlog = false, nil
	return s, nil
}

func (in *Inbox) register(topics []Topic, note any) (*Subscription, error) {
	h := in.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if in.subs == nil {
		return nil, ErrClosed
	}
	if h.links.Load()+int64(len(topics)) > int64(h.cfg.MaxTopics) {
		return nil, fmt.Errorf("%w: %d", ErrFull, h.cfg.MaxTopics)
	}
	s := &Subscription{Note: note, inbox: in, held: true}
	seen := make(map[Topic]struct{}, len(topics))
	for _, t := range topics {
		if _, again := seen[t]; !again {
			seen[t] = struct{}{}
			s.entries = append(s.entries, h.join(s, t))
		}
	}
	in.subs[s] = struct{}{}
	in.resize(len(s.entries))
	h.subscriptions.Add(1)
	return s, nil
}

// Unsubscribe ends a subscription. None of its states comes out of the inbox any
// more.
func (in *Inbox) Unsubscribe(s *Subscription) {
	in.hub.mu.Lock()
	defer in.hub.mu.Unlock()
	in.leave(s)
}

// leave is Unsubscribe for those who hold the lock.
func (in *Inbox) leave(s *Subscription) {
	if s.over.Swap(true) {
		return
	}
	for _, e := range s.entries {
		in.hub.part(s, e)
	}
	delete(in.subs, s)
	in.resize(-len(s.entries))
	in.hub.subscriptions.Add(-1)
}

// resize follows the number of topics: their first states arrive at once. The
// caller holds the Hub's lock.
func (in *Inbox) resize(by int) {
	in.topics += by
	in.mu.Lock()
	in.limit = spare + 2*in.topics
	in.mu.Unlock()
}

// deliver puts a state into the inbox. The caller holds the Hub's lock.
func (s *Subscription) deliver(d Delivery) {
	switch {
	case !s.held:
		s.inbox.put(d)
	case len(s.backlog) < spare+2*len(s.entries):
		s.backlog = append(s.backlog, d)
	default:
		s.inbox.fail(ErrSlow)
	}
}

// Post puts something of the owner's own into the inbox.
func (in *Inbox) Post(note any) { in.put(Delivery{Note: note}) }

func (in *Inbox) put(list ...Delivery) {
	in.mu.Lock()
	defer in.mu.Unlock()
	if in.err != nil {
		return
	}
	if len(in.queue)+len(list) > in.limit+1 {
		in.failLocked(ErrSlow)
		return
	}
	in.queue = append(in.queue, list...)
	signal(in.wake)
}

// GiveUp says that nobody takes anything out any more, because it goes too slowly.
func (in *Inbox) GiveUp() { in.fail(ErrSlow) }

func (in *Inbox) fail(err error) {
	in.mu.Lock()
	defer in.mu.Unlock()
	in.failLocked(err)
}

func (in *Inbox) failLocked(err error) {
	if in.err != nil {
		return
	}
	if err == ErrSlow {
		in.hub.slow.Add(1)
	}
	in.err, in.queue = err, nil
	signal(in.wake)
}

// Next waits for something and takes out all that is there. ErrSlow: so much had
// gathered that it was thrown away; nothing more will come.
func (in *Inbox) Next(ctx context.Context) ([]Delivery, error) {
	for {
		select {
		case <-ctx.Done():
			return nil, ctx.Err()
		case <-in.wake:
		}
		in.mu.Lock()
		list, err := in.queue, in.err
		in.queue = nil
		in.mu.Unlock()
		if err != nil {
			signal(in.wake) // for the next call
			return nil, err
		}
		kept := list[:0]
		for _, d := range list {
			if d.Subscription != nil && d.Subscription.over.Load() {
				continue
			}
			if kept = append(kept, d); d.State != nil {
				in.hub.delivered.Add(1)
			}
		}
		if len(kept) > 0 {
			return kept, nil
		}
	}
}

// Close ends all subscriptions. A Next that waits, and every later one, fails
// with ErrClosed.
func (in *Inbox) Close() {
	h := in.hub
	h.mu.Lock()
	defer h.mu.Unlock()
	if in.subs == nil {
		return
	}
	for s := range in.subs {
		in.leave(s)
	}
	in.subs = nil
	in.fail(ErrClosed)
	h.inboxes.Add(-1)
}

// Topics is how many topics the subscription has.
func (s *Subscription) Topics() int { return len(s.entries) }
