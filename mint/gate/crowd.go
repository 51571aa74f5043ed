package gate

import (
	"container/list"
	"context"
	"sync"
	"time"
)

// crowd bounds how many requests are worked on at once. The rest wait in the
// order of their coming, but only those who will be let in soon: under overload,
// a quick refusal helps more than an answer that nobody waits for any more.
type crowd struct {
	size int
	wait time.Duration
	now  func() time.Time

	mu      sync.Mutex
	inside  int
	waiting list.List     // of chan struct{}, closed when its turn has come
	took    time.Duration // a moving average of how long a request is inside
}

func newCrowd(size int, wait time.Duration, now func() time.Time) *crowd {
	return &crowd{size: size, wait: wait, now: now}
}

// queueFactor bounds those who wait, in multiples of those inside: while nobody
// leaves, the average says nothing.
const queueFactor = 16

func (c *crowd) enter(ctx context.Context) (leave func(), after time.Duration, err error) {
	c.mu.Lock()
	if c.inside < c.size {
		c.inside++
		c.mu.Unlock()
		return c.leaver(), 0, nil
	}
	queued := c.waiting.Len()
	expected := c.took * time.Duration(queued+1) / time.Duration(c.size)
	if expected > c.wait || queued >= queueFactor*c.size {
		c.mu.Unlock()
		return nil, max(expected, time.Second), errCrowded
	}
	turn := make(chan struct{})
	e := c.waiting.PushBack(turn)
	c.mu.Unlock()

	timer := time.NewTimer(c.wait)
	defer timer.Stop()
	select {
	case <-turn:
		return c.leaver(), 0, nil
	case <-timer.C:
		err = errCrowded
	case <-ctx.Done():
		err = ctx.Err()
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-turn: // it came in the last moment
		if ctx.Err() == nil {
			return c.leaver(), 0, nil
		}
		c.next()
	default:
		c.waiting.Remove(e)
	}
	return nil, c.wait, err
}

// leaver is for one request that is inside.
func (c *crowd) leaver() func() {
	since := c.now()
	return sync.OnceFunc(func() {
		took := c.now().Sub(since)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.took += (took - c.took) / 16
		c.next()
	})
}

// next gives the place of one who left to the first in the queue. The caller
// holds the lock.
func (c *crowd) next() {
	first := c.waiting.Front()
	if first == nil {
		c.inside--
		return
	}
	close(c.waiting.Remove(first).(chan struct{}))
}

func (c *crowd) load() (inside, waiting int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.inside, c.waiting.Len()
}
