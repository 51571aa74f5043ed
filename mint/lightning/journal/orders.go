package journal

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"mintmark/internal/seldom"
	"mintmark/mint/lightning"
)

// Node is what carries out orders to pay. Both methods write into the journal what
// they learn.
type Node interface {
	// Order tells the node to pay. What it answers, or does not, is in the journal
	// when it returns.
	Order(ctx context.Context, a Attempt)
	// Look asks the node what became of an open attempt, and writes down what is sure.
	// again: the node has to be told again, and pays once all the same. running tells
	// whether Order runs; it may end meanwhile.
	Look(ctx context.Context, a Attempt, running func() bool) (now Attempt, again bool, err error)
}

const (
	// lookSoon and lookSeldom bound the pauses between two looks at a payment that
	// somebody waits for.
	lookSoon   = 100 * time.Millisecond
	lookSeldom = 5 * time.Second
	// goodbye is how long Close lets orders be answered.
	goodbye = 3 * time.Second
)

// Orders gives orders to a node: each once, whoever waits for it, and on its own when
// nobody does any more.
type Orders struct {
	journal  *Journal
	node     Node
	deadline time.Duration
	log      *slog.Logger
	seldom   seldom.Log // of what is asked again and again

	life    context.Context // ends with Close
	die     context.CancelFunc
	calls   context.Context // of Order; ends a little later
	abandon context.CancelFunc
	paying  sync.WaitGroup

	mu      sync.Mutex
	closed  bool
	running map[string]chan struct{} // by attempt; closed when Order has returned
	news    chan struct{}            // closed and replaced when a payment may have ended
}

// NewOrders begins to take orders. An order may take as long as the deadline. The
// caller closes it, before the journal.
func NewOrders(j *Journal, node Node, deadline time.Duration, log *slog.Logger) *Orders {
	o := &Orders{journal: j, node: node, deadline: deadline, log: log, running: map[string]chan struct{}{}, news: make(chan struct{})}
	o.life, o.die = context.WithCancel(context.Background())
	o.calls, o.abandon = context.WithCancel(context.Background())
	return o
}

// Close ends all waiting, lets the orders under way be answered for a moment, and
// leaves the rest to the next time.
func (o *Orders) Close() {
	o.mu.Lock()
	o.closed = true
	o.mu.Unlock()
	o.die()
	timer := time.AfterFunc(goodbye, o.abandon)
	o.paying.Wait()
	timer.Stop()
	o.abandon()
}

// Begin writes down a new attempt and gives the order. If it is in the journal already,
// nothing is done. lightning.ErrRefused: the debt is another attempt's.
func (o *Orders) Begin(ctx context.Context, a Attempt) (Attempt, error) {
	stored, fresh, err := o.journal.Begin(ctx, a)
	if errors.Is(err, ErrDuplicate) {
		return a, errTaken
	}
	if err == nil && fresh {
		o.give(stored)
	}
	return stored, err
}

// give tells the node, once, and does not wait. Order goes on when the caller has left:
// a node may give up a payment half way when the order is taken back.
func (o *Orders) give(a Attempt) {
	o.mu.Lock()
	if _, running := o.running[a.ID]; running || o.closed {
		o.mu.Unlock()
		return
	}
	done := make(chan struct{})
	o.running[a.ID] = done
	o.paying.Add(1)
	o.mu.Unlock()
	go func() {
		defer o.paying.Done()
		defer func() {
			o.mu.Lock()
			delete(o.running, a.ID)
			o.mu.Unlock()
			close(done)
		}()
		ctx, cancel := context.WithTimeout(o.calls, o.deadline)
		defer cancel()
		o.node.Order(ctx, a)
	}()
}

func (o *Orders) giveAgain(a Attempt) {
	o.log.Info("the payment backend does not know of a payment, ordering it again", "attempt", a.ID)
	o.give(a)
}

// Check is lightning.Payer's CheckPayment.
func (o *Orders) Check(ctx context.Context, method, id string) (lightning.Outgoing, error) {
	a, err := o.journal.Attempt(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && a.Method != method:
		return lightning.Outgoing{}, nil // what is not in the journal was never begun
	case err != nil:
		return lightning.Outgoing{}, err
	case a.State != lightning.PaymentPending:
		return a.Outgoing(), nil
	}
	a, again, err := o.node.Look(ctx, a, o.isRunning(a.ID))
	if err == nil && again {
		o.giveAgain(a)
	}
	if err != nil {
		return lightning.Outgoing{}, err
	}
	return a.Outgoing(), nil
}

// Await waits for the end of an attempt, or of ctx, which is none.
func (o *Orders) Await(ctx context.Context, a Attempt) (lightning.Outgoing, error) {
	pause := lookSoon
	for a.State == lightning.PaymentPending {
		news, answer, again := o.nextNews(), o.answerOf(a.ID), false
		if answer == nil {
			now, more, err := o.node.Look(ctx, a, o.isRunning(a.ID))
			switch {
			case err != nil && ctx.Err() == nil && o.life.Err() == nil:
				o.seldom.Say(o.log, slog.LevelWarn, o.journal.Now(), a.ID, "could not ask what became of a payment", "attempt", a.ID, "error", err)
			case err == nil && now.State != lightning.PaymentPending:
				return now.Outgoing(), nil
			}
			again = err == nil && more
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
			pause = min(2*pause, lookSeldom)
			if again {
				o.giveAgain(a)
			}
		case <-answer: // nil blocks
		case <-news:
		case <-ctx.Done():
			timer.Stop()
			return lightning.Outgoing{State: lightning.PaymentPending}, nil
		case <-o.life.Done():
			timer.Stop()
			return lightning.Outgoing{}, lightning.ErrClosed
		}
		timer.Stop()
		if stored, err := o.journal.Attempt(ctx, a.ID); err == nil {
			a = stored
		}
	}
	return a.Outgoing(), nil
}

// TellNews makes everybody who waits look again.
func (o *Orders) TellNews() {
	o.mu.Lock()
	defer o.mu.Unlock()
	close(o.news)
	o.news = make(chan struct{})
}

func (o *Orders) nextNews() <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.news
}

// answerOf is closed when the order of the attempt is answered; nil if none is open.
func (o *Orders) answerOf(id string) <-chan struct{} {
	o.mu.Lock()
	defer o.mu.Unlock()
	if done, ok := o.running[id]; ok {
		return done
	}
	return nil
}

func (o *Orders) isRunning(id string) func() bool {
	return func() bool { return o.answerOf(id) != nil }
}
