package processor_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/processor"
	pb "mintmark/proto/cdk_payment_processor"
)

// The journal is replaced by a copy of before the payment. After a crash the mint sends
// again what the journal says was never begun.
func TestAJournalFromABackupPaysNothingTwice(t *testing.T) {
	t.Parallel()
	s := newScript(t)
	dir := t.TempDir()
	path := filepath.Join(dir, "journal.db")
	s.set(func() {
		s.pay = func(r *pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
			return &pb.MakePaymentResponse{Status: pb.QuoteState_QUOTE_STATE_PAID, TotalSpent: sat(101)}, nil
		}
	})
	b := s.open(t, dir)
	p, untouched := s.owe(t, b), s.owe(t, b)
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	backup, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	b = s.open(t, dir)
	if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid {
		t.Fatalf("%+v, %v", out, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	for _, end := range []string{"-wal", "-shm"} {
		if err := os.Remove(path + end); err != nil && !errors.Is(err, os.ErrNotExist) {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	b = s.open(t, dir)
	p.Recovered, untouched.Recovered = true, true
	for _, said := range []pb.QuoteState{pb.QuoteState_QUOTE_STATE_PAID, pb.QuoteState_QUOTE_STATE_PENDING} {
		s.says(said, sat(101))
		if out, err := b.SendPayment(t.Context(), p); err == nil || errors.Is(err, lightning.ErrRefused) {
			t.Errorf("while it says %s it is %+v, %v", said, out, err)
		}
	}
	s.set(func() {
		s.out = func(*pb.PaymentIdentifier) (*pb.MakePaymentResponse, error) { return nil, errors.New("not now") }
	})
	if out, err := b.SendPayment(t.Context(), p); err == nil || errors.Is(err, lightning.ErrRefused) {
		t.Errorf("while it does not say it is %+v, %v", out, err)
	}
	if n := len(s.ordered()); n != 1 {
		t.Errorf("it was ordered %d times", n)
	}
	s.says(pb.QuoteState_QUOTE_STATE_UNKNOWN, sat(0))
	if out, err := b.SendPayment(t.Context(), untouched); err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("what was never begun is %+v, %v", out, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}

	// One that promises to pay nothing twice is told again, and says how it has ended.
	if err := os.WriteFile(path, backup, 0o600); err != nil {
		t.Fatal(err)
	}
	s.says(pb.QuoteState_QUOTE_STATE_PAID, sat(101))
	b = s.open(t, dir, func(c *processor.Config) { c.AtMostOnce = true })
	if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("of one that promises it is %+v, %v", out, err)
	}
}

func TestAProcessorWithoutAMemoryOfItsPaymentsIsNotUsed(t *testing.T) {
	t.Parallel()
	if _, err := processor.Open(t.Context(), processor.Config{Address: "127.0.0.1:1", Insecure: true}); err == nil || !strings.Contains(err.Error(), "no journal") {
		t.Errorf("it is opened: %v", err)
	}
}
