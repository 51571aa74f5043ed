package lightningtest

import (
	"crypto/rand"
	"errors"
	"math"
	"strings"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// quoteCases are about QuotePayment.
func quoteCases() []testCase {
	real := func(w World) bool { return !w.Fake }
	return []testCase{
		{name: "a quote names the debt and its price, rounded up", run: (*scene).quoted},
		{name: "a quote begins nothing", run: (*scene).quoteBeginsNothing},
		{name: "rubbish is refused", run: (*scene).rubbish},
		{name: "a unit or method that is not offered is refused", run: (*scene).quoteElsewhere},
		{name: "the payer chooses the amount of an open invoice, and of no other", run: (*scene).openQuote},
		{name: "an amount beyond all bitcoin is refused", run: (*scene).hugeQuote},
		{name: "an amount beyond the limits is refused", run: (*scene).limits},
		{name: "an expired invoice is refused as expired", run: (*scene).expired, needs: real},
		{name: "an invoice of another network is refused", run: (*scene).otherNetwork, needs: real},
	}
}

// stranger writes an invoice that nobody will ever take money for.
func (s *scene) stranger(change func(*bolt11.Invoice)) string {
	s.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		s.Fatal(err)
	}
	v := bolt11.Invoice{
		Network: s.Network, AmountMsat: 1_000_000, Timestamp: time.Now().Truncate(time.Second), Description: "stranger",
		Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired, bolt11.FeatureMultiPartOptional},
	}
	rand.Read(v.PaymentHash[:])
	rand.Read(v.PaymentSecret[:])
	change(&v)
	request, err := bolt11.Encode(v, key)
	if err != nil {
		s.Fatal(err)
	}
	return request
}

func (s *scene) quoted() {
	request := s.Payee(s.TB, Wish{Msat: 1_000_001})
	q := s.quote(request)
	want := (1_000_001 + s.perUnit() - 1) / s.perUnit()
	if uint64(q.Amount) != want || len(q.Terms) > 4096 || len(q.Options) != 0 {
		s.Errorf("quoted %+v, want %d", q, want)
	}
	hash := s.decode(request).PaymentHash
	if got := lightningID(hash); q.LookupID != got {
		s.Errorf("the lookup id is %s, the payment hash %s", q.LookupID, got)
	}
	for _, spelling := range []string{strings.ToUpper(request), request} {
		if again := s.quote(spelling); again.LookupID != q.LookupID || again.Amount != q.Amount {
			s.Errorf("quoted %+v, and again %+v", q, again)
		}
	}
}

func lightningID(hash [32]byte) string {
	const digits = "0123456789abcdef"
	var b strings.Builder
	for _, c := range hash {
		b.WriteByte(digits[c>>4])
		b.WriteByte(digits[c&15])
	}
	return b.String()
}

func (s *scene) quoteBeginsNothing() {
	p := s.owe(1_000_000, Takes)
	if got := s.check(p); got.State != lightning.PaymentUnknown {
		s.Errorf("it is %v", got.State)
	}
	time.Sleep(calm)
	s.wantReceived(p.Request, 0)
}

func (s *scene) rubbish() {
	good := s.Payee(s.TB, Wish{Msat: 1_000_000})
	flipped := []byte(good)
	flipped[len(flipped)-20] ^= 1
	for what, request := range map[string]string{
		"nothing": "", "a word": "pay me", "an address": "bcrt1qw508d6qejxtdg4y5r3zarvary0c5xw7kygt080",
		"an invoice cut short": good[:len(good)-6], "a changed one": string(flipped), "twice the same": good + good,
		"control characters": good + "\x00\n", "a very long one": "lnbcrt1" + strings.Repeat("q", 100_000),
	} {
		if q, err := s.tryQuote(lightning.PaymentRequest{Request: request}); !errors.Is(err, lightning.ErrRefused) {
			s.Errorf("%s: %+v, %v", what, q, err)
		}
	}
}

