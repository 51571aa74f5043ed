package processor_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
	"mintmark/mint/lightning/processor"
	pb "mintmark/proto/cdk_payment_processor"
)

// Long after their end a paid invoice and one that nobody paid are forgotten, the latter
// not before it was asked for once more. What can be paid again stays, and so does an
// invoice that has only just ended.
func TestInvoicesAreForgottenLongAfterTheirEnd(t *testing.T) {
	t.Parallel()
	s, dir := newScript(t), t.TempDir()
	var invoices []lightning.Invoice
	b := s.open(t, dir)
	for range 3 {
		request := ask(t, 5000, "x")
		s.set(func() {
			s.create = func(*pb.CreatePaymentRequest) (*pb.CreatePaymentResponse, error) {
				return &pb.CreatePaymentResponse{RequestIdentifier: custom(request[len(request)-40:]), Request: request}, nil
			}
		})
		v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Method: "bolt11", Amount: 5, Unit: "sat"})
		if err != nil {
			t.Fatal(err)
		}
		invoices = append(invoices, v)
	}
	s.gives("reusable")
	reusable, err := b.CreateInvoice(t.Context(), iou())
	if err != nil {
		t.Fatal(err)
	}
	d := watch(t, b)
	s.stream(t) <- receivedEvent(custom(invoices[0].Request[len(invoices[0].Request)-40:]), sat(5), "p")
	d.wait(t, 1)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	later := invoices[1].Expiry.Add(100 * 24 * time.Hour)
	known := func(v lightning.Invoice, method string) bool {
		t.Helper()
		j, err := journal.Open(t.Context(), journal.Config{Path: filepath.Join(dir, "journal.db"), Logger: quiet})
		if err != nil {
			t.Fatal(err)
		}
		defer j.Close()
		_, err = j.Request(t.Context(), method, v.LookupID)
		if err != nil && !errors.Is(err, journal.ErrNotFound) {
			t.Fatal(err)
		}
		return err == nil
	}
	// reopen lives at a time until the journal is as it should be, or for too long.
	reopen := func(now time.Time, gone ...lightning.Invoice) {
		t.Helper()
		for end := time.Now().Add(patience); ; {
			b := s.open(t, dir, func(c *processor.Config) { c.Clock = func() time.Time { return now } })
			time.Sleep(500 * time.Millisecond)
			if err := b.Close(); err != nil {
				t.Fatal(err)
			}
			left := 0
			for _, v := range gone {
				if known(v, "bolt11") {
					left++
				}
			}
			if left == 0 || time.Now().After(end) {
				return
			}
		}
	}
	reopen(invoices[1].Expiry.Add(89 * 24 * time.Hour))
	for i, v := range invoices {
		if !known(v, "bolt11") {
			t.Errorf("invoice %d is forgotten too early", i)
		}
	}
	reopen(later, invoices...)
	for i, v := range invoices {
		if known(v, "bolt11") {
			t.Errorf("invoice %d is there for ever", i)
		}
	}
	if !known(reusable, "iou") {
		t.Error("what can be paid again is forgotten")
	}
}
