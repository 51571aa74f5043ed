package fake

import (
	"context"
	"errors"
	"path/filepath"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// watcher is a mint that takes payments.
type watcher struct {
	cancel context.CancelFunc
	ended  chan error

	mu    sync.Mutex
	taken []lightning.Incoming
}

// watch starts a watcher that refuses a payment when refuse says so.
func watch(t *testing.T, b *Backend, refuse func(lightning.Incoming) error) *watcher {
	ctx, cancel := context.WithCancel(t.Context())
	w := &watcher{cancel: cancel, ended: make(chan error, 1)}
	go func() {
		w.ended <- b.WatchIncoming(ctx, func(p lightning.Incoming) error {
			if refuse != nil {
				if err := refuse(p); err != nil {
					return err
				}
			}
			w.mu.Lock()
			defer w.mu.Unlock()
			w.taken = append(w.taken, p)
			return nil
		})
	}()
	return w
}

func (w *watcher) stop(t *testing.T) {
	t.Helper()
	w.cancel()
	if err := <-w.ended; !errors.Is(err, context.Canceled) {
		t.Errorf("watching ended with %v", err)
	}
}

// wantAmounts lets the watcher finish what it can do now and returns what it has
// taken so far.
func wantAmounts(t *testing.T, w *watcher, want ...uint64) []lightning.Incoming {
	t.Helper()
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	got := []uint64{}
	for _, p := range w.taken {
		got = append(got, uint64(p.Amount))
	}
	if !slices.Equal(got, want) {
		t.Fatalf("delivered %v, want %v", got, want)
	}
	return slices.Clone(w.taken)
}

func TestPaymentsAreDeliveredAtTheirTimeInOrderAndOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{IncomingDelay: time.Minute})
		invoice(t, b, 1)
		w := watch(t, b, nil)
		time.Sleep(30 * time.Second)
		invoice(t, b, 2)
		time.Sleep(30*time.Second - time.Millisecond)
		wantAmounts(t, w)
		time.Sleep(time.Millisecond)
		if got := wantAmounts(t, w, 1); !got[0].At.Equal(time.Now()) {
			t.Errorf("paid at %s, now is %s", got[0].At, time.Now())
		}
		third := invoice(t, b, 3)
		if err := b.Pay(t.Context(), third.LookupID); err != nil { // overtakes the second
			t.Fatal(err)
		}
		wantAmounts(t, w, 1, 3)
		time.Sleep(time.Hour)
		wantAmounts(t, w, 1, 3, 2)
		w.stop(t)
		closeNow(t, b)
	})
}

func TestACheckedPaymentIsStillDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{IncomingDelay: -1, SettleOnCheck: true})
		w := watch(t, b, nil)
		v := invoice(t, b, 4)
		wantAmounts(t, w)
		first := check(t, b, v)
		if got := wantAmounts(t, w, 4); got[0] != first[0] {
			t.Errorf("checked %+v, delivered %+v", first[0], got[0])
		}
		w.stop(t)
		closeNow(t, b)
	})
}

func TestPaymentsThatFellDueWhileNobodyWatchedAreDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := Config{Path: filepath.Join(t.TempDir(), "fake.db"), IncomingDelay: time.Minute}
		b := open(t, c)
		w := watch(t, b, nil)
		invoice(t, b, 1)
		time.Sleep(2 * time.Minute)
		wantAmounts(t, w, 1)
		w.stop(t)

		invoice(t, b, 2)
		time.Sleep(2 * time.Minute) // due while nobody watches
		due := time.Now().Add(time.Minute)
		invoice(t, b, 3)
		closeNow(t, b)
		time.Sleep(time.Hour) // due while the process is down

		b = open(t, c)
		w = watch(t, b, nil)
		if got := wantAmounts(t, w, 2, 3); !got[1].At.Equal(due) {
			t.Errorf("paid at %s, want %s", got[1].At, due)
		}
		w.stop(t)
		closeNow(t, b)

		b = open(t, c)
		w = watch(t, b, nil)
		time.Sleep(time.Hour)
		wantAmounts(t, w) // nothing comes a second time
		w.stop(t)
		closeNow(t, b)
	})
}