func (s *scene) quoteElsewhere() {
	request := s.Payee(s.TB, Wish{Msat: 1_000_000})
	for _, r := range []lightning.PaymentRequest{
		{Method: lightning.MethodBolt11, Unit: "shells", Request: request}, {Method: "pigeon", Unit: s.Unit, Request: request},
	} {
		if q, err := s.b.QuotePayment(s.Context(), r); !errors.Is(err, lightning.ErrRefused) {
			s.Errorf("%s in %s: %+v, %v", r.Method, r.Unit, q, err)
		}
	}
}

func (s *scene) openQuote() {
	open, fixed := s.Payee(s.TB, Wish{}), s.Payee(s.TB, Wish{Msat: 1_000_000})
	if q, err := s.tryQuote(lightning.PaymentRequest{Request: open}); !errors.Is(err, lightning.ErrAmountless) {
		s.Errorf("without an amount: %+v, %v", q, err)
	}
	if q, err := s.tryQuote(lightning.PaymentRequest{Request: fixed, AmountMsat: 999_000}); !errors.Is(err, lightning.ErrOtherAmount) {
		s.Errorf("another amount: %+v, %v", q, err)
	}
	if q := s.quoteFor(lightning.PaymentRequest{Request: fixed, AmountMsat: 1_000_000}); uint64(q.Amount) != 1_000_000/s.perUnit() {
		s.Errorf("the same amount: %+v", q)
	}
	q, err := s.tryQuote(lightning.PaymentRequest{Request: open, AmountMsat: 777_001})
	switch want := (777_001 + s.perUnit() - 1) / s.perUnit(); {
	case !s.paySettings().Amountless:
		if !errors.Is(err, lightning.ErrAmountless) {
			s.Errorf("open invoices are not offered: %+v, %v", q, err)
		}
	case err != nil || uint64(q.Amount) != want:
		s.Errorf("quoted %+v, %v", q, err)
	}
}

func (s *scene) hugeQuote() {
	open := s.Payee(s.TB, Wish{})
	for _, msat := range []uint64{math.MaxUint64, math.MaxUint64 / 2, math.MaxInt64, 21_000_000*100_000_000*1000 + 1000} {
		_, err := s.tryQuote(lightning.PaymentRequest{Request: open, AmountMsat: msat})
		if !errors.Is(err, lightning.ErrRefused) && !errors.Is(err, lightning.ErrAmountless) {
			s.Errorf("%d msat: %v", msat, err)
		}
	}
}

func (s *scene) limits() {
	settings := s.paySettings()
	for _, amount := range []uint64{uint64(settings.MinAmount) - 1, uint64(settings.MaxAmount) + 1} {
		if amount == 1 || amount == 0 || amount == math.MaxUint64 {
			continue // no such limit
		}
		request := s.stranger(func(v *bolt11.Invoice) { v.AmountMsat = amount * s.perUnit() })
		if q, err := s.tryQuote(lightning.PaymentRequest{Request: request}); !errors.Is(err, lightning.ErrRefused) {
			s.Errorf("%d: %+v, %v", amount, q, err)
		}
	}
}

func (s *scene) expired() {
	request := s.stranger(func(v *bolt11.Invoice) {
		v.Timestamp, v.Expiry = time.Now().Add(-2*time.Hour).Truncate(time.Second), time.Hour
	})
	if q, err := s.tryQuote(lightning.PaymentRequest{Request: request}); !errors.Is(err, lightning.ErrRequestExpired) {
		s.Errorf("quoted %+v, %v", q, err)
	}
}

func (s *scene) otherNetwork() {
	for _, other := range []bolt11.Network{bolt11.Mainnet, bolt11.Testnet, bolt11.Signet, bolt11.Regtest} {
		if other == s.Network {
			continue
		}
		request := s.stranger(func(v *bolt11.Invoice) { v.Network = other })
		if q, err := s.tryQuote(lightning.PaymentRequest{Request: request}); !errors.Is(err, lightning.ErrRefused) {
			s.Errorf("%s: %+v, %v", other, q, err)
		}
	}
}
