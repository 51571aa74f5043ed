package sqldb

import (
	"context"
	"sync"
)

// maxWaiting is how many notices wait for one who listens in this process.
const maxWaiting = 4096

// note is a notice that waits for its transaction.
type note struct{ channel, payload string }

// exchange carries notices within a process. The zero value is ready.
type exchange struct {
	mu        sync.Mutex
	listeners map[*listener]struct{}
	closed    bool
}

// listener is one call of Listen.
type listener struct {
	channel string
	waiting []Notice
	wake    chan struct{} // one token: something waits, or the exchange is closed
}

// send hands committed notices to those who listen. It never waits for them.
func (x *exchange) send(notes []note) {
	if len(notes) == 0 {
		return
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	for l := range x.listeners {
		for _, n := range notes {
			if n.channel == l.channel {
				l.add(Notice{Payload: n.payload})
			}
		}
	}
}

// add gives up all that waits when it is too much. The caller holds the lock.
func (l *listener) add(n Notice) {
	if len(l.waiting) >= maxWaiting {
		l.waiting, n = nil, Notice{Missed: true}
	}
	l.waiting = append(l.waiting, n)
	signal(l.wake)
}

// signal leaves one token.
func signal(wake chan struct{}) {
	select {
	case wake <- struct{}{}:
	default:
	}
}

func (x *exchange) listen(ctx context.Context, channel string, fn func(Notice)) error {
	l := &listener{channel: channel, wake: make(chan struct{}, 1)}
	x.mu.Lock()
	if x.listeners == nil {
		x.listeners = map[*listener]struct{}{}
	}
	x.listeners[l] = struct{}{}
	l.add(Notice{Missed: true})
	x.mu.Unlock()
	defer func() {
		x.mu.Lock()
		delete(x.listeners, l)
		x.mu.Unlock()
	}()
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-l.wake:
		}
		x.mu.Lock()
		waiting, closed := l.waiting, x.closed
		l.waiting = nil
		x.mu.Unlock()
		for _, n := range waiting {
			fn(n)
		}
		if closed {
			return ErrClosed
		}
	}
}

// close ends all who listen, when they have heard what waits.
func (x *exchange) close() {
	x.mu.Lock()
	defer x.mu.Unlock()
	x.closed = true
	for l := range x.listeners {
		signal(l.wake)
	}
}
