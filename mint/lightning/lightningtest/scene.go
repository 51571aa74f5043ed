package lightningtest

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"sync"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// scene is one case: a world, the backend in it, and what tests say often.
type scene struct {
	testing.TB
	World
	b lightning.Backend
}

func newScene(t testing.TB, w World) *scene {
	t.Helper()
	if w.Unit == "" {
		w.Unit = cashu.UnitSat
	}
	s := &scene{TB: t, World: w, b: w.Open(t)}
	t.Cleanup(func() {
		if err := s.b.Close(); err != nil {
			t.Errorf("close: %v", err)
		}
	})
	return s
}

// restart closes the backend and opens it again.
func (s *scene) restart() {
	s.Helper()
	s.close()
	s.b = s.Open(s.TB)
}

func (s *scene) close() {
	s.Helper()
	if err := s.b.Close(); err != nil {
		s.Fatalf("close: %v", err)
	}
}

// eventually waits until the condition holds.
func (s *scene) eventually(what string, holds func() bool) {
	s.Helper()
	for end := time.Now().Add(patience); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			s.Fatalf("waited %v: %s", patience, what)
		}
	}
}

func (s *scene) settings() lightning.Settings {
	s.Helper()
	for _, v := range s.b.Settings() {
		if v.Method == lightning.MethodBolt11 && v.Unit == s.Unit {
			return v
		}
	}
	s.Fatalf("settings have no bolt11 in %s: %+v", s.Unit, s.b.Settings())
	return lightning.Settings{}
}

func (s *scene) paySettings() lightning.PaySettings {
	s.Helper()
	for _, v := range s.b.PaySettings() {
		if v.Method == lightning.MethodBolt11 && v.Unit == s.Unit {
			return v
		}
	}
	s.Fatalf("pay settings have no bolt11 in %s: %+v", s.Unit, s.b.PaySettings())
	return lightning.PaySettings{}
}

// perUnit is how many thousandths of a satoshi the unit counts.
func (s *scene) perUnit() uint64 {
	if s.Unit == "msat" {
		return 1
	}
	return 1000
}

func (s *scene) request(amount cashu.Amount) lightning.InvoiceRequest {
	return lightning.InvoiceRequest{QuoteID: "quote-" + rand.Text(), Method: lightning.MethodBolt11, Amount: amount, Unit: s.Unit}
}

func (s *scene) invoice(amount cashu.Amount) lightning.Invoice {
	s.Helper()
	v, err := s.b.CreateInvoice(s.Context(), s.request(amount))
	if err != nil {
		s.Fatalf("create an invoice of %d: %v", amount, err)
	}
	return v
}

func (s *scene) decode(request string) bolt11.Invoice {
	s.Helper()
	v, err := bolt11.Decode(request)
	if err != nil {
		s.Fatalf("%q is no invoice: %v", request, err)
	}
	return v
}

func (s *scene) pay(v lightning.Invoice) {
	s.Helper()
	if err := s.Pay(s.TB, v, 0); err != nil {
		s.Fatalf("a customer could not pay: %v", err)
	}
}

// paid waits until a check says that the invoice is paid.
func (s *scene) paid(v lightning.Invoice) (p lightning.Incoming) {
	s.Helper()
	s.eventually("no check says that the invoice is paid", func() bool {
		list, err := s.b.CheckIncoming(s.Context(), lightning.MethodBolt11, v.LookupID)
		if err != nil {
			s.Fatalf("check: %v", err)
		}
		if len(list) > 1 {
			s.Fatalf("an invoice was paid %d times: %+v", len(list), list)
		}
		if len(list) == 1 {
			p = list[0]
		}
		return len(list) == 1
	})
	return p
}

// quote asks what it costs to pay all of a request.
func (s *scene) quote(request string) lightning.PaymentQuote {
	s.Helper()
	return s.quoteFor(lightning.PaymentRequest{Request: request})
}

func (s *scene) quoteFor(r lightning.PaymentRequest) lightning.PaymentQuote {
	s.Helper()
	q, err := s.tryQuote(r)
	if err != nil {
		s.Fatalf("quote: %v", err)
	}
	return q
}

func (s *scene) tryQuote(r lightning.PaymentRequest) (lightning.PaymentQuote, error) {
	r.Method, r.Unit = lightning.MethodBolt11, s.Unit
	return s.b.QuotePayment(s.Context(), r)
}

// order is the order to pay what was quoted, under a new ID.
func (s *scene) order(request string, q lightning.PaymentQuote) lightning.Payment {
	return lightning.Payment{
		ID: "attempt-" + rand.Text(), Method: lightning.MethodBolt11, Request: request, LookupID: q.LookupID,
		Amount: q.Amount, Unit: s.Unit, Terms: q.Terms, MaxFee: q.FeeReserve,
	}
}

// owe makes a payee ask for this much, and the order to pay him.
func (s *scene) owe(msat uint64, c Conduct) lightning.Payment {
	s.Helper()
	request := s.Payee(s.TB, Wish{Msat: msat, Conduct: c})
	return s.order(request, s.quote(request))
}

func (s *scene) send(p lightning.Payment) lightning.Outgoing {
	s.Helper()
	out, err := s.trySend(p)
	if err != nil {
		s.Fatalf("send: %v", err)
	}
	return out
}

// trySend sends a payment that should end before long.
func (s *scene) trySend(p lightning.Payment) (lightning.Outgoing, error) {
	ctx, cancel := context.WithTimeout(s.Context(), patience)
	defer cancel()
	return s.b.SendPayment(ctx, p)
}

