package lightningtest

import (
	"context"
	"sync"

	"mintmark/mint/lightning"
)

// paymentCases are about payments that end at once.
func paymentCases() []testCase {
	return []testCase{
		{name: "an attempt that was never begun is unknown", run: (*scene).neverBegun},
		{name: "a payment arrives, costs no more than was said, and is proved", run: (*scene).pays},
		{name: "an open invoice is paid with the chosen amount", run: (*scene).paysOpen},
		{name: "an attempt that is sent again moves no more money", run: (*scene).sentAgain},
		{name: "an attempt that is sent again after a restart moves no more money", run: (*scene).sentAgainAfterRestart},
		{name: "many who send one attempt at the same time pay once", run: (*scene).sentByMany},
		{name: "another attempt at a paid invoice pays nothing and is not taken for the first", run: (*scene).paidAlready},
		{name: "of many attempts at one invoice at the same time one pays", run: (*scene).rivals},
		{name: "a payment that cannot be made fails, and stays failed", run: (*scene).fails},
		{name: "after a failed attempt another one can pay, and the first stays failed", run: (*scene).failsThenPays,
			needs: func(w World) bool { return w.Release != nil }},
		{name: "a payment never costs more than was allowed", run: (*scene).tooDear, needs: func(w World) bool { return w.FeesCost }},
		{name: "an order that is not as it was quoted is refused", run: (*scene).notAsQuoted},
		{name: "an invoice of the backend itself is not left in doubt", run: (*scene).paysItself},
	}
}

func (s *scene) neverBegun() {
	p := s.owe(1_000_000, Takes)
	for range 2 {
		if got := s.check(p); got.State != lightning.PaymentUnknown || got.Spent != 0 || got.Proof != "" {
			s.Errorf("it is %+v", got)
		}
		s.restart()
	}
}

func (s *scene) pays() {
	p := s.owe(1_234_001, Takes)
	out := s.send(p)
	s.wantPaid(p, out)
	s.wantReceived(p.Request, 1_234_001)
	if got := s.check(p); got != out {
		s.Errorf("sent %+v, checked %+v", out, got)
	}
	s.restart()
	if got := s.check(p); got != out {
		s.Errorf("sent %+v, after a restart %+v", out, got)
	}
}

func (s *scene) paysOpen() {
	if !s.paySettings().Amountless {
		return // "the payer chooses the amount" has seen it refused
	}
	request := s.Payee(s.TB, Wish{})
	p := s.order(request, s.quoteFor(lightning.PaymentRequest{Request: request, AmountMsat: 777_000}))
	s.wantPaid(p, s.send(p))
	s.wantReceived(request, 777_000)
}

func (s *scene) sentAgain() {
	p := s.owe(1_000_000, Takes)
	first := s.send(p)
	for range 2 {
		if again := s.send(p); again != first {
			s.Errorf("first %+v, then %+v", first, again)
		}
	}
	s.wantReceived(p.Request, 1_000_000)
}

func (s *scene) sentAgainAfterRestart() {
	p := s.owe(1_000_000, Takes)
	first := s.send(p)
	s.restart()
	if again := s.send(p); again != first {
		s.Errorf("first %+v, then %+v", first, again)
	}
	s.wantReceived(p.Request, 1_000_000)
}

func (s *scene) sentByMany() {
	p := s.owe(1_000_000, Takes)
	answers := make([]lightning.Outgoing, 8)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			out, err := s.trySend(p)
			if err != nil {
				s.Errorf("send: %v", err)
			}
			answers[i] = out
		})
	}
	all.Wait()
	for _, out := range answers {
		if out != answers[0] {
			s.Errorf("one is told %+v, another %+v", answers[0], out)
		}
	}
	s.wantPaid(p, answers[0])
	s.wantReceived(p.Request, 1_000_000)
}

func (s *scene) paidAlready() {
	p := s.owe(1_000_000, Takes)
	first := s.send(p)
	s.wantPaid(p, first)
	other := p
	other.ID += "-again"
	for range 2 {
		out, err := s.trySend(other)
		s.wantNot(other, out, err)
		s.restart()
	}
	if got := s.check(p); got != first {
		s.Errorf("the first was %+v and is %+v", first, got)
	}
	s.wantReceived(p.Request, 1_000_000)
}

