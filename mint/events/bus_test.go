package events

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// wire is a bus within the test.
type wire struct {
	mu        sync.Mutex
	listeners []func(string, bool)
	texts     []string
	broken    bool
}

func (w *wire) Send(_ context.Context, text string) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.broken {
		return errors.New("cut")
	}
	w.texts = append(w.texts, text)
	for _, fn := range w.listeners {
		fn(text, false)
	}
	return nil
}

func (w *wire) Listen(ctx context.Context, fn func(string, bool)) error {
	fn("", true)
	w.mu.Lock()
	w.listeners = append(w.listeners, fn)
	w.mu.Unlock()
	<-ctx.Done()
	return ctx.Err()
}

func TestAChangeReachesSubscribersOfOtherProcessesWithoutItsName(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := newRows("secret", "other"), &wire{}
		here, there := hub(t, Config{Read: r.read, Bus: w}), hub(t, Config{Read: r.read, Bus: w})
		synctest.Wait()
		in := there.Open()
		defer in.Close()
		if _, err := in.Subscribe(t.Context(), []Topic{topic("secret"), topic("other")}, "ok"); err != nil {
			t.Fatal(err)
		}
		want(t, in, "ok", "secret=100", "other=100")
		here.Publish(r.set("secret", 101))
		want(t, in, "secret=101")
		// What it published itself it does not read when it hears it.
		r.mu.Lock()
		reads := r.reads
		r.mu.Unlock()
		there.Publish(r.set("secret", 102))
		want(t, in, "secret=102")
		time.Sleep(time.Second)
		synctest.Wait()
		if r.reads != reads {
			t.Error("it reads what it has published itself")
		}
		w.mu.Lock()
		texts := w.texts
		w.mu.Unlock()
		for _, text := range texts {
			if strings.Contains(text, "secret") {
				t.Errorf("a name is on the bus: %s", text)
			}
		}
		r.set("other", 101)
		here.Doubt()
		want(t, in, "other=101")
	})
}

func TestManyChangesGoTogetherInTextsThatAreShortEnough(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := newRows(), &wire{}
		here := hub(t, Config{Read: r.read, Bus: w})
		synctest.Wait()
		for i := range 2 * maxHashes {
			here.Publish(r.set(fmt.Sprint(i), 101))
			here.Publish(r.set(fmt.Sprint(i), 102))
		}
		here.Publish(r.set("last", 101))
		time.Sleep(time.Second)
		synctest.Wait()
		if len(w.texts) != 3 {
			t.Errorf("%d texts", len(w.texts))
		}
		for _, text := range w.texts {
			if len(text) > 7999 {
				t.Errorf("a text of %d characters", len(text))
			}
		}
	})
}

func TestABusThatBreaksDelaysAndLosesNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := newRows("a"), &wire{broken: true}
		here, there := hub(t, Config{Read: r.read, Bus: w}), hub(t, Config{Read: r.read, Bus: w, RereadInterval: time.Hour})
		synctest.Wait()
		in := there.Open()
		defer in.Close()
		if _, err := in.Subscribe(t.Context(), []Topic{topic("a")}, "ok"); err != nil {
			t.Fatal(err)
		}
		want(t, in, "ok", "a=100")
		here.Publish(r.set("a", 101))
		time.Sleep(10 * time.Second)
		w.mu.Lock()
		w.broken = false
		w.mu.Unlock()
		want(t, in, "a=101")
		// And who was deaf for a while reads everything.
		r.set("a", 102)
		w.listeners[1]("", true)
		w.listeners[0]("", true)
		want(t, in, "a=102")
		r.set("a", 103)
		there.hear("what is this?")
		want(t, in, "a=103")
	})
}

func TestWhatWasPublishedBeforeTheEndIsStillSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := newRows("a"), &wire{}
		h, err := New(Config{Read: r.read, Bus: w})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- h.Run(ctx) }()
		synctest.Wait()
		h.Publish(r.set("a", 101))
		cancel()
		<-done
		if len(w.texts) != 1 {
			t.Errorf("%d texts were sent", len(w.texts))
		}
	})
}

func FuzzHear(f *testing.F) {
	h, err := New(Config{Read: newRows().read, Bus: &wire{}})
	if err != nil {
		f.Fatal(err)
	}
	for _, s := range []string{"", "AAAAAAAAAAA", "AAAAAAAAAAAAAAAAAAAAAA", "=", "\xff"} {
		f.Add(s)
	}
	f.Fuzz(func(_ *testing.T, text string) { h.hear(text) })
}
