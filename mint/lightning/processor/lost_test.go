package processor_test

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/mint/lightning"
)

func TestWithALostJournalNoPaymentFailsAndWhatTheMintAsksForIsFound(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := harness.StartProcessor(t, program, dir, "-delay", "20ms")
	b := client(t, p, dir)
	v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Method: "bolt11", Amount: 10, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	request := ask(t, 100_000, "hold")
	q, err := b.QuotePayment(t.Context(), lightning.PaymentRequest{Method: "bolt11", Request: request, Unit: "sat"})
	if err != nil {
		t.Fatal(err)
	}
	pay := order("bolt11", request, q)
	if out, err := send(t, b, pay); err != nil || out.State != lightning.PaymentPending {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"", "-wal", "-shm"} {
		if err := os.Remove(filepath.Join(dir, "journal.db"+end)); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	b = client(t, p, dir)
	defer b.Close()
	if list, err := b.CheckIncoming(t.Context(), "bolt11", v.LookupID); !errors.Is(err, lightning.ErrUnknownRequest) {
		t.Errorf("an unpaid request: %+v, %v", list, err)
	}
	if err := p.Pay(v.Request, 0); err != nil {
		t.Fatal(err)
	}
	d := watch(t, b)
	if list, err := b.CheckIncoming(t.Context(), "bolt11", v.LookupID); err != nil || len(list) != 1 || list[0].Amount != 10 {
		t.Errorf("a paid request: %+v, %v", list, err)
	}
	if got := d.wait(t, 1)[0]; got.LookupID != v.LookupID {
		t.Errorf("delivered %+v", got)
	}
	// The mint asks, is told that it was never begun, and sends it again.
	if out, err := b.CheckPayment(t.Context(), "bolt11", pay.ID); err != nil || out.State == lightning.PaymentFailed {
		t.Errorf("%+v, %v", out, err)
	}
	if out, err := send(t, b, pay); err == nil && out.State != lightning.PaymentPending || errors.Is(err, lightning.ErrRefused) {
		t.Errorf("sent again it is %+v, %v", out, err)
	}
	if err := p.Release(request, true); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(patience); ; time.Sleep(20 * time.Millisecond) {
		out, err := b.SendPayment(t.Context(), pay)
		if err == nil && out.State == lightning.PaymentPaid && out.Spent == 101 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("it does not end: %+v, %v", out, err)
		}
	}
}