func TestAPaymentThatWasNotTakenComesAgain(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := Config{Path: filepath.Join(t.TempDir(), "fake.db"), IncomingDelay: time.Millisecond}
		b := open(t, c)
		for n := range 3 {
			invoice(t, b, cashu.Amount(n+1))
		}
		time.Sleep(time.Second)
		broken := errors.New("the mint's database is away")
		w := watch(t, b, func(p lightning.Incoming) error {
			if p.Amount == 2 {
				return broken
			}
			return nil
		})
		if err := <-w.ended; !errors.Is(err, broken) {
			t.Fatalf("watching ended with %v", err)
		}
		w.cancel()
		wantAmounts(t, w, 1)
		closeNow(t, b)

		b = open(t, c)
		w = watch(t, b, nil)
		wantAmounts(t, w, 2, 3)
		w.stop(t)
		closeNow(t, b)
	})
}

func TestMoreThanABatchIsDelivered(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{IncomingDelay: time.Second})
		before := runtime.NumGoroutine()
		var want []uint64
		for n := range 2*watchBatch + 5 {
			invoice(t, b, cashu.Amount(n+1))
			want = append(want, uint64(n+1))
		}
		if after := runtime.NumGoroutine(); after > before+20 {
			t.Errorf("%d goroutines before, %d with the invoices", before, after)
		}
		w := watch(t, b, nil)
		time.Sleep(2 * time.Second)
		wantAmounts(t, w, want...)
		w.stop(t)
		closeNow(t, b)
	})
}

func TestOneWatcherAtATime(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := open(t, Config{IncomingDelay: time.Second})
		first, second := watch(t, b, nil), (*watcher)(nil)
		synctest.Wait()
		second = watch(t, b, nil)
		invoice(t, b, 1)
		time.Sleep(time.Minute)
		wantAmounts(t, first, 1)
		wantAmounts(t, second)
		first.stop(t)
		invoice(t, b, 2)
		time.Sleep(time.Minute)
		wantAmounts(t, second, 2)
		third := watch(t, b, nil)
		synctest.Wait()
		third.stop(t) // gives up waiting
		closeNow(t, b)
		if err := <-second.ended; !errors.Is(err, lightning.ErrClosed) {
			t.Errorf("watching ended with %v", err)
		}
		second.cancel()
	})
}

func TestCloseWaitsForADeliveryAndKeepsIt(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := Config{Path: filepath.Join(t.TempDir(), "fake.db"), IncomingDelay: time.Second}
		b := open(t, c)
		invoice(t, b, 1)
		invoice(t, b, 2)
		w := watch(t, b, func(lightning.Incoming) error {
			time.Sleep(time.Minute)
			return nil
		})
		time.Sleep(2 * time.Second) // in the middle of the first
		began := time.Now()
		closeNow(t, b)
		if waited := time.Since(began); waited != 59*time.Second {
			t.Errorf("closing took %s", waited)
		}
		if err := <-w.ended; !errors.Is(err, lightning.ErrClosed) {
			t.Errorf("watching ended with %v", err)
		}
		w.cancel()
		wantAmounts(t, w, 1)

		b = open(t, c)
		w = watch(t, b, nil)
		wantAmounts(t, w, 2)
		w.stop(t)
		closeNow(t, b)
	})
}

func TestAClockThatJumpsIsNoticed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var jump atomic.Int64
		b := open(t, Config{IncomingDelay: 50 * time.Minute, Clock: func() time.Time {
			return time.Now().Add(time.Duration(jump.Load()))
		}})
		w := watch(t, b, nil)
		invoice(t, b, 1)
		synctest.Wait()
		jump.Store(int64(50*time.Minute - time.Second))
		time.Sleep(2 * watchPause)
		wantAmounts(t, w, 1)
		w.stop(t)
		closeNow(t, b)
	})
}
