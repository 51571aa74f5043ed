package cln_test

import (
	"context"
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/cln"
)

const patience = 30 * time.Second

func order(t *testing.T, b *cln.Backend, r lightning.PaymentRequest) lightning.Payment {
	t.Helper()
	r.Unit = cashu.UnitSat
	q, err := b.QuotePayment(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	return lightning.Payment{
		ID: "attempt-" + rand.Text(), Method: r.Method, Request: r.Request, LookupID: q.LookupID, Amount: q.Amount, Unit: r.Unit, Terms: q.Terms, MaxFee: q.FeeReserve,
	}
}

func owe(t *testing.T, b *cln.Backend, conduct string) lightning.Payment {
	t.Helper()
	return order(t, b, lightning.PaymentRequest{Method: "bolt11", Request: payee(t, 100_000, conduct)})
}

func TestAnAnswerThatIsLostIsFoundAndTheOrderIsGivenOnce(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.open(t)
	p := owe(t, b, "take")
	n.set(func() { n.lose["pay"] = true })
	if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid || out.Spent != 101 || len(out.Proof) != 64 {
		t.Errorf("it is %+v, %v", out, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	b = n.open(t)
	defer b.Close()
	if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("sent again it is %+v, %v", out, err)
	}
	if n.orders != 1 {
		t.Errorf("ordered %d times", n.orders)
	}
}

func TestAnOrderThatNeverArrivedFailsOnlyWhenTheNodeHasLongSaidSo(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.open(t)
	defer b.Close()
	p := owe(t, b, "take")
	n.set(func() { n.drop["pay"] = true })
	begun := time.Now()
	out, err := b.SendPayment(t.Context(), p)
	if err != nil || out.State != lightning.PaymentFailed {
		t.Fatalf("it is %+v, %v", out, err)
	}
	if took := time.Since(begun); took < 600*time.Millisecond { // PayTime and Doubt
		t.Errorf("it failed after %v", took)
	}
	if n.received(p.Request) != 0 {
		t.Error("it failed, and was paid")
	}
}

func TestWhileTheNodeDoesNotAnswerNothingFails(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.open(t)
	defer b.Close()
	p := owe(t, b, "hold")
	n.set(func() { n.lose["pay"], n.drop["listpays"] = true, true })
	ctx, leave := context.WithTimeout(t.Context(), 2*time.Second) // more than PayTime and twice Doubt
	defer leave()
	if out, err := b.SendPayment(ctx, p); err != nil || out.State != lightning.PaymentPending {
		t.Errorf("it is %+v, %v", out, err)
	}
	if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err == nil {
		t.Errorf("checked %+v", out)
	}
	n.set(func() { n.drop["listpays"] = false })
	for range 20 { // it is held, however long
		if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err != nil || out.State != lightning.PaymentPending {
			t.Fatalf("it is %+v, %v", out, err)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if !n.release(p.Request, true) {
		t.Fatal("nothing is held")
	}
	if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("it is %+v, %v", out, err)
	}
}

func TestWhileTheNodeIsAwayNothingIsBegun(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.open(t)
	defer b.Close()
	p := owe(t, b, "take")
	n.set(func() { n.drop["getinfo"] = true })
	if out, err := b.SendPayment(t.Context(), p); err == nil || errors.Is(err, lightning.ErrRefused) {
		t.Errorf("it is %+v, %v", out, err)
	}
	if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err != nil || out.State != lightning.PaymentUnknown {
		t.Errorf("it is %+v, %v", out, err)
	}
}

func TestANodeOfAnotherNetworkPaysNothing(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.open(t)
	defer b.Close()
	p := owe(t, b, "take")
	n.set(func() { n.network = "bitcoin" })
	if err := b.Ping(t.Context()); err == nil {
		t.Error("it is taken for the right one")
	}
	if out, err := b.SendPayment(t.Context(), p); err == nil || n.orders != 0 {
		t.Errorf("it is %+v, %v", out, err)
	}
}

// watch collects what is delivered, until the backend is closed.
func watch(b *cln.Backend, list chan lightning.Incoming) {
	go func() {
		_ = b.WatchIncoming(context.Background(), func(p lightning.Incoming) error { list <- p; return nil })
	}()
}

func next(t *testing.T, list chan lightning.Incoming) lightning.Incoming {
	t.Helper()
	select {
	case p := <-list:
		return p
	case <-time.After(patience):
		t.Fatal("nothing is delivered")
		return lightning.Incoming{}
	}
}

func TestOffersAreMadePaidAgainAndAgainAndNeverTheSameTwice(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.open(t)
	defer b.Close()
	end := time.Now().Add(time.Hour)
	r := lightning.InvoiceRequest{Method: "bolt12", Unit: "sat", Description: "tea", Expiry: end}
	first, err := b.CreateInvoice(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	second, err := b.CreateInvoice(t.Context(), r)
	if err != nil || second.LookupID == first.LookupID || second.Expiry.After(end) {
		t.Errorf("the same words gave %+v and %+v, %v", first, second, err)
	}
	if _, err := b.CheckIncoming(t.Context(), "bolt12", strings.Repeat("00", 32)); !errors.Is(err, lightning.ErrUnknownRequest) {
		t.Errorf("an offer of nobody: %v", err)
	}
	list := make(chan lightning.Incoming, 10)
	watch(b, list)
	for _, msat := range []uint64{5_999, 7_000} {
		if err := n.payIn(first.Request, msat); err != nil {
			t.Fatal(err)
		}
		if p := next(t, list); p.Method != "bolt12" || p.LookupID != first.LookupID || p.Amount != cashu.Amount(msat/1000) {
			t.Errorf("delivered %+v", p)
		}
	}
	paid, err := b.CheckIncoming(t.Context(), "bolt12", first.LookupID)
	if err != nil || len(paid) != 2 || paid[0].PaymentID == paid[1].PaymentID {
		t.Errorf("checked %+v, %v", paid, err)
	}
	if paid, err := b.CheckIncoming(t.Context(), "bolt12", second.LookupID); err != nil || len(paid) != 0 {
		t.Errorf("checked the other %+v, %v", paid, err)
	}
}

// foreign is an offer of somebody whom the node can pay.
func foreign(t *testing.T, n *node, amount, description string) string {
	t.Helper()
	n.mu.Lock()
	defer n.mu.Unlock()
	made, failure := n.offer(amount, description, 0)
	if failure != nil {
		t.Fatal(failure.Message)
	}
	answer := made.(map[string]any)
	delete(n.offers, answer["offer_id"].(string))
	return answer["bolt12"].(string)
}

func TestAnOfferIsPaidAsItWasQuotedOrNotAtAll(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	b := n.open(t)
	defer b.Close()
	for _, c := range []struct {
		amount string
		msat   uint64
	}{{"100000msat", 0}, {"any", 100_000}, {"100000msat", 100_000}} {
		p := order(t, b, lightning.PaymentRequest{Method: "bolt12", Request: foreign(t, n, c.amount, "take"), AmountMsat: c.msat})
		if p.LookupID != "" || p.Amount != 100 {
			t.Errorf("quoted %+v", p)
		}
		if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid || out.Spent != 101 {
			t.Errorf("%s %d: %+v, %v", c.amount, c.msat, out, err)
		}
	}
	greedy := order(t, b, lightning.PaymentRequest{Method: "bolt12", Request: foreign(t, n, "any", "greedy"), AmountMsat: 100_000})
	if out, err := b.SendPayment(t.Context(), greedy); !errors.Is(err, lightning.ErrRefused) {
		t.Errorf("a payee who asks for more than he offered: %+v, %v", out, err)
	}
	for name, c := range map[string]struct {
		r    lightning.PaymentRequest
		want error
	}{
		"another currency": {lightning.PaymentRequest{Request: foreign(t, n, "any", "dollars"), AmountMsat: 1000}, lightning.ErrRefused},
		"no amount":        {lightning.PaymentRequest{Request: foreign(t, n, "any", "take")}, lightning.ErrAmountless},
		"another amount":   {lightning.PaymentRequest{Request: foreign(t, n, "1000msat", "take"), AmountMsat: 2000}, lightning.ErrOtherAmount},
		"rubbish":          {lightning.PaymentRequest{Request: "lno1zz"}, lightning.ErrRefused},
		"no offer":         {lightning.PaymentRequest{Request: "lni1"}, lightning.ErrRefused},
	} {
		c.r.Method, c.r.Unit = "bolt12", "sat"
		if q, err := b.QuotePayment(t.Context(), c.r); !errors.Is(err, c.want) {
			t.Errorf("%s: %+v, %v", name, q, err)
		}
	}
}

// runeMethods is what docs/lightning.md says a rune must allow.
var runeMethods = []string{
	"getinfo", "invoice", "listinvoices", "delinvoice", "waitanyinvoice", "pay", "listpays", "listfunds",
	"decode", "offer", "listoffers", "fetchinvoice", // for offers
}

func TestTheRuneOfTheDocumentationSufficesAndSaysNoMoreThanItMust(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	n.allowed = map[string]bool{}
	for _, method := range runeMethods {
		n.allowed[method] = true
	}
	b := n.open(t)
	defer b.Close()
	list := make(chan lightning.Incoming, 10)
	watch(b, list)
	for _, method := range []string{"bolt11", "bolt12"} {
		v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Method: method, Amount: 5, Unit: "sat"})
		if err != nil {
			t.Fatal(err)
		}
		if err := n.payIn(v.Request, 0); err != nil {
			t.Fatal(err)
		}
		next(t, list)
		if paid, err := b.CheckIncoming(t.Context(), method, v.LookupID); err != nil || len(paid) != 1 {
			t.Errorf("%s: %+v, %v", method, paid, err)
		}
		request := payee(t, 100_000, "take")
		if method == "bolt12" {
			request = foreign(t, n, "100000msat", "take")
		}
		p := order(t, b, lightning.PaymentRequest{Method: method, Request: request})
		if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid {
			t.Errorf("%s: %+v, %v", method, out, err)
		}
		if out, err := b.CheckPayment(t.Context(), method, p.ID); err != nil || out.State != lightning.PaymentPaid {
			t.Errorf("%s: %+v, %v", method, out, err)
		}
	}
	if id, err := b.Identity(t.Context()); err != nil || len(id) != 66 {
		t.Errorf("the node is %q, %v", id, err)
	}
	lost := owe(t, b, "take")
	n.set(func() { n.lose["pay"] = true })
	if out, err := b.SendPayment(t.Context(), lost); err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("%+v, %v", out, err)
	}
	v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Method: "bolt11", Amount: 5, Unit: "sat"})
	if err == nil {
		err = b.CancelInvoice(t.Context(), "bolt11", v.LookupID)
	}
	if err != nil {
		t.Error(err)
	}
	if _, err := b.Balance(t.Context(), "sat"); err != nil {
		t.Error(err)
	}
	for _, method := range runeMethods {
		if !n.seen[method] {
			t.Errorf("%s is allowed for nothing", method)
		}
	}
	// And with less, it says what is wrong, and never the rune.
	n.set(func() { n.allowed["invoice"] = false })
	_, err = b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Method: "bolt11", Amount: 5, Unit: "sat"})
	if err == nil || !strings.Contains(err.Error(), "Not permitted") || strings.Contains(err.Error(), "the-rune") {
		t.Errorf("a method that is not allowed: %v", err)
	}
}

func TestARuneThatEverybodyCanReadAndACertificateOfAnotherAreRefused(t *testing.T) {
	t.Parallel()
	n := newNode(t)
	if err := os.Chmod(filepath.Join(n.dir, "rune"), 0o644); err != nil {
		t.Fatal(err)
	}
	if b, err := cln.Open(t.Context(), n.config()); err == nil {
		t.Error("an open rune was taken", b.Close())
	}
	if err := os.Chmod(filepath.Join(n.dir, "rune"), 0o600); err != nil {
		t.Fatal(err)
	}
	// The servers of httptest share a certificate, so the other node has another name.
	c := n.config()
	c.ServerName = "somebody.else"
	b, err := cln.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if v, err := b.CreateInvoice(t.Context(), lightning.InvoiceRequest{Method: "bolt11", Amount: 5, Unit: "sat"}); err == nil || n.seen["invoice"] {
		t.Errorf("spoke to a node of another name: %+v, %v", v, err)
	}
}