func (s *scene) check(p lightning.Payment) lightning.Outgoing {
	s.Helper()
	out, err := s.b.CheckPayment(s.Context(), p.Method, p.ID)
	if err != nil {
		s.Fatalf("check a payment: %v", err)
	}
	return out
}

// ends waits until the attempt has ended like this, and watches that it ends in no
// other way.
func (s *scene) ends(p lightning.Payment, want lightning.PaymentState) (out lightning.Outgoing) {
	s.Helper()
	s.eventually("the payment is not "+want.String(), func() bool {
		if out = s.check(p); out.State != want && out.State != lightning.PaymentPending {
			s.Fatalf("the payment is %v and should become %v", out.State, want)
		}
		return out.State == want
	})
	return out
}

// begin sends the payment without waiting for its end, and returns when it is under
// way. wait returns what SendPayment did.
func (s *scene) begin(ctx context.Context, p lightning.Payment) (wait func() (lightning.Outgoing, error)) {
	s.Helper()
	type answer struct {
		out lightning.Outgoing
		err error
	}
	b, answers := s.b, make(chan answer, 1)
	go func() {
		out, err := b.SendPayment(ctx, p)
		answers <- answer{out, err}
	}()
	s.eventually("the payment does not begin", func() bool {
		select {
		case a := <-answers:
			s.Fatalf("the payment ended already: %+v, %v", a.out, a.err)
		default:
		}
		return s.check(p).State == lightning.PaymentPending && (s.Arrived == nil || s.Arrived(s.TB, p.Request))
	})
	return func() (lightning.Outgoing, error) {
		s.Helper()
		select {
		case a := <-answers:
			return a.out, a.err
		case <-time.After(patience):
			s.Fatalf("SendPayment did not return in %v", patience)
			return lightning.Outgoing{}, nil
		}
	}
}

// wantPaid checks what a backend says of a payment that was made.
func (s *scene) wantPaid(p lightning.Payment, out lightning.Outgoing) {
	s.Helper()
	if out.State != lightning.PaymentPaid || out.Spent < p.Amount || out.Spent > p.Amount+p.MaxFee {
		s.Fatalf("of a payment of %d and at most %d it says %+v", p.Amount, p.MaxFee, out)
	}
	preimage, err := hex.DecodeString(out.Proof)
	if err != nil || len(preimage) != 32 {
		s.Fatalf("%q is no preimage", out.Proof)
	}
	if hash := s.decode(p.Request).PaymentHash; !s.Fake && sha256.Sum256(preimage) != hash {
		s.Errorf("%s does not prove the payment of %x", out.Proof, hash)
	}
}

// wantReceived checks what the payee has got in the end, if he can be asked.
func (s *scene) wantReceived(request string, msat uint64) {
	s.Helper()
	if s.Received == nil {
		return
	}
	if msat > 0 {
		s.eventually("the payee has got nothing", func() bool { return s.Received(s.TB, request) > 0 })
	}
	if got := s.Received(s.TB, request); got != msat {
		s.Errorf("the payee got %d msat, want %d", got, msat)
	}
}

// wantNot checks that an attempt that must not pay did not.
func (s *scene) wantNot(p lightning.Payment, out lightning.Outgoing, err error) {
	s.Helper()
	switch {
	case err == nil && out.State == lightning.PaymentFailed:
		if got := s.check(p); got.State != lightning.PaymentFailed {
			s.Errorf("it failed and is %v now", got.State)
		}
	case errors.Is(err, lightning.ErrRefused):
		if got := s.check(p); got.State != lightning.PaymentFailed && got.State != lightning.PaymentUnknown {
			s.Errorf("it was refused and is %v now", got.State)
		}
	default:
		s.Errorf("it is %+v, %v; want failed or refused", out, err)
	}
}

// watching is a running WatchIncoming.
type watching struct {
	s     *scene
	stop  context.CancelFunc
	ended chan error

	mu     sync.Mutex
	taken  []lightning.Incoming
	refuse map[string]error // by LookupID
}

// watch starts to watch; it stops with the case at the latest.
func (s *scene) watch(refuse map[string]error) *watching {
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.Context()))
	w := &watching{s: s, stop: cancel, ended: make(chan error, 1), refuse: refuse}
	b := s.b
	go func() { w.ended <- b.WatchIncoming(ctx, w.deliver) }()
	s.Cleanup(cancel)
	return w
}

func (w *watching) deliver(p lightning.Incoming) error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if err := w.refuse[p.LookupID]; err != nil {
		return err
	}
	w.taken = append(w.taken, p)
	return nil
}

// of lists what was delivered of an invoice, as often as it was.
func (w *watching) of(v lightning.Invoice) (list []lightning.Incoming) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, p := range w.taken {
		if p.LookupID == v.LookupID {
			list = append(list, p)
		}
	}
	return list
}

// wait waits until a payment of the invoice was delivered.
func (w *watching) wait(v lightning.Invoice) lightning.Incoming {
	w.s.Helper()
	w.s.eventually("the payment is not delivered", func() bool { return len(w.of(v)) > 0 })
	return w.of(v)[0]
}

// end waits until watching has ended, and returns with what.
func (w *watching) end() error {
	w.s.Helper()
	select {
	case err := <-w.ended:
		return err
	case <-time.After(patience):
		w.s.Fatalf("watching did not end in %v", patience)
		return nil
	}
}
