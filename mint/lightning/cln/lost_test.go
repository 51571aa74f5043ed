package cln_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/cln"
)

// Somebody on the way answers in place of the node. That is no list without payments.
func TestAnAnswerWithoutAListOfPaymentsProvesNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.open(t)
	defer b.Close()
	p := owe(t, b, "hold")
	n.set(func() { n.lose["pay"], n.hollow = true, true })
	begun := make(chan lightning.Outgoing, 1)
	go func() {
		out, _ := b.SendPayment(t.Context(), p)
		begun <- out
	}()
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) { // PayTime and Doubt, twice
		if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err == nil && out.State != lightning.PaymentPending && out.State != lightning.PaymentUnknown {
			t.Fatalf("it is %+v", out)
		}
	}
	n.set(func() { n.hollow = false })
	if !n.release(p.Request, true) {
		t.Fatal("nothing is held")
	}
	if out := <-begun; out.State != lightning.PaymentPaid {
		t.Errorf("it is %+v", out)
	}
}

// The journal is lost while a payment is held, and the invoice has expired when the mint
// asks for the payment again. It must not conclude that nothing was begun.
func TestAJournalThatIsLostDoesNotMakeAPaymentFail(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.open(t)
	p, untouched := owe(t, b, "take"), owe(t, b, "take")
	if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid {
		t.Fatalf("it is %+v, %v", out, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(n.dir, "journal.db*"))
	if err != nil || len(files) == 0 {
		t.Fatalf("there is no journal: %v", err)
	}
	for _, f := range files {
		if err := os.Remove(f); err != nil {
			t.Fatal(err)
		}
	}
	c := n.config()
	c.Clock = func() time.Time { return time.Now().Add(48 * time.Hour) }
	if b, err = cln.Open(t.Context(), c); err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if out, err := b.SendPayment(t.Context(), p); err == nil || errors.Is(err, lightning.ErrRefused) {
		t.Errorf("what was paid is %+v, %v", out, err)
	}
	if out, err := b.SendPayment(t.Context(), untouched); !errors.Is(err, lightning.ErrRefused) {
		t.Errorf("what was never begun is %+v, %v", out, err)
	}
}

// The node is set up anew, and counts its invoices from one again. Those that are paid now
// are not the ones that were delivered before.
func TestANewNodeOnTheSameJournalIsListenedToFromItsBeginning(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	for _, name := range []string{"ab", "cd"} {
		n.set(func() {
			n.name = "02" + strings.Repeat(name, 32)
			n.invoices, n.paid = nil, 0
		})
		b := n.open(t)
		list := make(chan lightning.Incoming, 2)
		watch(b, list)
		v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Method: "bolt11", Amount: 7, Unit: "sat"})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.payIn(v.Request, 7000); err != nil {
			t.Fatal(err)
		}
		if got := next(t, list); got.LookupID != v.LookupID {
			t.Errorf("delivered %+v", got)
		}
		if err := b.Close(); err != nil {
			t.Fatal(err)
		}
	}
}

// The node says that a payment was made, with a preimage that is none, and then that it
// failed. Whoever says both knows neither.
func TestAPaymentThatTheNodeHasSaidToBeMadeNeverFails(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.open(t)
	defer b.Close()
	p := owe(t, b, "take")
	n.set(func() { n.lose["pay"], n.drop["listpays"] = true, true })
	ctx, leave := context.WithTimeout(t.Context(), patience)
	defer leave()
	go func() {
		for ctx.Err() == nil && n.received(p.Request) == 0 {
			time.Sleep(5 * time.Millisecond)
		}
		leave()
	}()
	if out, err := b.SendPayment(ctx, p); err != nil || out.State != lightning.PaymentPending {
		t.Fatalf("it is %+v, %v", out, err)
	}
	var preimage string
	n.set(func() {
		preimage, n.pays[0].preimage = n.pays[0].preimage, strings.Repeat("00", 32)
		n.drop["listpays"] = false
	})
	if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err == nil {
		t.Errorf("without a proof it is %+v", out)
	}
	n.set(func() { n.pays[0].status = "failed" })
	for end := time.Now().Add(2 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) { // PayTime and Doubt, twice
		if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err != nil || out.State != lightning.PaymentPending {
			t.Fatalf("said to have failed, it is %+v, %v", out, err)
		}
	}
	lines, err := b.Evidence(t.Context(), p.Method, p.ID)
	if text := strings.Join(lines, "\n"); err != nil || !strings.Contains(text, "that it has paid, and not so") || !strings.Contains(text, "of this attempt: failed") {
		t.Errorf("the operator sees %s, %v", text, err)
	}
	n.set(func() { n.pays[0].status, n.pays[0].preimage = "complete", preimage })
	if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("proven, it is %+v, %v", out, err)
	}
}
