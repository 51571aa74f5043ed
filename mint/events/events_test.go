package events

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// step is a state that is a number and only grows. A step below a hundred cannot
// be put in order.
type step int

func (s step) Compare(told State) Order {
	before := told.(step)
	switch {
	case s == before:
		return Same
	case s < 100:
		return Unclear
	case s > before:
		return Newer
	}
	return Older
}

// rows is a database of steps.
type rows struct {
	mu     sync.Mutex
	steps  map[Topic]step
	broken error
	before func() // runs in the middle of a reading
	reads  int
}

func newRows(names ...string) *rows {
	r := &rows{steps: map[Topic]step{}}
	for _, name := range names {
		r.steps[topic(name)] = 100
	}
	return r
}

func topic(name string) Topic { return Topic{"step", name} }

func (r *rows) read(_ context.Context, topics []Topic) ([]State, error) {
	r.mu.Lock()
	states := make([]State, len(topics))
	for i, t := range topics {
		if s, ok := r.steps[t]; ok {
			states[i] = s
		}
	}
	err, before := r.broken, r.before
	r.reads++
	r.before = nil
	r.mu.Unlock()
	if before != nil {
		before()
	}
	return states, err
}

func (r *rows) set(name string, s step) Change {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.steps[topic(name)] = s
	return Change{topic(name), s}
}

// hub runs a Hub until the test ends.
func hub(t testing.TB, c Config) *Hub {
	t.Helper()
	h, err := New(c)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- h.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		<-done
	})
	return h
}

// told takes out what arrives in the inbox until it has n deliveries.
func told(t testing.TB, in *Inbox, n int) (list []string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	for len(list) < n {
		some, err := in.Next(ctx)
		if err != nil {
			t.Fatalf("after %v: %v", list, err)
		}
		for _, d := range some {
			if d.State == nil {
				list = append(list, fmt.Sprint(d.Note))
			} else {
				list = append(list, fmt.Sprintf("%s=%d", d.Topic.ID, d.State))
			}
		}
	}
	return list
}

func want(t testing.TB, in *Inbox, list ...string) {
	t.Helper()
	if got := told(t, in, len(list)); !slices.Equal(got, list) {
		t.Errorf("told %v, want %v", got, list)
	}
}

func nothing(t testing.TB, in *Inbox) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if list, err := in.Next(ctx); err == nil {
		t.Errorf("told %v, want nothing", list)
	}
}

func TestASubscriberGetsTheStateAndThenEveryChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows("a", "b")
		h := hub(t, Config{Read: r.read})
		in := h.Open()
		defer in.Close()
		sub, err := in.Subscribe(t.Context(), []Topic{topic("a"), topic("b"), topic("a")}, "ok")
		if err != nil {
			t.Fatal(err)
		}
		want(t, in, "ok", "a=100", "b=100")
		h.Publish(r.set("a", 101), r.set("b", 101))
		h.Publish(r.set("a", 102))
		h.Publish(r.set("a", 102), Change{topic("a"), step(101)}, Change{topic("nobody's"), step(1)}) // again, too late, unknown
		want(t, in, "a=101", "b=101", "a=102")
		in.Unsubscribe(sub)
		h.Publish(r.set("a", 103))
		nothing(t, in)
	})
}

// The race that decides whether anything is missed: a commit in the middle of the
// first reading, seen by it or not.
func TestAChangeDuringTheFirstReadingIsNeitherLostNorUndone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		for _, tt := range []struct {
			name   string
			change func(*rows) Change
			list   []string
		}{
			{"with its state", func(r *rows) Change { return r.set("a", 101) }, []string{"ok", "a=101"}},
			{"without", func(r *rows) Change { r.set("a", 101); return Change{Topic: topic("a")} }, []string{"ok", "a=101"}},
			{"in no order", func(r *rows) Change { return r.set("a", 7) }, []string{"ok", "a=7"}},
		} {
			r := newRows("a")
			h := hub(t, Config{Read: r.read})
			in := h.Open()
			r.before = func() { h.Publish(tt.change(r)) }
			if _, err := in.Subscribe(t.Context(), []Topic{topic("a")}, "ok"); err != nil {
				t.Fatal(err)
			}
			t.Log(tt.name)
			want(t, in, tt.list...)
			nothing(t, in)
			in.Close()
		}
	})
}

func TestWhatCannotBePutInOrderIsReadAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows("a")
		h := hub(t, Config{Read: r.read})
		in := h.Open()
		defer in.Close()
		if _, err := in.Subscribe(t.Context(), []Topic{topic("a")}, "ok"); err != nil {
			t.Fatal(err)
		}
		want(t, in, "ok", "a=100")
		r.set("a", 50)
		// While it is read, the next change is published: what was read is the
		// state before, and must not come after it.
		r.before = func() { h.Publish(r.set("a", 102)) }
		h.Publish(Change{topic("a"), step(50)})
		want(t, in, "a=102")
		nothing(t, in)
	})
}

func TestADatabaseThatIsAwayDelaysAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows("a")
		h := hub(t, Config{Read: r.read})
		in := h.Open()
		defer in.Close()
		if _, err := in.Subscribe(t.Context(), []Topic{topic("a")}, "ok"); err != nil {
			t.Fatal(err)
		}
		want(t, in, "ok", "a=100")
		away := errors.New("away")
		r.broken = away
		r.set("a", 50)
		h.Publish(Change{Topic: topic("a")})
		nothing(t, in)
		other := h.Open()
		if _, err := other.Subscribe(t.Context(), []Topic{topic("a")}, "ok"); !errors.Is(err, away) {
			t.Errorf("subscribing meanwhile: %v", err)
		}
		nothing(t, other)
		other.Close()
		r.mu.Lock()
		r.broken = nil
		r.mu.Unlock()
		want(t, in, "a=50")
		if got := h.Stats(); got.Subscriptions != 1 || got.Topics != 1 || got.Inboxes != 1 {
			t.Errorf("left behind: %+v", got)
		}
	})
}

