package lightningtest

import (
	"context"
	"errors"
	"time"

	"mintmark/mint/lightning"
)

// doubtCases are about payments whose end is open for a while.
func doubtCases() []testCase {
	cases := []testCase{
		{name: "a payment under way is pending, and a check does not wait for it", run: (*scene).pending},
		{name: "a payment that the payee lets go fails", run: (*scene).letGo},
		{name: "a caller who leaves does not end the attempt", run: (*scene).callerLeaves},
		{name: "a payment goes on while the process is down, and is paid", run: func(s *scene) { s.endsWhileDown(true) }},
		{name: "a payment goes on while the process is down, and fails", run: func(s *scene) { s.endsWhileDown(false) }},
		{name: "sent again while it is under way, also after a restart, it is the same attempt", run: (*scene).sentAgainUnderWay},
		{name: "another attempt at an invoice that is being paid is not taken for the first", run: (*scene).rivalUnderWay},
		{name: "a lost memory never says of a payment that it failed", run: (*scene).forgottenPayment,
			needs: func(w World) bool { return w.Forget != nil }},
	}
	for i := range cases {
		needs := cases[i].needs
		cases[i].needs = func(w World) bool { return w.Release != nil && (needs == nil || needs(w)) }
	}
	return append(cases, testCase{name: "a caller who has left before he came pays once at most", run: (*scene).leftBefore})
}

func (s *scene) pending() {
	p := s.owe(1_000_000, Holds)
	wait := s.begin(s.Context(), p)
	began := time.Now()
	if got := s.check(p); got.State != lightning.PaymentPending || got.Spent != 0 {
		s.Errorf("it is %+v", got)
	}
	if took := time.Since(began); took > patience/2 {
		s.Errorf("the check took %v", took)
	}
	s.wantReceived(p.Request, 0)
	s.Release(s.TB, p.Request, true)
	out, err := wait()
	if err != nil {
		s.Fatal(err)
	}
	s.wantPaid(p, out)
	if got := s.check(p); got != out {
		s.Errorf("sent %+v, checked %+v", out, got)
	}
	s.wantReceived(p.Request, 1_000_000)
}

func (s *scene) letGo() {
	p := s.owe(1_000_000, Holds)
	wait := s.begin(s.Context(), p)
	s.Release(s.TB, p.Request, false)
	if out, err := wait(); err != nil || out.State != lightning.PaymentFailed {
		s.Errorf("it is %+v, %v", out, err)
	}
	s.ends(p, lightning.PaymentFailed)
	s.wantReceived(p.Request, 0)
}

func (s *scene) callerLeaves() {
	p := s.owe(1_000_000, Holds)
	ctx, leave := context.WithCancel(s.Context())
	defer leave()
	wait := s.begin(ctx, p)
	leave()
	if out, err := wait(); err == nil && out.State != lightning.PaymentPending || errors.Is(err, lightning.ErrRefused) {
		s.Errorf("who left was told %+v, %v", out, err)
	}
	time.Sleep(calm)
	if got := s.check(p); got.State != lightning.PaymentPending {
		s.Errorf("it is %v", got.State)
	}
	s.Release(s.TB, p.Request, true)
	s.wantPaid(p, s.ends(p, lightning.PaymentPaid))
	s.wantReceived(p.Request, 1_000_000)
}

func (s *scene) endsWhileDown(take bool) {
	p := s.owe(1_000_000, Holds)
	wait := s.begin(context.WithoutCancel(s.Context()), p)
	s.close()
	_, _ = wait()
	s.Release(s.TB, p.Request, take)
	s.b = s.Open(s.TB)
	if take {
		s.wantPaid(p, s.ends(p, lightning.PaymentPaid))
		s.wantReceived(p.Request, 1_000_000)
		return
	}
	s.ends(p, lightning.PaymentFailed)
	s.wantReceived(p.Request, 0)
}

func (s *scene) sentAgainUnderWay() {
	p := s.owe(1_000_000, Holds)
	ctx, leave := context.WithCancel(s.Context())
	wait := s.begin(ctx, p)
	leave()
	_, _ = wait()
	s.restart()
	wait = s.begin(s.Context(), p)
	other := s.begin(s.Context(), p)
	s.Release(s.TB, p.Request, true)
	for _, w := range []func() (lightning.Outgoing, error){wait, other} {
		out, err := w()
		if err != nil {
			s.Fatal(err)
		}
		s.wantPaid(p, out)
	}
	s.wantReceived(p.Request, 1_000_000)
}

func (s *scene) rivalUnderWay() {
	p := s.owe(1_000_000, Holds)
	wait := s.begin(s.Context(), p)
	rival := p
	rival.ID += "-again"
	ctx, leave := context.WithTimeout(s.Context(), patience)
	defer leave()
	type answer struct {
		out lightning.Outgoing
		err error
	}
	answers := make(chan answer, 1)
	b := s.b
	go func() {
		out, err := b.SendPayment(ctx, rival)
		answers <- answer{out, err}
	}()
	time.Sleep(calm) // the rival may be waiting for its turn, or refused by now
	s.Release(s.TB, p.Request, true)
	out, err := wait()
	if err != nil {
		s.Fatal(err)
	}
	s.wantPaid(p, out)
	a := <-answers
	s.wantNot(rival, a.out, a.err)
	s.wantReceived(p.Request, 1_000_000)
}

func (s *scene) leftBefore() {
	p := s.owe(1_000_000, Takes)
	ctx, leave := context.WithCancel(s.Context())
	leave()
	if out, err := s.b.SendPayment(ctx, p); err == nil && out.State == lightning.PaymentFailed || errors.Is(err, lightning.ErrRefused) {
		s.Errorf("he was told %+v, %v", out, err)
	}
	if got := s.check(p); got.State == lightning.PaymentFailed {
		s.Error("it failed")
	}
	s.wantPaid(p, s.send(p))
	s.wantReceived(p.Request, 1_000_000)
}

func (s *scene) forgottenPayment() {
	p := s.owe(1_000_000, Holds)
	wait := s.begin(context.WithoutCancel(s.Context()), p)
	s.close()
	_, _ = wait()
	s.Forget(s.TB)
	s.b = s.Open(s.TB)
	ctx, leave := context.WithTimeout(s.Context(), 10*calm)
	defer leave()
	// The mint asks, is told that it was never begun, and sends it again.
	if got := s.check(p); got.State == lightning.PaymentFailed || got.State == lightning.PaymentPaid {
		s.Errorf("it is %v", got.State)
	}
	if out, err := s.b.SendPayment(ctx, p); err == nil && out.State == lightning.PaymentFailed || errors.Is(err, lightning.ErrRefused) {
		s.Errorf("sent again it is %+v, %v", out, err)
	}
	s.Release(s.TB, p.Request, true)
	s.wantReceived(p.Request, 1_000_000)
	if got := s.check(p); got.State == lightning.PaymentFailed {
		s.Error("the money is gone, and it failed")
	}
}
