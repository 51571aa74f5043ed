package server

import (
	"context"
	"slices"
	"sync"
	"time"

	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"mintmark/signatory"
)

// defaultInFlight is how many items of one client may be under way or wait when
// the clients file does not say: sixteen full calls, some seconds of work.
const defaultInFlight = 16 * signatory.MaxItems

// queue shares the processor between clients. As many calls run at once as it has
// slots; who waits is let in by client, the one that has had the least first. So
// a client that floods us waits for itself, and another is served in between. It
// is for calls that cost something; reading, rotating and the admin never wait.
type queue struct {
	mu    sync.Mutex
	slots int // calls that may still begin
	busy  int // calls that run
	items int // of all calls that run or wait
	came  int // calls that ever came
	lanes map[string]*lane
	clock float64 // how much the lane that was let in last had had then
	// perItem is how long the whole machine takes for one item, averaged; 0 is
	// not known yet.
	perItem time.Duration
}

// lane is one client in the queue.
type lane struct {
	had     float64 // items that were let in, or what newcomers are credited with
	items   int     // of all its calls that run or wait
	waiting []*ticket
}

type ticket struct {
	items int
	place int           // in the order of coming
	admit chan struct{} // closed when its call may run
}

func newQueue(slots int) *queue { return &queue{slots: max(slots, 1), lanes: map[string]*lane{}} }

// enter waits until a call of who with n items may run, and returns what to call
// at its end. It refuses at once what cannot end well: a call that is too large, a
// client that has too many under way, and a call that would not be done in time.
func (q *queue) enter(ctx context.Context, who *Client, n int) (leave func(), err error) {
	if limit := who.maxItems(); n > limit {
		return nil, status.Errorf(codes.InvalidArgument, "%d items are too many for the client %s: at most %d", n, who.Name, limit)
	}
	q.mu.Lock()
	l := q.lanes[who.Name]
	if l == nil {
		l = &lane{}
		q.lanes[who.Name] = l
	}
	if err := q.refuse(ctx, who, l, n); err != nil {
		q.mu.Unlock()
		return nil, err
	}
	if l.items == 0 {
		l.had = max(l.had, q.clock) // who was away does not save up
	}
	q.came++
	t := &ticket{items: n, place: q.came, admit: make(chan struct{})}
	l.waiting = append(l.waiting, t)
	l.items += n
	q.items += n
	q.admit()
	q.mu.Unlock()

	select {
	case <-t.admit:
	case <-ctx.Done():
		return nil, q.giveUp(ctx, l, t)
	}
	started := time.Now()
	return func() { q.leave(l, t, time.Since(started)) }, nil
}

func (q *queue) refuse(ctx context.Context, who *Client, l *lane, n int) error {
	if limit := who.maxInFlight(); l.items > 0 && l.items+n > limit {
		return status.Errorf(codes.ResourceExhausted, "the client %s has %d items under way and may have %d", who.Name, l.items, limit)
	}
	deadline, ok := ctx.Deadline()
	if !ok {
		return nil
	}
	active := 0
	for _, other := range q.lanes {
		if other.items > 0 || other == l {
			active++
		}
	}
	// Of what waits, others get no more than their share before it is our turn.
	ahead := min(q.items, l.items*active+(active-1)*n)
	needed, left := time.Duration(ahead+n)*q.perItem, time.Until(deadline)
	if needed > left {
		return status.Errorf(codes.DeadlineExceeded, "%d items with %d before them would take about %s, and there are only %s",
			n, ahead, needed.Round(time.Millisecond), left.Round(time.Millisecond))
	}
	return nil
}

// admit lets in as many as there are slots for.
func (q *queue) admit() {
	for q.slots > 0 {
		var next *lane
		for _, l := range q.lanes {
			if len(l.waiting) > 0 && (next == nil || l.before(next)) {
				next = l
			}
		}
		if next == nil {
			return
		}
		t := next.waiting[0]
		next.waiting = next.waiting[1:]
		q.clock = next.had
		next.had += float64(t.items)
		q.slots--
		q.busy++
		close(t.admit)
	}
}

// before compares two clients that wait: who has had less, or came first.
func (l *lane) before(other *lane) bool {
	if l.had != other.had {
		return l.had < other.had
	}
	return l.waiting[0].place < other.waiting[0].place
}

func (q *queue) leave(l *lane, t *ticket, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if t.items > 0 {
		// Calls that ran beside this one had their part of the machine.
		one := took / time.Duration(t.items*q.busy)
		if q.perItem == 0 {
			q.perItem = one
		}
		q.perItem += (one - q.perItem) / 16
	}
	q.end(l, t)
}

// giveUp takes a call out that does not wait any longer.
func (q *queue) giveUp(ctx context.Context, l *lane, t *ticket) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	select {
	case <-t.admit: // at the same moment
		q.end(l, t)
	default:
		l.waiting = slices.DeleteFunc(l.waiting, func(other *ticket) bool { return other == t })
		l.items -= t.items
		q.items -= t.items
	}
	return status.FromContextError(ctx.Err()).Err()
}

func (q *queue) end(l *lane, t *ticket) {
	l.items -= t.items
	q.items -= t.items
	q.busy--
	q.slots++
	q.admit()
}

func (c *Client) maxItems() int {
	if c.MaxItems == 0 {
		return signatory.MaxItems
	}
	return c.MaxItems
}

func (c *Client) maxInFlight() int {
	if c.MaxInFlight == 0 {
		return defaultInFlight
	}
	return c.MaxInFlight
}
