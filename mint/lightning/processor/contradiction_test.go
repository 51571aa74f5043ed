package processor_test

import (
	"strings"
	"testing"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/processor"
	pb "mintmark/proto/cdk_payment_processor"
)

// The processor says that it has paid, and not what it cost, so that is not taken. Then it
// says that the payment failed, also after a restart of the mint. The money may be gone, so
// no coins are given back on that word, ever.
func TestAPaymentThatWasSaidToBeMadeNeverFails(t *testing.T) {
	t.Parallel()
	paid, waiting := pb.QuoteState_QUOTE_STATE_PAID, pb.QuoteState_QUOTE_STATE_PENDING
	for name, c := range map[string]struct{ answer, word pb.QuoteState }{
		"as the order was answered":       {paid, waiting},
		"when it was asked":               {waiting, paid},
		"both, and then otherwise":        {paid, paid},
		"after the answer said it failed": {pb.QuoteState_QUOTE_STATE_FAILED, paid},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s, dir := newScript(t), t.TempDir()
			hasty := func(c *processor.Config) { c.Doubt = time.Nanosecond }
			b := s.open(t, dir, hasty)
			p := s.owe(t, b)
			s.set(func() {
				s.pay = func(*pb.MakePaymentRequest) (*pb.MakePaymentResponse, error) {
					return &pb.MakePaymentResponse{Status: c.answer}, nil
				}
			})
			s.says(c.word, nil)
			if out, err := send(t, b, p); err != nil || out.State != lightning.PaymentPending {
				t.Fatalf("at first it is %+v, %v", out, err)
			}
			if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err != nil || out.State != lightning.PaymentPending {
				t.Fatalf("asked, it is %+v, %v", out, err)
			}
			s.says(pb.QuoteState_QUOTE_STATE_FAILED, nil)
			for range 2 {
				for range 3 {
					if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err != nil || out.State != lightning.PaymentPending {
						t.Errorf("said to have failed, it is %+v, %v", out, err)
					}
				}
				if err := b.Close(); err != nil {
					t.Fatal(err)
				}
				b = s.open(t, dir, hasty)
			}
			if lines, err := b.Evidence(t.Context(), p.Method, p.ID); err != nil || !strings.Contains(strings.Join(lines, "\n"), "that it has paid, and not so") ||
				!strings.Contains(strings.Join(lines, "\n"), "FAILED") {
				t.Errorf("the operator sees %q, %v", lines, err)
			}
			s.says(pb.QuoteState_QUOTE_STATE_PAID, sat(101))
			if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err != nil || out.State != lightning.PaymentPaid || out.Spent != 101 {
				t.Errorf("said to be made, with what it cost, it is %+v, %v", out, err)
			}
		})
	}
}
