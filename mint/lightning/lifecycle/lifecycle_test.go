package lifecycle

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/mint/lightning"
)

var errRelease = errors.New("releasing")

func TestClosingWaitsForAllWhoAreIn(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := Begin(t.Context())
		var left atomic.Int32
		ctx, leave, err := l.Enter(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		go func() {
			<-ctx.Done()
			if err := Ended(ctx); err != lightning.ErrClosed {
				t.Errorf("the call is told %v", err)
			}
			time.Sleep(time.Second)
			left.Add(1)
			leave()
		}()
		if !l.Go(func(ctx context.Context) { <-ctx.Done(); time.Sleep(2 * time.Second); left.Add(1) }) {
			t.Error("nothing is begun in a life that lasts")
		}
		hurried := false
		for range 2 {
			err = l.Close(func() { hurried = true }, func() error {
				if left.Load() != 2 || !hurried {
					t.Errorf("it is released when %d have left, hurried: %v", left.Load(), hurried)
				}
				left.Add(1)
				return errRelease
			})
			if err != errRelease || left.Load() != 3 {
				t.Errorf("closing: %v, released %d times", err, left.Load()-2)
			}
		}
	})
}

func TestNobodyGetsInWhenItIsOver(t *testing.T) {
	t.Parallel()
	l := Begin(t.Context())
	if l.Over() {
		t.Error("it is over when it begins")
	}
	_ = l.Close(nil, func() error { return nil })
	if _, _, err := l.Enter(t.Context()); err != lightning.ErrClosed {
		t.Errorf("a call: %v", err)
	}
	if _, _, err := l.Watch(t.Context()); err != lightning.ErrClosed {
		t.Errorf("a watcher: %v", err)
	}
	if l.Go(func(context.Context) { t.Error("it was done") }) {
		t.Error("something is begun")
	}
	select {
	case <-l.Done():
	default:
		t.Error("it is not done")
	}
	if !l.Over() {
		t.Error("it is not over")
	}
}

func TestOneWatchesAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		l := Begin(t.Context())
		_, leave, err := l.Watch(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		second := make(chan error)
		go func() {
			_, leave, err := l.Watch(t.Context())
			second <- err
			leave()
		}()
		impatient, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := l.Watch(impatient); err != context.DeadlineExceeded {
			t.Errorf("one who does not wait: %v", err)
		}
		select {
		case err := <-second:
			t.Fatalf("two watch: %v", err)
		default:
		}
		leave()
		if err := <-second; err != nil {
			t.Errorf("after the first: %v", err)
		}
		synctest.Wait()
		_, leave, err = l.Watch(t.Context())
		if err != nil {
			t.Fatalf("a third: %v", err)
		}
		waiting := make(chan error)
		go func() { _, _, err := l.Watch(t.Context()); waiting <- err }()
		synctest.Wait()
		closed := make(chan error)
		go func() { closed <- l.Close(nil, func() error { return nil }) }()
		if err := <-waiting; err != lightning.ErrClosed {
			t.Errorf("one who waited when it was closed: %v", err)
		}
		leave()
		if err := <-closed; err != nil {
			t.Error(err)
		}
	})
}

// A call that its caller gives up is not told that the backend is closed.
func TestACallEndsWithItsCaller(t *testing.T) {
	t.Parallel()
	opening, cancelOpening := context.WithCancel(t.Context())
	l := Begin(opening)
	cancelOpening()
	ctx, cancel := context.WithCancel(t.Context())
	inner, leave, err := l.Enter(ctx)
	if err != nil || l.Over() {
		t.Fatalf("the life ended with its opening: %v", err)
	}
	cancel()
	if err := Ended(inner); err != context.Canceled {
		t.Errorf("it is told %v", err)
	}
	leave()
	_ = l.Close(nil, func() error { return nil })
}
