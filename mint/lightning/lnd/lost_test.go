package lnd

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/lntest"
	"mintmark/mint/lightning"
)

func request(amount cashu.Amount) lightning.InvoiceRequest {
	return lightning.InvoiceRequest{Method: lightning.MethodBolt11, Unit: cashu.UnitSat, Amount: amount}
}

// orderFor is the order to pay what was quoted.
func orderFor(t *testing.T, b *Backend, invoice string) lightning.Payment {
	t.Helper()
	q, err := b.QuotePayment(t.Context(), lightning.PaymentRequest{Method: lightning.MethodBolt11, Unit: cashu.UnitSat, Request: invoice})
	if err != nil {
		t.Fatal(err)
	}
	return lightning.Payment{
		ID: rand.Text(), Method: lightning.MethodBolt11, Request: invoice, LookupID: q.LookupID, Amount: q.Amount, Unit: cashu.UnitSat,
		Terms: q.Terms, MaxFee: q.FeeReserve,
	}
}

// thief sits between the mint and the node, with the node's own key: it loses orders to
// pay, or lets them through and loses the answer.
type thief struct {
	address           string
	orders, answers   atomic.Bool
	lostOrders, swaps atomic.Int64
}

func newThief(t *testing.T, n *lntest.Node) *thief {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(n.TLSCert(), strings.TrimSuffix(n.TLSCert(), ".cert")+".key")
	if err != nil {
		t.Fatal(err)
	}
	l, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{Certificates: []tls.Certificate{cert}})
	if err != nil {
		t.Fatal(err)
	}
	v := &thief{address: l.Addr().String()}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go v.serve(conn, strings.TrimPrefix(n.URL(), "https://"))
		}
	}()
	t.Cleanup(func() {
		l.Close()
		<-done
	})
	return v
}

func (v *thief) serve(conn net.Conn, node string) {
	defer conn.Close()
	buffer := make([]byte, 64<<10)
	n, err := conn.Read(buffer) // the head, and most likely all, of the one request
	if err != nil {
		return
	}
	order := strings.HasPrefix(string(buffer[:n]), "POST /v2/router/send ")
	if order && v.orders.Load() {
		v.lostOrders.Add(1)
		return
	}
	up, err := tls.Dial("tcp", node, &tls.Config{InsecureSkipVerify: true}) // a thief
	if err != nil {
		return
	}
	defer up.Close()
	if _, err := up.Write(buffer[:n]); err != nil {
		return
	}
	go func() {
		for {
			n, err := conn.Read(buffer)
			if err != nil {
				up.Close()
				return
			}
			_, _ = up.Write(buffer[:n])
		}
	}()
	answer := make([]byte, 64<<10)
	for {
		n, err := up.Read(answer)
		if err != nil {
			return
		}
		if order && v.answers.Load() {
			v.swaps.Add(1)
			return
		}
		if _, err := conn.Write(answer[:n]); err != nil {
			return
		}
	}
}

func TestAnOrderThatIsLostOnItsWayIsGivenAgainAfterTheTimeOfDoubt(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	v := newThief(t, net.A)
	c := config(t, net.A)
	c.URL, c.Doubt = "https://"+v.address, 3*time.Second
	b := open(t, c)
	p := orderFor(t, b, net.C.Invoice(t, 100_000))
	v.orders.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	began := time.Now()
	if out, err := b.SendPayment(ctx, p); err != nil || out.State != lightning.PaymentPending {
		t.Errorf("while its order is lost it is %+v, %v", out, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	v.orders.Store(false)
	b = open(t, c)
	defer b.Close()
	for {
		out, err := b.CheckPayment(t.Context(), p.Method, p.ID)
		if err != nil {
			t.Fatal(err)
		}
		if out.State == lightning.PaymentUnknown {
			break
		}
		if out.State != lightning.PaymentPending {
			t.Fatalf("it is %+v", out)
		}
		time.Sleep(50 * time.Millisecond)
	}
	if took := time.Since(began); took < c.Doubt {
		t.Errorf("it was unknown after %v, while the order could still arrive", took)
	}
	out, err := b.SendPayment(t.Context(), p)
	if err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("sent again it is %+v, %v", out, err)
	}
	if v.lostOrders.Load() == 0 {
		t.Error("no order was lost")
	}
}

func TestAnOrderWhoseAnswerIsLostIsFollowedToItsEnd(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	v := newThief(t, net.A)
	c := config(t, net.A)
	c.URL = "https://" + v.address
	b := open(t, c)
	defer b.Close()
	p := orderFor(t, b, net.C.Invoice(t, 100_000))
	v.answers.Store(true)
	out, err := b.SendPayment(t.Context(), p)
	if err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("it is %+v, %v", out, err)
	}
	if v.swaps.Load() == 0 {
		t.Error("no answer was lost")
	}
}

// A node that is away when it should pay was told nothing: there is no doubt to wait for.
func TestANodeThatIsAwayIsToldWhenItIsBack(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	c := config(t, net.A)
	there := c.URL
	b := open(t, c)
	p := orderFor(t, b, net.C.Invoice(t, 100_000))
	b.client.url = "https://127.0.0.1:1"
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if out, err := b.SendPayment(ctx, p); err != nil || out.State != lightning.PaymentPending {
		t.Errorf("while the node is away it is %+v, %v", out, err)
	}
	if err := b.Close(); err != nil {
		t.Fatal(err)
	}
	c.URL = there
	b = open(t, c)
	defer b.Close()
	if out, err := b.CheckPayment(t.Context(), p.Method, p.ID); err != nil || out.State != lightning.PaymentUnknown {
		t.Errorf("when it is back it is %+v, %v", out, err)
	}
	if out, err := b.SendPayment(t.Context(), p); err != nil || out.State != lightning.PaymentPaid {
		t.Errorf("sent again it is %+v, %v", out, err)
	}
}

// The first attempt has failed, and the node has that on record. The second one, which
// nobody has told the node of yet, is not taken for it.
func TestAnOldFailureIsNotTakenForANewAttempt(t *testing.T) {
	t.Parallel()
	net := network.Network(t)
	v := newThief(t, net.A)
	c := config(t, net.A)
	c.URL, c.Doubt = "https://"+v.address, time.Hour
	b := open(t, c)
	defer b.Close()
	first := orderFor(t, b, net.C.Invoice(t, 100_000))
	first.MaxFee = 0
	if out, err := b.SendPayment(t.Context(), first); err != nil || out.State != lightning.PaymentFailed {
		t.Fatalf("without a fee it is %+v, %v", out, err)
	}
	second := first
	second.ID, second.MaxFee = rand.Text(), 10
	v.orders.Store(true)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	if out, err := b.SendPayment(ctx, second); err != nil || out.State != lightning.PaymentPending {
		t.Errorf("the second is %+v, %v", out, err)
	}
	if out, err := b.CheckPayment(t.Context(), second.Method, second.ID); err != nil || out.State != lightning.PaymentPending {
		t.Errorf("checked, the second is %+v, %v", out, err)
	}
}