func (s *scene) rivals() {
	p := s.owe(1_000_000, Takes)
	orders := make([]lightning.Payment, 6)
	answers := make([]lightning.Outgoing, len(orders))
	errs := make([]error, len(orders))
	var all sync.WaitGroup
	for i := range orders {
		orders[i] = p
		orders[i].ID = p.ID + string(rune('a'+i))
		all.Go(func() { answers[i], errs[i] = s.trySend(orders[i]) })
	}
	all.Wait()
	paid := 0
	for i, out := range answers {
		if errs[i] == nil && out.State == lightning.PaymentPaid {
			paid++
			s.wantPaid(orders[i], out)
			continue
		}
		s.wantNot(orders[i], out, errs[i])
	}
	if paid != 1 {
		s.Errorf("%d attempts have paid", paid)
	}
	s.wantReceived(p.Request, 1_000_000)
}

func (s *scene) fails() {
	p := s.owe(1_000_000, Refuses)
	for range 2 {
		out, err := s.trySend(p)
		s.wantNot(p, out, err)
		if got := s.check(p); got.State != lightning.PaymentFailed {
			s.Errorf("it is %v", got.State)
		}
		s.restart()
	}
	if got := s.check(p); got.State != lightning.PaymentFailed {
		s.Errorf("after a restart it is %v", got.State)
	}
	s.wantReceived(p.Request, 0)
}

func (s *scene) failsThenPays() {
	p := s.owe(1_000_000, Holds)
	wait := s.begin(s.Context(), p)
	s.Release(s.TB, p.Request, false)
	if out, err := wait(); err != nil || out.State != lightning.PaymentFailed {
		s.Fatalf("it is %+v, %v", out, err)
	}
	// Whether he takes it now is up to him; that the first failed is for ever.
	second := p
	second.ID += "-again"
	ctx, leave := context.WithTimeout(s.Context(), 10*calm)
	defer leave()
	_, _ = s.b.SendPayment(ctx, second)
	s.restart()
	if got := s.check(p); got.State != lightning.PaymentFailed {
		s.Errorf("the first is %v", got.State)
	}
	if out := s.send(p); out.State != lightning.PaymentFailed {
		s.Errorf("sent again the first is %v", out.State)
	}
}

func (s *scene) tooDear() {
	p := s.owe(1_000_000, Takes)
	p.MaxFee = 0
	out, err := s.trySend(p)
	s.wantNot(p, out, err)
	s.wantReceived(p.Request, 0)
	p.ID, p.MaxFee = p.ID+"-again", s.quote(p.Request).FeeReserve
	s.wantPaid(p, s.send(p))
}

func (s *scene) notAsQuoted() {
	good := s.owe(1_000_000, Takes)
	for what, change := range map[string]func(*lightning.Payment){
		"no id":           func(p *lightning.Payment) { p.ID = "" },
		"no terms":        func(p *lightning.Payment) { p.Terms = "" },
		"other terms":     func(p *lightning.Payment) { p.Terms = "{]" },
		"no amount":       func(p *lightning.Payment) { p.Amount = 0 },
		"no request":      func(p *lightning.Payment) { p.Request = "" },
		"an unknown unit": func(p *lightning.Payment) { p.Unit = "shells" },
		"another method":  func(p *lightning.Payment) { p.Method = "pigeon" },
	} {
		p := good
		p.ID += what
		change(&p)
		out, err := s.trySend(p)
		s.Log(what)
		s.wantNot(p, out, err)
	}
	s.wantReceived(good.Request, 0)
}

func (s *scene) paysItself() {
	v := s.invoice(1234)
	q, err := s.tryQuote(lightning.PaymentRequest{Request: v.Request})
	if err != nil {
		return // it need not offer that
	}
	p := s.order(v.Request, q)
	out, err := s.trySend(p)
	if err == nil && out.State == lightning.PaymentPaid {
		s.wantPaid(p, out)
		s.paid(v)
		return
	}
	s.wantNot(p, out, err)
	if got := s.checkIncoming(v); len(got) != 0 {
		s.Errorf("nobody has paid, and it has %+v", got)
	}
}
