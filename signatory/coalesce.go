package signatory

import (
	"context"
	"errors"
	"sync"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// Signer is the part of a Signatory that every exchange needs.
type Signer interface {
	BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error)
	VerifyProofs(ctx context.Context, proofs []cashu.Proof) error
}

// Coalescer joins calls that wait for the same thing. While a call is on its
// way, further ones gather and then leave together as one: under load the
// signatory sees few large calls instead of many small ones, and without load
// nobody waits. When a joined call is refused it is taken apart until the one
// that deserved the refusal is alone, so nobody suffers from a neighbour.
//
// It trusts the Signer below it to be deterministic: what two callers ask alike
// is asked once.
//
// What is signed for a purpose never travels with what is signed for none: the
// signatory would have to allow both or neither.
type Coalescer struct {
	next   Signer
	sign   *queue[cashu.BlindedMessage, cashu.BlindSignature]
	change *queue[cashu.BlindedMessage, cashu.BlindSignature] // for MeltChange
	verify *queue[cashu.Proof, struct{}]
}

var _ Signer = (*Coalescer)(nil)

// NewCoalescer puts a Coalescer before next, with at most inFlight calls of each
// kind on their way at once; 0 = 2, so that one travels while another is worked
// on.
func NewCoalescer(next Signer, inFlight int) *Coalescer {
	if inFlight <= 0 {
		inFlight = 2
	}
	sign := func() *queue[cashu.BlindedMessage, cashu.BlindSignature] {
		return &queue[cashu.BlindedMessage, cashu.BlindSignature]{
			free: inFlight,
			key:  func(m cashu.BlindedMessage) string { k := m.B.Key(); return string(k[:]) },
			same: func(a, b cashu.BlindedMessage) bool {
				return a.Amount == b.Amount && a.ID == b.ID && a.B.Equal(b.B)
			},
			call: next.BlindSign,
		}
	}
	return &Coalescer{
		next:   next,
		sign:   sign(),
		change: sign(),
		verify: &queue[cashu.Proof, struct{}]{
			free: inFlight,
			key:  func(p cashu.Proof) string { return p.Secret },
			same: func(a, b cashu.Proof) bool {
				return a.Amount == b.Amount && a.ID == b.ID && sameC(a.C, b.C)
			},
			call: func(ctx context.Context, proofs []cashu.Proof) ([]struct{}, error) {
				return make([]struct{}, len(proofs)), next.VerifyProofs(ctx, proofs)
			},
		},
	}
}

func sameC(a, b bdhke.Point) bool { return a.Key() == b.Key() }

// BlindSign signs all messages or none, in their order.
func (c *Coalescer) BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	switch purposeOf(ctx) {
	case "":
		return c.sign.do(ctx, messages)
	case MeltChange:
		return c.change.do(ctx, messages)
	}
	return c.next.BlindSign(ctx, messages)
}

// VerifyProofs returns nil when every proof is valid.
func (c *Coalescer) VerifyProofs(ctx context.Context, proofs []cashu.Proof) error {
	_, err := c.verify.do(ctx, proofs)
	return err
}

// waiter is one caller.
type waiter[In, Out any] struct {
	ctx  context.Context
	in   []In
	done chan struct{}
	out  []Out
	err  error
}

func (w *waiter[In, Out]) finish(out []Out, err error) {
	w.out, w.err = out, err
	close(w.done)
}

// queue gathers callers of one kind.
type queue[In, Out any] struct {
	key  func(In) string    // what the signatory refuses to see twice in a call
	same func(a, b In) bool // whether two of one key ask for the same
	call func(context.Context, []In) ([]Out, error)

	mu      sync.Mutex
	free    int // calls that may still start
	waiting []*waiter[In, Out]
}

func (q *queue[In, Out]) do(ctx context.Context, in []In) ([]Out, error) {
	if len(in) == 0 || len(in) > MaxItems {
		return q.call(ctx, in) // refused below, alone
	}
	w := &waiter[In, Out]{ctx: ctx, in: in, done: make(chan struct{})}
	q.mu.Lock()
	q.waiting = append(q.waiting, w)
	if q.free > 0 {
		q.free--
		go q.work()
	}
	q.mu.Unlock()
	select {
	case <-w.done:
		return w.out, w.err
	case <-ctx.Done():
		// The call goes on for the others; this caller's part is dropped.
		return nil, ctx.Err()
	}
}

// work makes one call after another until nobody waits.
func (q *queue[In, Out]) work() {
	for {
		q.mu.Lock()
		group := q.gather()
		if len(group) == 0 {
			q.free++
			q.mu.Unlock()
			return
		}
		q.mu.Unlock()
		q.ask(group)
	}
}

// gather takes callers off the queue, in order, as many as one call can carry.
// Those that would clash with one already taken stay for the next call.
func (q *queue[In, Out]) gather() []*waiter[In, Out] {
	var group, left []*waiter[In, Out]
	seen := map[string]In{}
	for _, w := range q.waiting {
		switch {
		case w.ctx.Err() != nil: // gave up
		case len(group) > 0 && (len(seen)+len(w.in) > MaxItems || q.clash(seen, w.in)):
			left = append(left, w)
		default:
			group = append(group, w)
			for _, item := range w.in {
				seen[q.key(item)] = item
			}
		}
	}
	q.waiting = left
	return group
}

func (q *queue[In, Out]) clash(seen map[string]In, in []In) bool {
	for _, item := range in {
		if other, ok := seen[q.key(item)]; ok && !q.same(item, other) {
			return true
		}
	}
	return false
}

// ask makes the call for a group. A refusal of a group of several is no answer
// to any of them: the halves are asked again.
func (q *queue[In, Out]) ask(group []*waiter[In, Out]) {
	if len(group) == 1 {
		group[0].finish(q.call(group[0].ctx, group[0].in))
		return
	}
	var items []In
	index := map[string]int{}
	for _, w := range group {
		for _, item := range w.in {
			if _, ok := index[q.key(item)]; !ok {
				index[q.key(item)] = len(items)
				items = append(items, item)
			}
		}
	}
	// No single caller may cut the others short; the client below has its own
	// deadline. The purpose of one is that of all.
	out, err := q.call(context.WithoutCancel(group[0].ctx), items)
	switch {
	case err == nil && len(out) == len(items):
		for _, w := range group {
			own := make([]Out, len(w.in))
			for i, item := range w.in {
				own[i] = out[index[q.key(item)]]
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
