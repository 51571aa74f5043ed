package e2e

import (
	"crypto/rand"
	"strings"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/mint/lightning/bolt11"
	"mintmark/wallet/mintclient"
)

func TestAMintOnALightningNodeTakesAndPaysRealMoney(t *testing.T) {
	t.Parallel()
	net := lnNetwork.Network(t)
	s := newLNStack(t, net)
	w := s.Wallet()

	paid := newLNMelt(t, net, w, net.C.Invoice(t, 123_456), nil)
	if q := paid.pay(t, w); q.State != "PAID" || q.Amount != 124 {
		t.Errorf("the melt is %+v", q)
	}
	paid.wantTrue(t, w, paid.read(w))

	open := newLNMelt(t, net, w, net.C.Invoice(t, 0), &mintclient.MeltOptions{Amountless: &mintclient.AmountlessOption{AmountMsat: 50_000}})
	open.pay(t, w)
	open.wantTrue(t, w, open.read(w))
	if _, msat := net.C.Lookup(t, open.id); msat != 50_000 {
		t.Errorf("the payee of an open invoice got %d msat", msat)
	}
}

// pay puts the melt and waits until it has ended.
func (m lnMelt) pay(t *testing.T, w *harness.Wallet) mintclient.MeltQuote {
	t.Helper()
	reply, err := w.Post(m.path(), m.body)
	if err != nil {
		t.Fatal(err)
	}
	if reply.Status >= 500 {
		t.Fatalf("the mint answers %v", reply)
	}
	return m.settled(t, w)
}

func TestAPaymentOnLightningThatIsHeldIsPendingUntilItEnds(t *testing.T) {
	t.Parallel()
	net := lnNetwork.Network(t)
	s := newLNStack(t, net)
	w := s.Wallet()
	for _, take := range []bool{true, false} {
		hold := net.C.HoldInvoice(t, 100_000)
		m := newLNMelt(t, net, w, hold.Request, nil)
		reply, err := w.Post(m.path(), m.body)
		if err != nil || reply.Status != 200 || !strings.Contains(reply.Body, `"state":"PENDING"`) {
			t.Fatalf("the melt is %v, %v", reply, err)
		}
		hold.WaitHeld(t)
		s.Mintd.Kill() // restart while it is in flight
		s.StartMintd()
		if q := m.read(w); q.State != "PENDING" || !w.AllIn("PENDING", m.inputs) {
			t.Errorf("in flight the melt is %+v", q)
		}
		hold.Release(t, take)
		q := m.settled(t, w)
		if want := map[bool]string{true: "PAID", false: "UNPAID"}[take]; q.State != want {
			t.Errorf("the melt is %s, want %s", q.State, want)
		}
		m.wantTrue(t, w, q)
	}
}

func TestWhatLightningCannotPayGivesTheCoinsBack(t *testing.T) {
	t.Parallel()
	net := lnNetwork.Network(t)
	s := newLNStack(t, net)
	w := s.Wallet()

	t.Run("nobody knows the payee", func(t *testing.T) {
		request, _ := strangersInvoice(t, 100_000, time.Hour)
		m := newLNMelt(t, net, w, request, nil)
		if q := m.pay(t, w); q.State != "UNPAID" {
			t.Errorf("the melt is %+v", q)
		}
		m.wantTrue(t, w, m.read(w))
	})
	t.Run("somebody else has paid it", func(t *testing.T) {
		request := net.C.Invoice(t, 100_000)
		m := newLNMelt(t, net, w, request, nil)
		if err := net.B.Pay(request, 0); err != nil {
			t.Fatal(err)
		}
		q := m.pay(t, w)
		if status, _ := net.A.Paid(t, m.id); q.State != "UNPAID" || status == "SUCCEEDED" {
			t.Errorf("the melt is %+v, the payment %s", q, status)
		}
		if !w.AllIn("UNSPENT", m.inputs) {
			t.Errorf("the coins are %v", w.States(m.inputs))
		}
	})
	t.Run("it expires before it is melted", func(t *testing.T) {
		request, _ := strangersInvoice(t, 100_000, 3*time.Second)
		m := newLNMelt(t, net, w, request, nil)
		time.Sleep(time.Until(time.Now().Add(4 * time.Second)))
		if reply, err := w.Post(m.path(), m.body); err != nil || reply.Status == 200 && strings.Contains(reply.Body, "PAID\"") && !strings.Contains(reply.Body, "UNPAID") {
			t.Errorf("it was paid: %v, %v", reply, err)
		}
		m.wantTrue(t, w, m.settled(t, w))
		ask := map[string]any{"request": request, "unit": "sat"}
		if reply, err := w.Post("/v1/melt/quote/bolt11", ask); err != nil || reply.Code != 20007 {
			t.Errorf("another quote of it: %v, %v", reply, err)
		}
	})
	t.Run("it is for another network", func(t *testing.T) {
		request, _ := w.Invoice(100, "") // mainnet
		if reply, err := w.Post("/v1/melt/quote/bolt11", map[string]any{"request": request, "unit": "sat"}); err != nil || reply.Status != 400 {
			t.Errorf("a quote of it: %v, %v", reply, err)
		}
	})
}

