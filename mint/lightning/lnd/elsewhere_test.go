package lnd

import (
	"context"
	"testing"
	"time"

	"mintmark/mint/lightning"
)

// The file of what is remembered goes to a backend of another node. That one knows nothing
// of an order that the first was given, and must not be given it, too.
func TestAPaymentThatOneNodeWasToldToMakeIsNotMadeByAnother(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	v := newThief(t, net.A)
	c := config(t, net.A)
	c.URL, c.Doubt = "https://"+v.address, time.Millisecond
	b := open(t, c)
	memory := b.Memory()
	p := orderFor(t, b, net.C.Invoice(t, 100_000))
	v.orders.Store(true)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		for v.lostOrders.Load() == 0 {
			time.Sleep(time.Millisecond)
		}
		cancel()
	}()
	if out, err := b.SendPayment(ctx, p); err != nil || out.State != lightning.PaymentPending {
		t.Fatalf("it is %+v, %v", out, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	other := config(t, net.B)
	other.Database, other.Doubt = c.Database, c.Doubt
	b = open(t, other)
	if b.Memory() != memory || memory == "" {
		t.Errorf("the memory was %q and is %q", memory, b.Memory())
	}
	for range 3 {
		if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err != nil || out.State != lightning.PaymentPending {
			t.Errorf("at the other node it is %+v, %v", out, err)
		}
		time.Sleep(10 * time.Millisecond)
	}
	ctx, cancel = context.WithTimeout(t.Context(), 2*time.Second)
	defer cancel()
	if out, err := b.SendPayment(ctx, p); err != nil || out.State != lightning.PaymentPending {
		t.Errorf("sent by the other node it is %+v, %v", out, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	v.orders.Store(false)
	b = open(t, c)
	defer b.Close()
	if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("back at its node it is %+v, %v", out, err)
	}
}
