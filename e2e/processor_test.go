package e2e

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/wallet/mintclient"
)

// onProcessor makes mintd use the example processor. Its configuration is read at the
// next start.
func onProcessor(s *harness.Stack, p *harness.Processor, more string) {
	s.Config = fmt.Sprintf(`
[lightning]
backend = "processor"
[lightning.processor]
address = %q
insecure = true
doubt = "1s"
%s
[quotes]
poll_interval = "50ms"
`, p.Address, more)
}

func TestMintAndProcessorKilledAtRandomPayOnceAndLoseNothing(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	p := harness.StartProcessor(t, exampleProcessor, t.TempDir(), "-autopay", "20ms", "-delay", "60ms")
	onProcessor(s, p, "at_most_once = true")
	s.Start()
	w := s.Wallet()
	var melts []meltAttempt
	for i := range 16 {
		description := "take"
		if i%4 == 3 {
			description = "fail"
		}
		melts = append(melts, newMelt(w, 100, description))
	}
	var issues []mintclient.MintQuote
	for range 8 {
		q := w.MintQuote("bolt11", mintclient.MintQuoteRequest{Amount: 7})
		issues = append(issues, q)
	}

	var all sync.WaitGroup
	for i, a := range melts {
		all.Go(func() {
			time.Sleep(time.Duration(40*i) * time.Millisecond)
			_, _ = w.Post(a.path(), a.body)
		})
	}
	for i := range 6 {
		time.Sleep(time.Duration(30+rand.IntN(150)) * time.Millisecond)
		p.Kill()
		if i%2 == 0 {
			s.Mintd.Kill()
			s.StartMintd()
		}
		p.Start(t)
	}
	all.Wait()

	for i, a := range melts {
		want := "PAID"
		if i%4 == 3 {
			want = "UNPAID"
		}
		harness.Eventually(t, "a melt does not end", func() error {
			q := a.read(w)
			if q.State == want {
				return nil
			}
			if q.State == "UNPAID" { // its request was lost: the wallet puts it again
				_, _ = w.Post(a.path(), a.body)
			}
			return errors.New(q.State)
		})
	}
	sums, err := p.Paid()
	if err != nil {
		t.Fatal(err)
	}
	for i, a := range melts {
		q := a.read(w)
		if i%4 == 3 {
			if sums[q.Request] != 0 || !w.AllIn("UNSPENT", a.inputs) {
				t.Errorf("a payment that failed: the payee got %d, the coins are %v", sums[q.Request], w.States(a.inputs))
			}
			continue
		}
		if sums[q.Request] != 100_000 || !w.AllIn("SPENT", a.inputs) {
			t.Errorf("a payment that was made: the payee got %d, the coins are %v", sums[q.Request], w.States(a.inputs))
		}
		if got := harness.Total(w.OpenChange(a.blanks, q.Change)); got != overpaid-1 {
			t.Errorf("the change is %d, want %d", got, overpaid-1)
		}
	}
	for _, q := range issues {
		if err := p.Pay(q.Request, 0); err != nil && err.Error() != "the invoice is paid" {
			t.Errorf("paying a quote: %v", err)
		}
		w.WaitPaid(q.Quote)
		w.Swap(w.MintOn(q.Quote, 7), w.Outputs(7))
	}
}

func TestAProcessorWithoutAPromiseIsNeverOrderedTwice(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, crashing, harness.Unix)
	p := harness.StartProcessor(t, exampleProcessor, t.TempDir(), "-autopay", "20ms", "-delay", "20ms")
	onProcessor(s, p, "")
	s.Start()
	w := s.Wallet()
	for _, point := range pointsOf("melt.") {
		if point == "melt.quoted" || point == "melt.settled" {
			continue
		}
		a := newMelt(w, 100, "take")
		s.Faults.Kill(string(point), 1)
		if reply, err := w.Post(a.path(), a.body); err == nil {
			t.Fatalf("the mint was to die at %s, but answered %v", point, reply)
		}
		s.Mintd.WaitKilled()
		s.Faults.Cancel()
		s.StartMintd()
		harness.Eventually(t, "a melt does not end after a death at "+string(point), func() error {
			q := a.read(w)
			if q.State == "UNPAID" {
				_, _ = w.Post(a.path(), a.body)
			}
			if q.State != "PAID" {
				return errors.New(q.State)
			}
			return nil
		})
		sums, err := p.Paid()
		if err != nil || sums[a.quote.Request] != 100_000 {
			t.Errorf("%s: the payee got %d, %v", point, sums[a.quote.Request], err)
		}
	}
}
