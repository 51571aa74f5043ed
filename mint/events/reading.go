package events

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"
)

const (
	// readBatch is how many topics are read at once.
	readBatch = 500
	// readTimeout bounds one reading, and readRetry is the pause after one that
	// failed.
	readTimeout, readRetry = 20 * time.Second, time.Second
)

// asked is an entry that is being read, and where it stood before.
type asked struct {
	entry   *entry
	changes uint64
}

// readFirst reads the states at the beginning of a subscription.
func (h *Hub) readFirst(ctx context.Context, s *Subscription) error {
	for part := range slices.Chunk(s.entries, readBatch) {
		h.mu.Lock()
		list := ask(part)
		h.mu.Unlock()
		states, err := h.read(ctx, list)
		if err != nil {
			return err
		}
		if slices.Contains(states, nil) {
			return ErrUnknown
		}
		h.settleAll(list, states)
	}
	return nil
}

// ask notes where the entries stand. The caller holds the lock.
func ask(entries []*entry) []asked {
	list := make([]asked, len(entries))
	for i, e := range entries {
		list[i] = asked{e, e.changes}
	}
	return list
}

func (h *Hub) read(ctx context.Context, list []asked) ([]State, error) {
	topics := make([]Topic, len(list))
	for i, a := range list {
		topics[i] = a.entry.topic
	}
	states, err := h.cfg.Read(ctx, topics)
	if err == nil && len(states) != len(topics) {
		err = errors.New("events: not one state for each topic was read")
	}
	if err != nil {
		return nil, fmt.Errorf("reading what is subscribed: %w", err)
	}
	return states, nil
}

func (h *Hub) settleAll(list []asked, states []State) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, a := range list {
		h.settle(a.entry, a.changes, states[i])
	}
}

// readDoubted reads again what is doubted, and all of it now and then.
func (h *Hub) readDoubted(ctx context.Context) {
	again := time.NewTicker(h.cfg.RereadInterval)
	defer again.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-again.C:
			h.doubtAll()
		case <-h.wake:
			if err := h.readSome(ctx); err != nil && ctx.Err() == nil {
				h.cfg.Logger.Warn("cannot read what has changed, subscribers wait", "error", err)
				select {
				case <-time.After(readRetry):
				case <-ctx.Done():
				}
			}
		}
	}
}

// readSome reads the first of what is doubted.
func (h *Hub) readSome(ctx context.Context) error {
	h.mu.Lock()
	n := min(len(h.doubted), readBatch)
	some := slices.DeleteFunc(slices.Clone(h.doubted[:n]), func(e *entry) bool { return len(e.links) == 0 })
	for _, e := range h.doubted[:n] {
		e.doubted = false
	}
	clear(h.doubted[:n]) // so that what is gone can be freed
	if h.doubted = h.doubted[n:]; len(h.doubted) > 0 {
		signal(h.wake)
	} else {
		h.doubted = nil
	}
	list := ask(some)
	h.mu.Unlock()
	if len(list) == 0 {
		return nil
	}
	bounded, cancel := context.WithTimeout(ctx, readTimeout)
	defer cancel()
	states, err := h.read(bounded, list)
	if err != nil {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, a := range list {
			h.doubt(a.entry)
		}
		return err
	}
	h.settleAll(list, states)
	return nil
}
