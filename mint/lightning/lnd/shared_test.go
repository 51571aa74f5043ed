package lnd

import (
	"context"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
)

// Several mints have one node and one memory of it, as replicas do.
func TestReplicasOnOneNodePayAnAttemptOnce(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	c := config(t, net.A)
	c.Database = postgres.Schema(t)
	var replicas []*Backend
	for range 3 {
		b := open(t, c)
		defer b.Close()
		replicas = append(replicas, b)
	}
	invoice := net.C.Invoice(t, 100_000)
	p := orderFor(t, replicas[0], invoice)
	answers := make([]lightning.Outgoing, 9)
	var all sync.WaitGroup
	for i := range answers {
		all.Go(func() {
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			for {
				out, err := replicas[i%len(replicas)].SendPayment(ctx, p)
				if err == nil && out.State != lightning.PaymentPending {
					answers[i] = out
					return
				}
				if ctx.Err() != nil {
					t.Errorf("send: %+v, %v", out, err)
					return
				}
				time.Sleep(50 * time.Millisecond) // two began at once, and one of them lost
			}
		})
	}
	all.Wait()
	for _, out := range answers {
		if out.State != lightning.PaymentPaid || out != answers[0] {
			t.Errorf("one is told %+v, another %+v", answers[0], out)
		}
	}
	if _, msat := net.C.Lookup(t, hashOf(t, invoice)); msat != 100_000 {
		t.Errorf("the payee got %d msat", msat)
	}
}

// Each replica watches, and what one has taken in the next one need not.
func TestReplicasOnOneNodeMissNoPayment(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	c := config(t, net.A)
	c.Database = postgres.Schema(t)
	one, other := open(t, c), open(t, c)
	defer one.Close()
	defer other.Close()
	var mu sync.Mutex
	seen := map[string]int{}
	ctx, cancel := context.WithCancel(t.Context())
	var watchers sync.WaitGroup
	for _, b := range []*Backend{one, other} {
		watchers.Go(func() {
			_ = b.WatchIncoming(ctx, func(p lightning.Incoming) error {
				mu.Lock()
				defer mu.Unlock()
				seen[p.LookupID]++
				return nil
			})
		})
	}
	var asked []string
	for range 5 {
		v, err := one.CreateInvoice(t.Context(), request(1000))
		if err != nil {
			t.Fatal(err)
		}
		asked = append(asked, v.LookupID)
		if err := net.C.Pay(v.Request, 0); err != nil {
			t.Fatal(err)
		}
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(20 * time.Millisecond) {
		mu.Lock()
		missing := 0
		for _, id := range asked {
			if seen[id] == 0 {
				missing++
			}
		}
		mu.Unlock()
		if missing == 0 {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%d payments were not delivered", missing)
		}
	}
	cancel()
	watchers.Wait()
}

func TestAProbeFindsWhatAPaymentWillCost(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	c := config(t, net.A)
	c.Probe, c.FeePPM, c.FeeReserveMin = true, 1_000_000, 1
	b := open(t, c)
	defer b.Close()
	invoice := net.C.Invoice(t, 5_000_000)
	p := orderFor(t, b, invoice)
	if p.MaxFee == 0 || p.MaxFee > 10 {
		t.Errorf("the probe says %d for a payment of 5000", p.MaxFee)
	}
	out, err := b.SendPayment(t.Context(), p)
	if err != nil || out.State != lightning.PaymentPaid || out.Spent > p.Amount+p.MaxFee {
		t.Errorf("it is %+v, %v", out, err)
	}
	// Where a probe finds nothing, the configured share counts.
	q, err := b.QuotePayment(t.Context(), lightning.PaymentRequest{
		Method: lightning.MethodBolt11, Unit: cashu.UnitSat, Request: unreachable(t, 100_000),
	})
	if err != nil || q.FeeReserve != 100 {
		t.Errorf("without a way the reserve is %+v, %v", q, err)
	}
}
