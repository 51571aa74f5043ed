package signatory

import (
	"context"
	"errors"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// subscription is one attempt, scripted.
type subscription func(ctx context.Context, fn func(Snapshot) error) error

func (s subscription) SubscribeKeysets(ctx context.Context, fn func(Snapshot) error) error {
	return s(ctx, fn)
}

func TestFollowWaitsLongerAndLonger(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancelCause(t.Context())
		enough := errors.New("enough")
		var at []time.Time
		var told []time.Duration
		err := Follow(ctx, FollowConfig{
			Signatory: subscription(func(context.Context, func(Snapshot) error) error {
				if at = append(at, time.Now()); len(at) == 8 {
					cancel(enough)
				}
				return ErrUnavailable
			}),
			MinDelay: time.Second,
			MaxDelay: 8 * time.Second,
			Down: func(err error, wait time.Duration) {
				if !errors.Is(err, ErrUnavailable) {
					t.Error(err)
				}
				told = append(told, wait)
			},
		}, func(Snapshot) error { return nil })
		if !errors.Is(err, enough) {
			t.Fatal(err)
		}
		cap := []time.Duration{1, 2, 4, 8, 8, 8, 8}
		for i, c := range cap {
			wait := at[i+1].Sub(at[i])
			if c *= time.Second; wait < c/2 || wait > c || wait != told[i] {
				t.Errorf("wait %d was %v, told %v, want between %v and %v", i, wait, told[i], c/2, c)
			}
		}
	})
}

func TestFollowForgivesAfterALongLife(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		lives := []time.Duration{0, 0, 0, time.Hour, 0}
		var waits []time.Duration
		var seen []uint64
		_ = Follow(ctx, FollowConfig{
			Signatory: subscription(func(_ context.Context, fn func(Snapshot) error) error {
				n := len(waits)
				err := fn(Snapshot{Epoch: uint64(n)})
				time.Sleep(lives[n])
				return err
			}),
			MinDelay: time.Second,
			MaxDelay: time.Minute,
			Down: func(_ error, wait time.Duration) {
				if waits = append(waits, wait); len(waits) == len(lives) {
					cancel()
				}
			},
		}, func(s Snapshot) error { seen = append(seen, s.Epoch); return nil })
		if !slices.Equal(seen, []uint64{0, 1, 2, 3, 4}) {
			t.Errorf("saw %v", seen)
		}
		// A snapshot alone forgives nothing: 1, 2, 4; the hour does: 1, 2.
		for i, c := range []time.Duration{1, 2, 4, 1, 2} {
			if c *= time.Second; waits[i] < c/2 || waits[i] > c {
				t.Errorf("wait %d was %v, want between %v and %v", i, waits[i], c/2, c)
			}
		}
	})
}

func TestFollowEndsDuringAWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		started := time.Now()
		err := Follow(ctx, FollowConfig{
			Signatory: subscription(func(context.Context, func(Snapshot) error) error { return ErrUnavailable }),
			MinDelay:  time.Hour,
		}, func(Snapshot) error { return nil })
		if !errors.Is(err, context.DeadlineExceeded) || time.Since(started) != time.Minute {
			t.Fatalf("%v after %v", err, time.Since(started))
		}
	})
}

func TestFollowSubscribesAgainWhenASnapshotIsRefused(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		refuse := errors.New("another identity")
		var got []error
		_ = Follow(ctx, FollowConfig{
			Signatory: subscription(func(ctx context.Context, fn func(Snapshot) error) error { return fn(Snapshot{}) }),
			Down: func(err error, _ time.Duration) {
				if got = append(got, err); len(got) == 2 {
					cancel()
				}
			},
		}, func(Snapshot) error { return refuse })
		if len(got) != 2 || !errors.Is(got[1], refuse) {
			t.Fatal(got)
		}
	})
}
