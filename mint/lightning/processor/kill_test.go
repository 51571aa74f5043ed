package processor_test

import (
	"bufio"
	"context"
	"encoding/json"
	"math/rand/v2"
	"os"
	"sync"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/processor"
)

// line is what the test wants to know of a record of the example's ledger.
type line struct {
	Order *struct {
		Quote, Debt string
		Try         int
	}
	End *struct {
		Quote string
		Try   int
		Paid  bool
	}
}

// paidDebts counts how often each debt was paid, as the ledger has it on the disk.
func paidDebts(t *testing.T, path string) map[string]int {
	t.Helper()
	file, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	type try struct {
		quote string
		n     int
	}
	debts, paid := map[try]string{}, map[string]int{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		var l line
		if err := json.Unmarshal(lines.Bytes(), &l); err != nil {
			t.Fatal(err)
		}
		if l.Order != nil {
			debts[try{l.Order.Quote, l.Order.Try}] = l.Order.Debt
		}
		if l.End != nil && l.End.Paid {
			paid[debts[try{l.End.Quote, l.End.Try}]]++
		}
	}
	return paid
}

func TestAProcessorKilledAtRandomPaysEverythingOnceAndLosesNoPayment(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	p := harness.StartProcessor(t, program, dir, "-delay", "30ms", "-autopay", "50ms")
	var open struct {
		sync.Mutex
		*processor.Backend
	}
	open.Backend = client(t, p, dir)
	backend := func() *processor.Backend {
		open.Lock()
		defer open.Unlock()
		return open.Backend
	}

	var mu sync.Mutex
	given, arrived := map[string]bool{}, map[string]int{}
	watching := make(chan struct{})
	go func() { // as the mint does
		defer close(watching)
		for t.Context().Err() == nil {
			_ = backend().WatchIncoming(t.Context(), func(in lightning.Incoming) error {
				mu.Lock()
				defer mu.Unlock()
				arrived[in.PaymentID]++
				return nil
			})
			time.Sleep(5 * time.Millisecond)
		}
	}()
	t.Cleanup(func() { <-watching })

	stop := make(chan struct{})
	var work sync.WaitGroup
	var orders []lightning.Payment
	for range 4 {
		work.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				b := backend()
				if v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Method: "bolt11", Amount: 10, Unit: "sat"}); err == nil {
					mu.Lock()
					given[v.LookupID] = true
					mu.Unlock()
				}
				words := "take"
				if rand.IntN(4) == 0 {
					words = "fail"
				}
				request := ask(t, 100_000, words)
				q, err := b.QuotePayment(t.Context(), lightning.PaymentRequest{Method: "bolt11", Request: request, Unit: "sat"})
				if err != nil {
					time.Sleep(10 * time.Millisecond)
					continue
				}
				pay := order("bolt11", request, q)
				mu.Lock()
				orders = append(orders, pay)
				mu.Unlock()
				ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
				_, _ = b.SendPayment(ctx, pay)
				cancel()
			}
		})
	}
	progress := func() (ordered, delivered int) {
		mu.Lock()
		defer mu.Unlock()
		return len(orders), len(arrived)
	}
	for range 12 {
		// Something new is under way at every death; on a busy machine that takes longer.
		before, _ := progress()
		for end := time.Now().Add(10 * time.Second); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
			if now, _ := progress(); now >= before+2 {
				break
			}
		}
		time.Sleep(time.Duration(rand.IntN(150)) * time.Millisecond)
		p.Kill()
		if rand.IntN(3) == 0 { // and the mint dies too, though less suddenly
			open.Lock()
			if err := open.Close(); err != nil {
				t.Error(err)
			}
			open.Backend = client(t, p, dir)
			open.Unlock()
		}
		p.Start(t)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, delivered := progress(); delivered > 0 {
			break
		}
	}
	close(stop)
	work.Wait()

	// The dust settles: every order has an end, and it is that of the ledger.
	b, states := backend(), map[lightning.PaymentState]int{}
	for _, pay := range orders {
		harness.Eventually(t, "a payment does not end", func() error {
			out, err := b.SendPayment(t.Context(), pay)
			if err != nil {
				return err
			}
			states[out.State]++
			return nil
		})
	}
	paid := paidDebts(t, p.Ledger)
	for debt, times := range paid {
		if times != 1 {
			t.Errorf("%s was paid %d times", debt, times)
		}
	}
	if len(paid) != states[lightning.PaymentPaid] || states[lightning.PaymentPaid]+states[lightning.PaymentFailed] != len(orders) {
		t.Errorf("of %d orders %v, and %d were paid", len(orders), states, len(paid))
	}
	for _, pay := range orders {
		out, err := b.CheckPayment(t.Context(), pay.Method, pay.ID)
		if err != nil || (out.State == lightning.PaymentPaid) != (paid[pay.LookupID] == 1) {
			t.Errorf("%s is %+v, %v, and was paid %d times", pay.LookupID, out, err, paid[pay.LookupID])
		}
	}
	// What the processor says was received, has come to the mint.
	for lookup := range given {
		list, err := b.CheckIncoming(t.Context(), "bolt11", lookup)
		if err != nil || len(list) > 1 {
			t.Errorf("%s: %+v, %v", lookup, list, err)
		}
		if len(list) == 1 {
			harness.Eventually(t, "a payment is not delivered", func() error {
				mu.Lock()
				defer mu.Unlock()
				if arrived[lookup] == 0 {
					return os.ErrNotExist
				}
				return nil
			})
		}
	}
	mu.Lock()
	defer mu.Unlock()
	for id := range arrived {
		if !given[id] && len(given) > 0 {
			t.Logf("%s was made for a caller who did not hear of it", id)
		}
	}
	t.Logf("%d orders, %v; %d invoices, %d paid", len(orders), states, len(given), len(arrived))
	if len(orders) < 20 || len(arrived) == 0 {
		t.Error("too little happened to prove anything")
	}
}
