package lightningtest

import (
	"encoding/hex"
	"errors"
	"math"
	"strings"
	"sync"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// invoiceCases are about Settings and CreateInvoice.
func invoiceCases() []testCase {
	return []testCase{
		{name: "settings say what can be received and paid, also after a restart", run: (*scene).settingsStay},
		{name: "an invoice asks for what was wanted", run: (*scene).invoiceAsks},
		{name: "an invoice ends when it says", run: (*scene).invoiceEnds},
		{name: "two invoices never share a name", run: (*scene).invoicesDiffer},
		{name: "what does not fit the settings is refused", run: (*scene).invoiceRefused},
		{name: "amounts beyond all bitcoin are refused", run: (*scene).hugeInvoice},
		{name: "a description is carried, and one that is too long is refused", run: (*scene).descriptions},
	}
}

func (s *scene) settingsStay() {
	first := s.settings()
	if first.MaxAmount != 0 && first.MinAmount > first.MaxAmount {
		s.Errorf("settings are %+v", first)
	}
	if first.Fake != s.Fake || s.paySettings().Fake != s.Fake {
		s.Errorf("a fake is not called one, or the other way round: %+v", first)
	}
	s.restart()
	s.settings()
	s.paySettings()
}

func (s *scene) invoiceAsks() {
	r := s.request(1234)
	began := time.Now()
	v, err := s.b.CreateInvoice(s.Context(), r)
	if err != nil {
		s.Fatal(err)
	}
	got := s.decode(v.Request)
	if got.AmountMsat != 1234*s.perUnit() || got.Network != s.Network {
		s.Errorf("it asks for %d msat on %s", got.AmountMsat, got.Network)
	}
	if hex.EncodeToString(got.PaymentHash[:]) != v.LookupID {
		s.Errorf("its payment hash is %x and its lookup id %s", got.PaymentHash, v.LookupID)
	}
	if age := got.Timestamp.Sub(began); age < -time.Minute || age > time.Minute {
		s.Errorf("it is dated %v", got.Timestamp)
	}
	if !v.Expiry.IsZero() && !v.Expiry.Equal(got.ExpiresAt()) {
		s.Errorf("it ends at %v and says %v", got.ExpiresAt(), v.Expiry)
	}
	if strings.Contains(v.Request, r.QuoteID) || strings.Contains(got.Description, r.QuoteID) {
		s.Error("it shows the quote's id")
	}
}

func (s *scene) invoiceEnds() {
	r := s.request(1234)
	r.Expiry = time.Now().Add(10*time.Minute + 300*time.Millisecond)
	v, err := s.b.CreateInvoice(s.Context(), r)
	if err != nil {
		s.Fatal(err)
	}
	if got := s.decode(v.Request).ExpiresAt(); !v.Expiry.Equal(got) || v.Expiry.Nanosecond() != 0 {
		s.Errorf("it ends at %v and says %v", got, v.Expiry)
	}
	if late := v.Expiry.Sub(r.Expiry); late < -time.Minute || late > time.Minute {
		s.Errorf("it ends at %v, wished was %v", v.Expiry, r.Expiry)
	}
	r.Expiry = time.Now().Add(-time.Minute)
	if _, err := s.b.CreateInvoice(s.Context(), r); !errors.Is(err, lightning.ErrRefused) {
		s.Errorf("one that ended before it began: %v", err)
	}
}

func (s *scene) invoicesDiffer() {
	r := s.request(1234)
	var mu sync.Mutex
	seen := map[string]bool{}
	var all sync.WaitGroup
	for range 12 {
		all.Go(func() {
			v, err := s.b.CreateInvoice(s.Context(), r)
			if err != nil {
				s.Error(err)
				return
			}
			mu.Lock()
			defer mu.Unlock()
			if seen[v.LookupID] || v.LookupID == "" || len(v.LookupID) > 255 {
				s.Errorf("lookup id %q", v.LookupID)
			}
			seen[v.LookupID] = true
		})
	}
	all.Wait()
}

func (s *scene) invoiceRefused() {
	settings := s.settings()
	refused := func(what string, change func(*lightning.InvoiceRequest)) {
		s.Helper()
		r := s.request(1234)
		change(&r)
		if v, err := s.b.CreateInvoice(s.Context(), r); !errors.Is(err, lightning.ErrRefused) {
			s.Errorf("%s: %+v, %v", what, v, err)
		}
	}
	refused("an unknown unit", func(r *lightning.InvoiceRequest) { r.Unit = "shells" })
	refused("an unknown method", func(r *lightning.InvoiceRequest) { r.Method = "pigeon" })
	if settings.MinAmount > 1 {
		refused("too little", func(r *lightning.InvoiceRequest) { r.Amount = settings.MinAmount - 1 })
	}
	if settings.MaxAmount != 0 {
		refused("too much", func(r *lightning.InvoiceRequest) { r.Amount = settings.MaxAmount + 1 })
	}
	if !settings.Amountless {
		refused("no amount", func(r *lightning.InvoiceRequest) { r.Amount = 0 })
	}
	if !settings.Description {
		refused("a description", func(r *lightning.InvoiceRequest) { r.Description = "coffee" })
	}
}

func (s *scene) hugeInvoice() {
	for _, amount := range []cashu.Amount{math.MaxUint64, math.MaxUint64 / 1000, math.MaxInt64, 21_000_000 * 100_000_000 * 1001} {
		if v, err := s.b.CreateInvoice(s.Context(), s.request(amount)); !errors.Is(err, lightning.ErrRefused) {
			s.Errorf("%d: %+v, %v", amount, v, err)
		}
	}
}

func (s *scene) descriptions() {
	if !s.settings().Description {
		return // the case before has seen it refused
	}
	r := s.request(1234)
	r.Description = "two coffees, ähnlich: ☕☕"
	v, err := s.b.CreateInvoice(s.Context(), r)
	if err != nil {
		s.Fatal(err)
	}
	if got := s.decode(v.Request).Description; got != r.Description {
		s.Errorf("the description is %q", got)
	}
	for _, wrong := range []string{strings.Repeat("x", bolt11.MaxDescription+1), "\xff\xfe"} {
		r.Description = wrong
		if _, err := s.b.CreateInvoice(s.Context(), r); !errors.Is(err, lightning.ErrRefused) {
			s.Errorf("a description of %d bytes: %v", len(wrong), err)
		}
	}
}