func TestNoMoreThanTheReserveIsPaidForTheWay(t *testing.T) {
	t.Parallel()
	net := lnNetwork.Network(t)
	s := harness.NewStack(t, crashing, harness.Unix)
	s.Config = lnConfig(t, net) + "fee_ppm = 0\nfee_reserve_min = 0\n"
	s.Start()
	w := s.Wallet()
	m := newLNMelt(t, net, w, net.C.Invoice(t, 100_000), nil)
	if q := m.pay(t, w); q.State != "UNPAID" || m.quote.FeeReserve != 0 {
		t.Errorf("the melt with a reserve of %d is %+v", m.quote.FeeReserve, q)
	}
	m.wantTrue(t, w, m.read(w))
	if status, _ := net.A.Paid(t, m.id); status != "FAILED" {
		t.Errorf("the payment is %q", status)
	}
}

func TestAnInvoiceOfTheMintsOwnIsPaidWithinAndTakenBackFromTheNode(t *testing.T) {
	t.Parallel()
	net := lnNetwork.Network(t)
	s := newLNStack(t, net)
	w := s.Wallet()
	payee := w.MintQuote("bolt11", mintclient.MintQuoteRequest{Amount: 77})
	m := newLNMelt(t, net, w, payee.Request, nil)
	if q := m.pay(t, w); q.State != "PAID" {
		t.Errorf("the melt is %+v", q)
	}
	if status, _ := net.A.Paid(t, m.id); status != "" {
		t.Errorf("the node has paid itself: %s", status)
	}
	if state, _ := net.A.Lookup(t, m.id); state != "CANCELED" {
		t.Errorf("the invoice that was paid within is %s at the node", state)
	}
	if coins := mintPaid(w, w.WaitPaid(payee.Quote), 77); harness.Total(coins) != 77 {
		t.Errorf("minted %d", harness.Total(coins))
	}
	if err := net.C.Pay(payee.Request, 0); err == nil {
		t.Error("somebody outside paid it again")
	}
}

func TestAPartIsPaidThroughTheMint(t *testing.T) {
	t.Parallel()
	net := lnNetwork.Network(t)
	s := newLNStack(t, net)
	w := s.Wallet()
	request := net.C.Invoice(t, 100_000)
	v, err := bolt11.Decode(request)
	if err != nil {
		t.Fatal(err)
	}
	m := newLNMelt(t, net, w, request, &mintclient.MeltOptions{MPP: &mintclient.MPPOption{Amount: 40_000}})
	answered := make(chan harness.Reply, 1)
	go func() {
		reply, err := w.Post(m.path(), m.body)
		if err != nil {
			t.Error(err)
		}
		answered <- reply
	}()
	if err := net.B.PayPart(net.C, v.PaymentHash, v.PaymentSecret, 60_000, 100_000); err != nil {
		t.Fatalf("the other part: %v", err)
	}
	<-answered
	q := m.settled(t, w)
	if state, msat := net.C.Lookup(t, m.id); q.State != "PAID" || state != "SETTLED" || msat != 100_000 {
		t.Errorf("the melt is %s, the invoice %s with %d msat", q.State, state, msat)
	}
	change := w.OpenChange(m.blanks, q.Change)
	if spent := harness.Total(m.inputs) - harness.Total(change); spent < 40 || spent > 40+m.quote.FeeReserve {
		t.Errorf("a part of 40 did cost %d", spent)
	}
}

// strangersInvoice is one of a node that nobody has a channel with.
func strangersInvoice(t *testing.T, msat uint64, expiry time.Duration) (request string, hash [32]byte) {
	t.Helper()
	key, err := bolt11.GenerateKey()
	if err != nil {
		t.Fatal(err)
	}
	v := bolt11.Invoice{
		Network: bolt11.Regtest, AmountMsat: msat, Timestamp: time.Now().Truncate(time.Second), Expiry: expiry, Description: "stranger",
		Features: []int{bolt11.FeatureOnionRequired, bolt11.FeaturePaymentSecretRequired},
	}
	v.PaymentHash, v.PaymentSecret = random32(), random32()
	if request, err = bolt11.Encode(v, key); err != nil {
		t.Fatal(err)
	}
	return request, v.PaymentHash
}

func random32() (b [32]byte) {
	rand.Read(b[:])
	return b
}
