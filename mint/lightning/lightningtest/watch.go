package lightningtest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"mintmark/mint/lightning"
)

// watchCases are about WatchIncoming.
func watchCases() []testCase {
	return []testCase{
		{name: "a payment is delivered while somebody watches", run: (*scene).deliveredAtOnce},
		{name: "what was paid while nobody watched is delivered, oldest first", run: (*scene).deliveredLater},
		{name: "what was paid while the process was down is delivered", run: (*scene).deliveredAfterDown},
		{name: "a payment that was checked is still delivered, and is the same", run: (*scene).checkedThenDelivered},
		{name: "a payment that was not taken comes again", run: (*scene).notTaken},
		{name: "a payment that was not taken comes again after a restart", run: (*scene).notTakenBeforeRestart},
		{name: "watching resumes after a restart and repeats itself word for word at most", run: (*scene).resumes},
		{name: "payments are delivered one at a time", run: (*scene).oneAtATime},
		{name: "a watcher leaves when it is told to", run: (*scene).watcherLeaves},
		{name: "a second watcher waits for the first to leave", run: (*scene).secondWatcher},
		{name: "a lost memory loses no payment", run: (*scene).forgotten, needs: func(w World) bool { return w.Forget != nil }},
	}
}

func (s *scene) deliveredAtOnce() {
	w := s.watch(nil)
	v, other := s.invoice(1234), s.invoice(1234)
	s.pay(v)
	p := w.wait(v)
	if p.Amount != 1234 || p.Unit != s.Unit || p.PaymentID == "" || p.At.IsZero() {
		s.Errorf("delivered %+v", p)
	}
	if got := w.of(other); len(got) != 0 {
		s.Errorf("an unpaid invoice has %+v", got)
	}
}

func (s *scene) deliveredLater() {
	first, second, third := s.invoice(1001), s.invoice(1002), s.invoice(1003)
	for _, v := range []lightning.Invoice{third, first, second} {
		s.pay(v)
		s.paid(v)
		time.Sleep(20 * time.Millisecond) // so that nobody can mistake the order
	}
	w := s.watch(nil)
	w.wait(second)
	w.mu.Lock()
	defer w.mu.Unlock()
	var order []string
	for _, p := range w.taken {
		if p.LookupID == first.LookupID || p.LookupID == second.LookupID || p.LookupID == third.LookupID {
			order = append(order, p.LookupID)
		}
	}
	if len(order) != 3 || order[0] != third.LookupID || order[1] != first.LookupID {
		s.Errorf("delivered %v", order)
	}
}

func (s *scene) deliveredAfterDown() {
	v := s.invoice(1234)
	s.close()
	s.pay(v)
	s.b = s.Open(s.TB)
	if p := s.watch(nil).wait(v); p.Amount != 1234 {
		s.Errorf("delivered %+v", p)
	}
}

func (s *scene) checkedThenDelivered() {
	v := s.invoice(1234)
	s.pay(v)
	checked := s.paid(v)
	if delivered := s.watch(nil).wait(v); !same(checked, delivered) {
		s.Errorf("checked %+v, delivered %+v", checked, delivered)
	}
}

var errAway = errors.New("the mint's database is away")

func (s *scene) notTaken() {
	v, later := s.invoice(1001), s.invoice(1002)
	w := s.watch(map[string]error{v.LookupID: errAway})
	s.pay(v)
	s.paid(v)
	s.pay(later)
	if err := w.end(); !errors.Is(err, errAway) {
		s.Errorf("watching ended with %v", err)
	}
	if got := w.of(later); len(got) != 0 {
		s.Errorf("the next one was delivered before: %+v", got)
	}
	again := s.watch(nil)
	if p := again.wait(v); p.Amount != 1001 {
		s.Errorf("delivered %+v", p)
	}
	again.wait(later)
}

func (s *scene) notTakenBeforeRestart() {
	v := s.invoice(1234)
	w := s.watch(map[string]error{v.LookupID: errAway})
	s.pay(v)
	if err := w.end(); !errors.Is(err, errAway) {
		s.Errorf("watching ended with %v", err)
	}
	s.restart()
	s.watch(nil).wait(v)
}

func (s *scene) resumes() {
	first, second := s.invoice(1001), s.invoice(1002)
	w := s.watch(nil)
	s.pay(first)
	before := w.wait(first)
	w.stop()
	_ = w.end()
	s.pay(second)
	s.restart()
	w = s.watch(nil)
	w.wait(second)
	for _, p := range w.of(first) {
		if !same(p, before) {
			s.Errorf("delivered %+v, and again %+v", before, p)
		}
	}
}

func (s *scene) oneAtATime() {
	var inside, overlaps, taken atomic.Int64
	ctx, cancel := context.WithCancel(s.Context())
	defer cancel()
	ended := make(chan error, 1)
	b := s.b
	go func() {
		ended <- b.WatchIncoming(ctx, func(lightning.Incoming) error {
			if inside.Add(1) > 1 {
				overlaps.Add(1)
			}
			time.Sleep(5 * time.Millisecond)
			inside.Add(-1)
			taken.Add(1)
			return nil
		})
	}()
	for range 4 {
		s.pay(s.invoice(1234))
	}
	s.eventually("the payments are not delivered", func() bool { return taken.Load() >= 4 })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		s.Errorf("watching ended with %v", err)
	}
	if overlaps.Load() > 0 {
		s.Error("two payments were delivered at the same time")
	}
}

func (s *scene) watcherLeaves() {
	w := s.watch(nil)
	time.Sleep(calm)
	w.stop()
	if err := w.end(); !errors.Is(err, context.Canceled) {
		s.Errorf("watching ended with %v", err)
	}
	ctx, cancel := context.WithTimeout(s.Context(), calm)
	defer cancel()
	if err := s.b.WatchIncoming(ctx, func(lightning.Incoming) error { return nil }); !errors.Is(err, context.DeadlineExceeded) {
		s.Errorf("watching ended with %v", err)
	}
}

func (s *scene) secondWatcher() {
	first := s.watch(nil)
	v, next := s.invoice(1001), s.invoice(1002)
	s.pay(v)
	first.wait(v)
	second, third := s.watch(nil), s.watch(nil)
	time.Sleep(calm)
	third.stop()
	if err := third.end(); !errors.Is(err, context.Canceled) {
		s.Errorf("the one that waits ended with %v", err)
	}
	if got := second.of(v); len(got) != 0 {
		s.Errorf("the second one did not wait: %+v", got)
	}
	first.stop()
	_ = first.end()
	s.pay(next)
	second.wait(next)
}

func (s *scene) forgotten() {
	seen, unseen := s.invoice(1001), s.invoice(1002)
	w := s.watch(nil)
	s.pay(seen)
	w.wait(seen)
	s.close()
	s.pay(unseen)
	s.Forget(s.TB)
	s.b = s.Open(s.TB)
	s.watch(nil).wait(unseen)
}
