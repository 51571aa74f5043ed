package lnd

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"mintmark/mint/lightning"
)

// A payee holds a payment. The operator sees which channel has it, and that nothing was
// changed by looking; with a macaroon that lacks the permission, where to look instead.
func TestAnOperatorSeesWhatHoldsAPayment(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	c := config(t, net.A)
	c.Macaroon = net.A.Bake(t, slices.Concat(Permissions, EvidencePermissions))
	b := open(t, c)
	defer func() { _ = b.Close() }()
	hold := net.C.HoldInvoice(t, 100_000)
	p := orderFor(t, b, hold.Request)
	look := func(want ...string) {
		t.Helper()
		lines, err := b.Evidence(t.Context(), p.Method, p.ID)
		text := strings.Join(lines, "\n")
		for _, part := range want {
			if err != nil || !strings.Contains(text, part) {
				t.Errorf("%q is not in %v:\n%s", part, err, text)
			}
		}
	}
	look("lnd.db knows of no such attempt")
	ctx, leave := context.WithCancel(t.Context())
	go func() {
		for !hold.Held(t) && t.Context().Err() == nil {
			time.Sleep(20 * time.Millisecond)
		}
		leave()
	}()
	if out, err := b.SendPayment(ctx, p); err != nil || out.State != lightning.PaymentPending {
		t.Fatalf("it is %+v, %v", out, err)
	}
	look("can be paid until", "had begun", "this payment: IN_FLIGHT", "holds an HTLC of it", "1 HTLCs are of this hash", "=> it is under way")
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	c.Macaroon = net.A.Bake(t, Permissions)
	b = open(t, c)
	look("this payment: IN_FLIGHT", "does not permit it", "lncli listchannels", "=> this proves nothing")
	hold.Release(t, true)
	if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("released it is %+v, %v", out, err)
	}
	look("it has ended: paid")
}

func TestAPaymentIsCalledLostOnlyWhenNoChannelCanHoldIt(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name            string
		status          string
		held            int
		unsure, expired bool
		want            string
	}{
		{"a channel holds it", "IN_FLIGHT", 1, false, true, "under way: it ends"},
		{"a channel holds it, whatever the payment says", "FAILED", 1, false, true, "under way: it ends"},
		{"lost, and nobody can be paid any more", "IN_FLIGHT", 0, false, true, "release it"},
		{"perhaps lost", "IN_FLIGHT", 0, false, false, "look again"},
		{"a channel is being closed", "IN_FLIGHT", 0, true, true, "proves nothing"},
		{"ended", "SUCCEEDED", 0, false, true, "recovery"},
		{"not known", "", 0, false, true, "proves nothing"},
	} {
		if got := conclude(c.status, c.held, c.unsure, c.expired); !strings.Contains(got, c.want) {
			t.Errorf("%s: %s", c.name, got)
		}
	}
}
