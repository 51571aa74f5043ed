package lightningtest

import (
	"errors"
	"strings"
	"time"

	"mintmark/mint/lightning"
)

// incomingCases are about CheckIncoming and CancelInvoice.
func incomingCases() []testCase {
	return []testCase{
		{name: "an unpaid invoice has no payments", run: (*scene).unpaid},
		{name: "a request that is not there is unknown", run: (*scene).unknownRequests},
		{name: "a paid invoice has its payment, again and again", run: (*scene).paidOnce},
		{name: "an invoice survives a restart and can be paid then", run: (*scene).paidAfterRestart},
		{name: "a payment is still there after a restart", run: (*scene).paymentSurvives},
		{name: "the payer of an open invoice chooses, and less than a unit does not count", run: (*scene).openInvoice},
		{name: "a cancelled invoice is paid by nobody", run: (*scene).cancelled},
		{name: "a payment that has arrived stays when its invoice is cancelled", run: (*scene).cancelledTooLate},
	}
}

func (s *scene) checkIncoming(v lightning.Invoice) []lightning.Incoming {
	s.Helper()
	list, err := s.b.CheckIncoming(s.Context(), lightning.MethodBolt11, v.LookupID)
	if err != nil {
		s.Fatalf("check: %v", err)
	}
	return list
}

func (s *scene) unpaid() {
	v := s.invoice(1234)
	if got := s.checkIncoming(v); len(got) != 0 {
		s.Errorf("payments are %+v", got)
	}
	s.restart()
	if got := s.checkIncoming(v); len(got) != 0 {
		s.Errorf("after a restart payments are %+v", got)
	}
}

func (s *scene) unknownRequests() {
	for _, id := range []string{strings.Repeat("0f", 32), strings.Repeat("0f", 31), "", "nonsense", "../..", strings.Repeat("a", 255)} {
		if list, err := s.b.CheckIncoming(s.Context(), lightning.MethodBolt11, id); !errors.Is(err, lightning.ErrUnknownRequest) {
			s.Errorf("%q: %+v, %v", id, list, err)
		}
	}
}

func (s *scene) paidOnce() {
	v, other := s.invoice(1234), s.invoice(1234)
	began := time.Now()
	s.pay(v)
	p := s.paid(v)
	if p.LookupID != v.LookupID || p.Method != lightning.MethodBolt11 || p.PaymentID == "" || p.Amount != 1234 || p.Unit != s.Unit {
		s.Errorf("the payment is %+v", p)
	}
	if after := p.At.Sub(began); after < -time.Minute || after > patience+time.Minute {
		s.Errorf("it was settled at %v, now is %v", p.At, time.Now())
	}
	for range 3 {
		if again := s.paid(v); !same(again, p) {
			s.Errorf("first %+v, then %+v", p, again)
		}
	}
	if got := s.checkIncoming(other); len(got) != 0 {
		s.Errorf("another invoice has %+v", got)
	}
}

// same tells whether two reports are of one payment, and alike.
func same(a, b lightning.Incoming) bool {
	at := a.At.Equal(b.At)
	a.At, b.At = time.Time{}, time.Time{}
	return at && a == b
}

func (s *scene) paidAfterRestart() {
	v := s.invoice(1234)
	s.restart()
	s.pay(v)
	if p := s.paid(v); p.Amount != 1234 {
		s.Errorf("the payment is %+v", p)
	}
}

func (s *scene) paymentSurvives() {
	v := s.invoice(1234)
	s.pay(v)
	before := s.paid(v)
	s.restart()
	if after := s.paid(v); !same(before, after) {
		s.Errorf("before %+v, after %+v", before, after)
	}
}

func (s *scene) openInvoice() {
	if !s.settings().Amountless {
		return // "what does not fit the settings is refused" has seen it
	}
	v := s.invoice(0)
	if got := s.decode(v.Request).AmountMsat; got != 0 {
		s.Fatalf("it asks for %d msat", got)
	}
	if err := s.Pay(s.TB, v, 777*s.perUnit()+s.perUnit()-1); err != nil {
		s.Fatal(err)
	}
	if p := s.paid(v); p.Amount != 777 {
		s.Errorf("the payment is %+v", p)
	}
}

func (s *scene) cancel(v lightning.Invoice) {
	s.Helper()
	if err := s.b.(lightning.Canceller).CancelInvoice(s.Context(), lightning.MethodBolt11, v.LookupID); err != nil {
		s.Errorf("cancel: %v", err)
	}
}

func (s *scene) canCancel() bool {
	_, can := s.b.(lightning.Canceller)
	if !can {
		s.Log("this backend cannot take a request back")
	}
	return can
}

func (s *scene) cancelled() {
	if !s.canCancel() {
		return
	}
	v := s.invoice(1234)
	for range 2 {
		s.cancel(v)
	}
	if err := s.Pay(s.TB, v, 0); err == nil {
		s.Error("somebody paid a cancelled invoice")
	}
	if got := s.checkIncoming(v); len(got) != 0 {
		s.Errorf("payments are %+v", got)
	}
}

func (s *scene) cancelledTooLate() {
	if !s.canCancel() {
		return
	}
	v := s.invoice(1234)
	s.pay(v)
	before := s.paid(v)
	s.cancel(v)
	if after := s.paid(v); !same(before, after) {
		s.Errorf("before %+v, after %+v", before, after)
	}
}
