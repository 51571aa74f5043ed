package events

import "slices"

// entry is a topic that somebody in this process waits for. The Hub's lock
// guards it.
type entry struct {
	topic Topic
	hash  uint64
	// told is the state that subscribers know; nil: none yet.
	told State
	// changes grows whenever something happens to the topic. A state that was
	// read while it grew may be the one before, and is read again.
	changes uint64
	doubted bool // waits to be read
	links   []link
}

// link is one subscription's interest in a topic.
type link struct {
	sub  *Subscription
	told bool // has got a state
}

// Publish tells of changes that are committed, in the order of the commits as far
// as the caller knows it. It never waits.
func (h *Hub) Publish(changes ...Change) {
	if !h.Wanted() {
		return
	}
	if h.links.Load() > 0 {
		h.mu.Lock()
		for _, c := range changes {
			if e := h.entries[c.Topic]; e != nil {
				h.change(e, c.State)
			}
		}
		h.mu.Unlock()
	}
	if h.outbox != nil {
		h.outbox.add(changes)
	}
}

// Doubt has everything read again that is subscribed, here and elsewhere: things
// have changed, and nobody knows which.
func (h *Hub) Doubt() {
	h.doubtAll()
	if h.outbox != nil {
		h.outbox.addAll()
	}
}

// change takes in what was published. The caller holds the lock.
func (h *Hub) change(e *entry, s State) {
	order := Newer
	switch {
	case s == nil:
		order = Unclear
	case e.told != nil:
		order = s.Compare(e.told)
	}
	switch order {
	case Newer:
		e.changes++
		e.tellAll(s)
	case Unclear:
		e.changes++
		h.doubt(e)
	}
}

// settle takes in what was read when changes was what it is said to be. The
// caller holds the lock.
func (h *Hub) settle(e *entry, changes uint64, s State) {
	switch {
	case s == nil || len(e.links) == 0:
		return
	case e.changes != changes:
		h.doubt(e)
		return
	case e.told == nil:
		e.tellAll(s)
		return
	}
	switch s.Compare(e.told) {
	case Newer, Unclear: // nothing was told meanwhile, so it is later
		e.changes++
		e.tellAll(s)
	default:
		e.tellNew()
	}
}

// tellAll delivers a state to every subscription.
func (e *entry) tellAll(s State) {
	e.told = s
	for i := range e.links {
		e.links[i].told = true
		e.links[i].sub.deliver(Delivery{Subscription: e.links[i].sub, Topic: e.topic, State: s})
	}
}

// tellNew delivers the state to subscriptions that do not know any.
func (e *entry) tellNew() {
	for i := range e.links {
		if !e.links[i].told {
			e.links[i].told = true
			e.links[i].sub.deliver(Delivery{Subscription: e.links[i].sub, Topic: e.topic, State: e.told})
		}
	}
}

// doubt queues the topic to be read. The caller holds the lock.
func (h *Hub) doubt(e *entry) {
	if e.doubted {
		return
	}
	e.doubted = true
	h.doubted = append(h.doubted, e)
	signal(h.wake)
}

func (h *Hub) doubtAll() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, e := range h.entries {
		e.changes++
		h.doubt(e)
	}
}

// join adds a subscription's interest in a topic. The caller holds the lock.
func (h *Hub) join(s *Subscription, t Topic) *entry {
	e := h.entries[t]
	if e == nil {
		e = &entry{topic: t}
		h.entries[t] = e
		if h.outbox != nil {
			e.hash = hashOf(t)
			h.byHash[e.hash] = append(h.byHash[e.hash], e)
		}
	}
	e.links = append(e.links, link{sub: s})
	h.links.Add(1)
	return e
}

// part removes it, and the topic with the last one. The caller holds the lock.
func (h *Hub) part(s *Subscription, e *entry) {
	e.links = slices.DeleteFunc(e.links, func(l link) bool { return l.sub == s })
	h.links.Add(-1)
	if len(e.links) > 0 {
		return
	}
	delete(h.entries, e.topic)
	if h.outbox == nil {
		return
	}
	rest := slices.DeleteFunc(h.byHash[e.hash], func(o *entry) bool { return o == e })
	if h.byHash[e.hash] = rest; len(rest) == 0 {
		delete(h.byHash, e.hash)
	}
}
