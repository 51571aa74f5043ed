package lightningtest

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"mintmark/mint/lightning"
)

// closeCases are about Close.
func closeCases() []testCase {
	return []testCase{
		{name: "closing again does nothing, and afterwards everything says so", run: (*scene).afterClose},
		{name: "closing ends a watcher and waits for what it delivers", run: (*scene).closeWaits},
		{name: "closing does not wait for a payment, which goes on", run: (*scene).closeDuringPayment,
			needs: func(w World) bool { return w.Release != nil }},
	}
}

func (s *scene) afterClose() {
	v := s.invoice(1234)
	p := s.owe(1_000_000, Takes)
	waiting := s.watch(nil)
	for range 3 {
		s.close()
	}
	if err := waiting.end(); !errors.Is(err, lightning.ErrClosed) {
		s.Errorf("watching ended with %v", err)
	}
	_, created := s.b.CreateInvoice(s.Context(), s.request(1234))
	_, checked := s.b.CheckIncoming(s.Context(), lightning.MethodBolt11, v.LookupID)
	_, sent := s.trySend(p)
	_, asked := s.b.CheckPayment(s.Context(), p.Method, p.ID)
	for doing, err := range map[string]error{
		"create": created, "check": checked, "send": sent, "check a payment": asked,
		"watch": s.b.WatchIncoming(s.Context(), func(lightning.Incoming) error { return nil }),
	} {
		if !errors.Is(err, lightning.ErrClosed) {
			s.Errorf("%s: %v", doing, err)
		}
	}
	s.b = s.Open(s.TB)
	if got := s.check(p); got.State != lightning.PaymentUnknown {
		s.Errorf("a payment that came after the end is %v", got.State)
	}
}

func (s *scene) closeWaits() {
	v := s.invoice(1234)
	s.pay(v)
	var inside, after atomic.Bool
	entered, ended := make(chan struct{}), make(chan error, 1)
	b := s.b
	ctx := context.WithoutCancel(s.Context())
	go func() {
		ended <- b.WatchIncoming(ctx, func(p lightning.Incoming) error {
			if p.LookupID != v.LookupID {
				return nil
			}
			inside.Store(true)
			close(entered)
			time.Sleep(calm)
			inside.Store(false)
			return nil
		})
	}()
	select {
	case <-entered:
	case <-time.After(patience):
		s.Fatal("the payment is not delivered")
	}
	s.close()
	after.Store(inside.Load())
	if after.Load() {
		s.Error("closing did not wait for a payment that was being delivered")
	}
	select {
	case err := <-ended:
		if !errors.Is(err, lightning.ErrClosed) {
			s.Errorf("watching ended with %v", err)
		}
	case <-time.After(patience):
		s.Error("watching did not end")
	}
}

func (s *scene) closeDuringPayment() {
	p := s.owe(1_000_000, Holds)
	wait := s.begin(context.WithoutCancel(s.Context()), p)
	s.close()
	if out, err := wait(); err == nil && out.State != lightning.PaymentPending || errors.Is(err, lightning.ErrRefused) {
		s.Errorf("who waited was told %+v, %v", out, err)
	}
	s.b = s.Open(s.TB)
	if got := s.check(p); got.State != lightning.PaymentPending {
		s.Errorf("after a restart it is %v", got.State)
	}
	s.Release(s.TB, p.Request, true)
	s.wantPaid(p, s.ends(p, lightning.PaymentPaid))
}
