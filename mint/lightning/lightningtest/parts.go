package lightningtest

import (
	"errors"
	"math"

	"mintmark/mint/lightning"
)

// partCases are about paying a part of an invoice (NUT-15).
func partCases() []testCase {
	return []testCase{
		{name: "parts are refused where they are not offered", run: (*scene).noParts},
		{name: "every part is a debt of its own, and no part is too large", run: (*scene).partQuotes},
		{name: "a part is paid together with the rest that others pay", run: (*scene).paysPart},
	}
}

func (s *scene) noParts() {
	if s.paySettings().MultiPath {
		return
	}
	request := s.Payee(s.TB, Wish{Msat: 1_000_000})
	if q, err := s.tryQuote(lightning.PaymentRequest{Request: request, PartMsat: 400_000}); !errors.Is(err, lightning.ErrRefused) {
		s.Errorf("quoted %+v, %v", q, err)
	}
}

func (s *scene) partQuotes() {
	if !s.paySettings().MultiPath {
		return
	}
	request := s.Payee(s.TB, Wish{Msat: 1_000_000})
	part := lightning.PaymentRequest{Request: request, PartMsat: 400_001}
	first, second := s.quoteFor(part), s.quoteFor(part)
	if want := (400_001 + s.perUnit() - 1) / s.perUnit(); uint64(first.Amount) != want {
		s.Errorf("quoted %+v, want %d", first, want)
	}
	whole := s.quote(request)
	if first.LookupID == second.LookupID || first.LookupID == whole.LookupID || first.LookupID == "" || len(first.LookupID) > 255 {
		s.Errorf("the parts are called %q and %q, the whole %q", first.LookupID, second.LookupID, whole.LookupID)
	}
	for _, msat := range []uint64{1_000_001, math.MaxUint64} {
		if q, err := s.tryQuote(lightning.PaymentRequest{Request: request, PartMsat: msat}); !errors.Is(err, lightning.ErrOtherAmount) {
			s.Errorf("a part of %d: %+v, %v", msat, q, err)
		}
	}
	if q, err := s.tryQuote(lightning.PaymentRequest{Request: s.Payee(s.TB, Wish{}), PartMsat: 1000}); !errors.Is(err, lightning.ErrAmountless) {
		s.Errorf("a part of an open invoice: %+v, %v", q, err)
	}
}

func (s *scene) paysPart() {
	if !s.paySettings().MultiPath {
		return
	}
	request := s.Payee(s.TB, Wish{Msat: 1_000_000})
	p := s.order(request, s.quoteFor(lightning.PaymentRequest{Request: request, PartMsat: 400_000}))
	if s.PayPart == nil {
		s.wantPaid(p, s.send(p))
		return
	}
	wait := s.begin(s.Context(), p)
	if err := s.PayPart(s.TB, request, 600_000); err != nil {
		s.Fatalf("the other payer could not pay: %v", err)
	}
	out, err := wait()
	if err != nil {
		s.Fatal(err)
	}
	s.wantPaid(p, out)
	if uint64(out.Spent) >= 1_000_000/s.perUnit() {
		s.Errorf("of a part of 400000 msat it says that it cost %d", out.Spent)
	}
	s.wantReceived(request, 1_000_000)
	s.restart()
	if got := s.check(p); got != out {
		s.Errorf("sent %+v, after a restart %+v", out, got)
	}
}