func TestWhatNobodyPublishedIsFoundInTheEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows("a")
		h := hub(t, Config{Read: r.read, RereadInterval: time.Minute})
		in := h.Open()
		defer in.Close()
		if _, err := in.Subscribe(t.Context(), []Topic{topic("a")}, "ok"); err != nil {
			t.Fatal(err)
		}
		want(t, in, "ok", "a=100")
		start := time.Now()
		r.set("a", 101) // and the process died
		ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
		defer cancel()
		if _, err := in.Next(ctx); err != nil || time.Since(start) > time.Minute {
			t.Errorf("found after %v: %v", time.Since(start), err)
		}
		r.set("a", 102)
		h.Doubt()
		want(t, in, "a=102")
	})
}

func TestUnknownTopicsAndTooManyAreRefusedWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows("a", "b")
		h := hub(t, Config{Read: r.read, MaxTopics: 2})
		in := h.Open()
		if _, err := in.Subscribe(t.Context(), []Topic{topic("a"), topic("x")}, "ok"); !errors.Is(err, ErrUnknown) {
			t.Errorf("an unknown topic: %v", err)
		}
		if _, err := in.Subscribe(t.Context(), []Topic{topic("a"), topic("b"), topic("c")}, "ok"); !errors.Is(err, ErrFull) {
			t.Errorf("too many: %v", err)
		}
		nothing(t, in)
		if _, err := in.Subscribe(t.Context(), []Topic{topic("a"), topic("b")}, "ok"); err != nil {
			t.Errorf("as many as may be: %v", err)
		}
		in.Close()
		if _, err := in.Subscribe(t.Context(), []Topic{topic("a")}, "ok"); !errors.Is(err, ErrClosed) {
			t.Errorf("after closing: %v", err)
		}
		if got := h.Stats(); got.Topics != 0 || got.Subscriptions != 0 || got.Inboxes != 0 || len(h.entries) != 0 {
			t.Errorf("left behind: %+v", got)
		}
	})
}

func TestOneWhoTakesNothingOutIsToldSoAndDoesNotHoldUpOthers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := newRows("a")
		h := hub(t, Config{Read: r.read})
		slow, quick := h.Open(), h.Open()
		defer slow.Close()
		defer quick.Close()
		for _, in := range []*Inbox{slow, quick} {
			if _, err := in.Subscribe(t.Context(), []Topic{topic("a")}, "ok"); err != nil {
				t.Fatal(err)
			}
			want(t, in, "ok", "a=100")
		}
		for i := range 2 * spare {
			h.Publish(r.set("a", step(101+i)))
			want(t, quick, fmt.Sprintf("a=%d", 101+i))
		}
		for range 2 {
			if _, err := slow.Next(t.Context()); !errors.Is(err, ErrSlow) {
				t.Errorf("the slow one: %v", err)
			}
		}
		if got := h.Stats().Slow; got != 1 {
			t.Errorf("%d slow ones are counted", got)
		}
	})
}

// Whatever happens at the same time: what a subscriber is told only grows, and
// ends with the truth.
func TestStatesNeverGoBackAndEndWithTheTruth(t *testing.T) {
	t.Parallel()
	const topics, changes, subscribers = 8, 300, 12
	names := make([]string, topics)
	for i := range names {
		names[i] = fmt.Sprint(i)
	}
	r := newRows(names...)
	h := hub(t, Config{Read: r.read, RereadInterval: 3 * time.Millisecond})
	var writers, readers sync.WaitGroup
	for _, name := range names {
		writers.Go(func() {
			for i := range changes {
				c := r.set(name, step(101+i))
				if rand.N(3) == 0 {
					c.State = nil
				}
				if rand.N(8) > 0 { // else it died before it could tell
					h.Publish(c)
				}
				if rand.N(4) == 0 {
					time.Sleep(time.Duration(rand.N(100)) * time.Microsecond)
				}
			}
		})
	}
	for range subscribers {
		readers.Go(func() {
			in := h.Open()
			defer in.Close()
			var all []Topic
			for _, name := range names {
				all = append(all, topic(name))
			}
			time.Sleep(time.Duration(rand.N(20_000)) * time.Microsecond)
			if _, err := in.Subscribe(t.Context(), all, "ok"); err != nil {
				t.Error(err)
				return
			}
			last, done := map[Topic]step{}, 0
			ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
			defer cancel()
			for first := true; done < topics; {
				list, err := in.Next(ctx)
				if err != nil {
					t.Errorf("waiting for the truth with %v: %v", last, err)
					return
				}
				for _, d := range list {
					if first != (d.State == nil) {
						t.Errorf("delivery %v at the wrong place", d)
					}
					if first = false; d.State == nil {
						continue
					}
					s := d.State.(step)
					if s <= last[d.Topic] {
						t.Errorf("topic %s went from %d to %d", d.Topic.ID, last[d.Topic], s)
					}
					if last[d.Topic] = s; s == 100+changes {
						done++
					}
				}
			}
		})
	}
	writers.Wait()
	readers.Wait()
	if got := h.Stats(); got.Topics != 0 || got.Subscriptions != 0 || got.Inboxes != 0 || len(h.entries) != 0 || len(h.byHash) != 0 {
		t.Errorf("left behind: %+v", got)
	}
}

func BenchmarkPublishWithoutASubscriber(b *testing.B) {
	h := hub(b, Config{Read: newRows().read})
	changes := []Change{{topic("a"), step(1)}, {topic("b"), step(1)}}
	for b.Loop() {
		h.Publish(changes...)
	}
}
