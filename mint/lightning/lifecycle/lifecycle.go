// Package lifecycle is the time between the opening and the closing of a payment
// backend: calls are counted, so that nothing is closed below them, and one watcher is
// let in at a time.
//
// It knows no payment. It must never wait for anybody but those that it let in.
package lifecycle

import (
	"context"
	"errors"
	"sync"

	"mintmark/mint/lightning"
)

// Life is that of one backend. It is safe for concurrent use.
type Life struct {
	ctx  context.Context
	end  context.CancelCauseFunc
	turn chan struct{} // holds one token: the right to watch

	mu      sync.Mutex
	over    bool
	working sync.WaitGroup

	closing sync.Once
	err     error
}

// Begin begins a life that has the values of ctx, and does not end with it.
func Begin(ctx context.Context) *Life {
	l := &Life{turn: make(chan struct{}, 1)}
	l.turn <- struct{}{}
	l.ctx, l.end = context.WithCancelCause(context.WithoutCancel(ctx))
	return l
}

// Done is closed when the life is over.
func (l *Life) Done() <-chan struct{} { return l.ctx.Done() }

// Over tells whether it is.
func (l *Life) Over() bool { return l.ctx.Err() != nil }

// Enter begins a call, which Close waits for; leave ends it. The context of the call
// ends with the life as well. lightning.ErrClosed: it is over.
func (l *Life) Enter(ctx context.Context) (_ context.Context, leave func(), err error) {
	if !l.join() {
		return ctx, nil, lightning.ErrClosed
	}
	ctx, cancel := context.WithCancelCause(ctx)
	stop := context.AfterFunc(l.ctx, func() { cancel(lightning.ErrClosed) })
	return ctx, func() {
		stop()
		cancel(nil)
		l.working.Done()
	}, nil
}

// Watch is Enter for somebody who must be the only one: it waits until the one before
// has left.
func (l *Life) Watch(ctx context.Context) (_ context.Context, leave func(), err error) {
	ctx, out, err := l.Enter(ctx)
	if err != nil {
		return ctx, nil, err
	}
	select {
	case <-l.turn:
		return ctx, func() {
			l.turn <- struct{}{}
			out()
		}, nil
	case <-ctx.Done():
		err := Ended(ctx)
		out()
		return ctx, nil, err
	}
}

// Go does something for as long as the life lasts, which Close waits for. It tells
// whether that has begun: it does not when the life is over.
func (l *Life) Go(do func(ctx context.Context)) bool {
	if !l.join() {
		return false
	}
	go func() {
		defer l.working.Done()
		do(l.ctx)
	}()
	return true
}

func (l *Life) join() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.over {
		l.working.Add(1)
	}
	return !l.over
}

// Close ends the life: nobody gets in any more, all contexts end, hurry makes those come
// to an end whom no context ends, and when all have left, release gives back what the
// backend holds. It happens once; whoever closes again gets the same error. Nobody may
// close from within.
func (l *Life) Close(hurry func(), release func() error) error {
	l.closing.Do(func() {
		l.mu.Lock()
		l.over = true
		l.mu.Unlock()
		l.end(lightning.ErrClosed)
		if hurry != nil {
			hurry()
		}
		l.working.Wait()
		l.err = release()
	})
	return l.err
}

// Ended is why the context of a call has ended, in the words of the interface:
// lightning.ErrClosed, or the error of the context.
func Ended(ctx context.Context) error {
	if cause := context.Cause(ctx); errors.Is(cause, lightning.ErrClosed) {
		return lightning.ErrClosed
	}
	return ctx.Err()
}
