package sqldb

import (
	"context"
	"sync"
	"sync/atomic"
)

// maxBatch is the number of operations that share a commit at most, so that the
// first of them does not wait for ever under load.
const maxBatch = 128

// op is one call of Write.
type op struct {
	ctx     context.Context
	durable bool
	fn      func(Tx) error
	notes   []note      // of fn, once it has succeeded
	claimed atomic.Bool // by the writer, which starts it, or by the caller, who left
	taken   bool        // by the writer, who alone looks at this
	err     error
	done    chan struct{} // closed when err is the outcome
}

// writer owns the only connection that changes the database. One goroutine takes
// all the operations that wait, runs them in one transaction, each behind a
// savepoint, and commits once. While it commits, the next ones gather.
type writer struct {
	conn          *sqliteConn
	gate          *sync.RWMutex // held while the database changes; nil for files
	checkpoints   *checkpointer // nil without a log
	exchange      exchange
	alwaysDurable bool
	full          bool // PRAGMA synchronous is FULL now
	careful       int  // batches that shall have savepoints

	mu     sync.Mutex
	queue  []*op
	closed bool

	wake    chan struct{} // one token: something changed
	stopped chan struct{} // closed when the goroutine has ended
}

func startWriter(conn *sqliteConn, gate *sync.RWMutex, checkpoints *checkpointer, alwaysDurable bool) *writer {
	w := &writer{
		conn:          conn,
		gate:          gate,
		checkpoints:   checkpoints,
		alwaysDurable: alwaysDurable,
		full:          true, // as in sqliteSettings
		wake:          make(chan struct{}, 1),
		stopped:       make(chan struct{}),
	}
	go w.loop()
	return w
}

func (w *writer) write(ctx context.Context, d Durability, fn func(Tx) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	o := &op{ctx: ctx, durable: w.alwaysDurable || d == Durable, fn: fn, done: make(chan struct{})}
	w.mu.Lock()
	if w.closed {
		w.mu.Unlock()
		return ErrClosed
	}
	w.queue = append(w.queue, o)
	w.mu.Unlock()
	w.signal()

	select {
	case <-o.done:
		return o.err
	case <-ctx.Done():
	}
	if o.claimed.CompareAndSwap(false, true) {
		return ctx.Err() // the writer will skip it
	}
	<-o.done // it has started: only its outcome is the truth
	return o.err
}

func (w *writer) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}

// stop waits for what is queued and ends the goroutine.
func (w *writer) stop() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.signal()
	<-w.stopped
}

// next waits for an operation and takes it off the queue. ok is false when the
// writer is stopped and the queue is empty.
func (w *writer) next() (o *op, ok bool) {
	for {
		w.mu.Lock()
		if len(w.queue) > 0 {
			o := w.pop()
			w.mu.Unlock()
			return o, true
		}
		closed := w.closed
		w.mu.Unlock()
		if closed {
			return nil, false
		}
		<-w.wake
	}
}

// pop takes the first operation. The caller holds the lock.
func (w *writer) pop() *op {
	o := w.queue[0]
	w.queue[0] = nil
	w.queue = w.queue[1:]
	return o
}

// putBack returns operations that have not started to the head of the queue.
func (w *writer) putBack(ops []*op) {
	if len(ops) == 0 {
		return
	}
	w.mu.Lock()
	w.queue = append(append([]*op(nil), ops...), w.queue...)
	w.mu.Unlock()
	w.signal()
}

// loop is the writer's goroutine.
func (w *writer) loop() {
	finished := false
	defer func() {
		if finished {
			close(w.stopped)
			return
		}
		// A function ended the goroutine instead of returning, as
		// testing.T.FailNow does. Its batch was rolled back; go on with another.
		go w.loop()
	}()
	for {
		first, ok := w.next()
		if !ok {
			finished = true
			return
		}
		w.checkpoints.rewind(w.conn)
		b := &batch{w: w, ops: []*op{first}}
		b.run()
		w.checkpoints.written()
	}
}
