package signatory

import (
	"context"
	"errors"
	"sync"
	"time"

	"mintmark/internal/requestid"
)

// waiter is one caller.
type waiter[K comparable, In, Out any] struct {
	ctx  context.Context
	in   []In
	keys []K // of in
	done chan struct{}
	out  []Out
	err  error
}

func (w *waiter[K, In, Out]) finish(out []Out, err error) {
	w.out, w.err = out, err
	close(w.done)
}

// queue gathers callers of one kind.
type queue[K comparable, In, Out any] struct {
	key  func(In) K         // what the signatory refuses to see twice in a call
	same func(a, b In) bool // whether two of one key ask for the same
	call func(context.Context, []In) ([]Out, error)

	mu      sync.Mutex
	free    int // calls that may still start
	busy    int // goroutines in work
	waiting []*waiter[K, In, Out]
	items   int         // of all that wait
	overdue bool        // somebody has waited for long
	timer   *time.Timer // sets overdue; nil while nobody waits
}

func (q *queue[K, In, Out]) do(ctx context.Context, in []In) ([]Out, error) {
	if len(in) == 0 || len(in) > MaxItems {
		return q.call(ctx, in) // refused below, alone
	}
	w := &waiter[K, In, Out]{ctx: ctx, in: in, keys: make([]K, len(in)), done: make(chan struct{})}
	for i, item := range in {
		w.keys[i] = q.key(item)
	}
	q.mu.Lock()
	q.waiting = append(q.waiting, w)
	q.items += len(in)
	q.start()
	q.mu.Unlock()
	select {
	case <-w.done:
		return w.out, w.err
	case <-ctx.Done():
		// The call goes on for the others; this caller's part is dropped.
		return nil, ctx.Err()
	}
}

// start lets a call leave if it may, and else sees to it that nobody waits for
// long. The caller holds the lock.
func (q *queue[K, In, Out]) start() {
	switch {
	case len(q.waiting) == 0:
	case q.free > 0 && q.ready(q.busy):
		q.free--
		q.busy++
		go q.work()
	case q.timer == nil && !q.overdue:
		q.timer = time.AfterFunc(patience, q.impatient)
	}
}

// ready tells whether those who wait should leave while so many others work.
func (q *queue[K, In, Out]) ready(others int) bool {
	return others == 0 || q.overdue || q.items >= worthACall
}

func (q *queue[K, In, Out]) impatient() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.timer, q.overdue = nil, len(q.waiting) > 0
	q.start()
}

// work makes one call after another until nobody waits, or those who do had
// better wait for another call.
func (q *queue[K, In, Out]) work() {
	for {
		q.mu.Lock()
		var group []*waiter[K, In, Out]
		if q.ready(q.busy - 1) {
			group = q.gather()
		}
		if len(group) == 0 {
			q.free++
			q.busy--
			q.start()
			q.mu.Unlock()
			return
		}
		q.start() // for those who were left
		q.mu.Unlock()
		q.ask(group)
	}
}

// gather takes callers off the queue, in order, as many as one call can carry.
// Those that would clash with one already taken stay for the next call.
func (q *queue[K, In, Out]) gather() []*waiter[K, In, Out] {
	var group, left []*waiter[K, In, Out]
	seen := make(map[K]In, min(q.items, MaxItems))
	for _, w := range q.waiting {
		switch {
		case w.ctx.Err() != nil: // gave up
		case len(group) > 0 && (len(seen)+len(w.in) > MaxItems || q.clash(seen, w)):
			left = append(left, w)
		default:
			group = append(group, w)
			for i, item := range w.in {
				seen[w.keys[i]] = item
			}
		}
	}
	q.waiting, q.items, q.overdue = left, 0, false
	for _, w := range left {
		q.items += len(w.in)
	}
	if q.timer != nil {
		q.timer.Stop()
		q.timer = nil
	}
	return group
}

func (q *queue[K, In, Out]) clash(seen map[K]In, w *waiter[K, In, Out]) bool {
	for i, item := range w.in {
		if other, ok := seen[w.keys[i]]; ok && !q.same(item, other) {
			return true
		}
	}
	return false
}

// ask makes the call for a group. A refusal of a group of several is no answer
// to any of them: the halves are asked again.
func (q *queue[K, In, Out]) ask(group []*waiter[K, In, Out]) {
	if len(group) == 1 {
		group[0].finish(q.call(group[0].ctx, group[0].in))
		return
	}
	items, places := join(group)
	// No single caller may cut the others short; the client below has its own
	// deadline. The purpose of one is that of all; the requests are those of all.
	ctx := context.WithoutCancel(group[0].ctx)
	for _, w := range group[1:] {
		ctx = requestid.With(ctx, requestid.Of(w.ctx)...)
	}
	out, err := q.call(ctx, items)
	switch {
	case err == nil && len(out) == len(items):
		for _, w := range group {
			own := make([]Out, len(w.in))
			for i := range own {
				own[i] = out[places[0]]
				places = places[1:]
			}
			w.finish(own, nil)
		}
	case err != nil && (errors.Is(err, ErrUnavailable) || errors.Is(err, ErrBadAnswer)):
		for _, w := range group {
			w.finish(nil, err)
		}
	default:
		half := len(group) / 2
		q.ask(group[:half])
		q.ask(group[half:])
	}
}

// join lists the items of a group, each once, and for the items of one caller
// after the other the place in that list.
func join[K comparable, In, Out any](group []*waiter[K, In, Out]) (items []In, places []int) {
	n := 0
	for _, w := range group {
		n += len(w.in)
	}
	items, places = make([]In, 0, n), make([]int, 0, n)
	index := make(map[K]int, n)
	for _, w := range group {
		for i, item := range w.in {
			at, ok := index[w.keys[i]]
			if !ok {
				at = len(items)
				index[w.keys[i]] = at
				items = append(items, item)
			}
			places = append(places, at)
		}
	}
	return items, places
}
