package e2e

import (
	"fmt"
	"net/http"
	"syscall"
	"testing"
	"time"

	"mintmark/e2e/harness"
	"mintmark/internal/lntest"
	"mintmark/mint/lightning/lnd"
	"mintmark/wallet/mintclient"
)

// victim is who dies at a place of a payment.
type victim uint8

const (
	mintDies victim = iota // SIGKILL of mintd, the node goes on
	nodeDies               // SIGKILL of the node while mintd stands still, which then goes on
	bothDie                // SIGKILL of mintd, and of the node before mintd is there again
)

func (v victim) String() string { return [...]string{"mintd", "lnd", "both"}[v] }

// payeeDoes is what the payee does with a payment.
type payeeDoes uint8

const (
	payeeTakes payeeDoes = iota
	payeeHoldsAndTakes
	payeeHoldsAndRefuses
)

func (p payeeDoes) String() string {
	return [...]string{"taken", "held and taken", "held and refused"}[p]
}

// mishap is one cell of the matrix.
type mishap struct {
	point string
	dies  victim
	payee payeeDoes
}

// lnMishaps are all places that a payment passes, with each victim. A payment that is
// held dies where it is held, and where its order is on the way.
func lnMishaps() (list []mishap) {
	for _, point := range []string{
		"melt.checked", "melt.reserved", "lnd.begun", "lnd.ordered", "lnd.accepted", "lnd.ended", "melt.sent", "melt.signed", "melt.finished",
	} {
		for _, dies := range []victim{mintDies, nodeDies, bothDie} {
			list = append(list, mishap{point, dies, payeeTakes})
		}
	}
	for _, payee := range []payeeDoes{payeeHoldsAndTakes, payeeHoldsAndRefuses} {
		for _, point := range []string{"lnd.ordered", "lnd.accepted", "melt.sent"} {
			for _, dies := range []victim{mintDies, nodeDies, bothDie} {
				list = append(list, mishap{point, dies, payee})
			}
		}
	}
	return list
}

// Whoever dies, wherever: nothing is paid twice, nothing is lost, and no coins are
// given back for a payment that was made.
func TestWhoeverDiesInAPaymentOnLightningItIsMadeOnceOrNotAtAll(t *testing.T) {
	t.Parallel()
	net := lntest.Start(t)
	s := newLNStack(t, net)
	w := s.Wallet()
	books := openBooks(t, net)
	for _, m := range lnMishaps() {
		t.Run(fmt.Sprintf("%s dies at %s of a payment that is %s", m.dies, m.point, m.payee), func(t *testing.T) {
			m.play(t, s, w, books)
		})
		if t.Failed() {
			break // what comes after it says nothing
		}
	}
	books.wantBalanced(t)
}

// play lets it happen, and proves what became of the payment.
func (m mishap) play(t *testing.T, s *harness.Stack, w *harness.Wallet, books *lnBooks) {
	net := books.net
	request, hold := m.request(t, net)
	melt := newLNMelt(t, net, w, request, nil)
	books.add(melt)
	if m.dies == nodeDies {
		s.Faults.Stop(m.point, 1)
	} else {
		s.Faults.Kill(m.point, 1)
	}
	answered := make(chan struct{})
	go func() {
		_, _ = w.Post(melt.path(), melt.body) // whatever it says, the witnesses know better
		close(answered)
	}()
	pid := s.Mintd.PID()
	lnUntil(t, "the place is reached", func() bool { return s.Faults.Struck(pid) && (m.dies != nodeDies || s.Mintd.Frozen()) })
	if m.point == "lnd.accepted" && hold != nil {
		hold.WaitHeld(t)
	}
	if m.dies != mintDies {
		net.A.Kill()
		net.A.Start(t)
	}
	if m.dies == nodeDies {
		s.Faults.Cancel()
		s.Mintd.Signal(syscall.SIGCONT)
	} else {
		s.Mintd.WaitKilled()
		s.Faults.Cancel()
		s.StartMintd()
	}
	<-answered
	if m.point == "melt.checked" && m.dies != nodeDies {
		if q := melt.read(w); q.State != "UNPAID" {
			t.Errorf("nothing was written, and the melt is %+v", q)
		}
		reply, err := w.Post(melt.path(), melt.body)
		if err != nil || reply.Status != http.StatusOK {
			t.Fatalf("put again: %v, %v", reply, err)
		}
	}
	if hold != nil {
		arrived := func() bool {
			melt.read(w) // which makes the mint look
			return hold.Held(t)
		}
		if m.mayNeverEnd() && !lnWithin(30*time.Second, arrived) {
			melt.wantTrueOrOpen(t, w)
			return
		}
		lnUntil(t, "the payment has arrived", arrived)
		hold.Release(t, m.payee == payeeHoldsAndTakes)
	}
	if m.mayNeverEnd() && hold == nil {
		melt.wantTrueOrOpen(t, w)
		return
	}
	q := melt.settledSlowly(t, w)
	if want := map[payeeDoes]string{payeeTakes: "PAID", payeeHoldsAndTakes: "PAID", payeeHoldsAndRefuses: "UNPAID"}[m.payee]; q.State != want {
		t.Errorf("the melt is %s, want %s", q.State, want)
	}
	melt.wantTrue(t, w, q)
}

// mayNeverEnd tells whether the node dies at about the time when it hands the payment to
// its channel. If it dies in between, lnd 0.21 says for ever that the payment is in
// flight. The mint must believe it.
func (m mishap) mayNeverEnd() bool {
	if m.dies == mintDies {
		return false
	}
	return m.point == "lnd.ordered" || m.point == "lnd.accepted" && m.payee == payeeTakes
}

// wantTrueOrOpen is wantTrue where the node may say for ever that it is at it: then the
// coins stay where they are, and nobody was paid.
func (m lnMelt) wantTrueOrOpen(t *testing.T, w *harness.Wallet) {
	t.Helper()
	var q mintclient.MeltQuote
	for end := time.Now().Add(15 * time.Second); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if q = m.read(w); q.State != "PENDING" {
			m.wantTrue(t, w, q)
			return
		}
	}
	status, _ := m.net.A.Paid(t, m.id)
	state, received := m.net.C.Lookup(t, m.id)
	if q = m.read(w); q.State != "PENDING" {
		m.wantTrue(t, w, q)
		return
	}
	if status != "IN_FLIGHT" || received != 0 || !w.AllIn("PENDING", m.inputs) {
		t.Errorf("the melt is pending; the node's payment is %s, the payee's invoice %s with %d msat, the coins %v",
			status, state, received, w.States(m.inputs))
	}
	t.Log("the node says for ever that it is at it: pending until the operator decides")
}

// request makes the payee ask.
func (m mishap) request(t *testing.T, net *lntest.Network) (string, *lntest.Hold) {
	t.Helper()
	if m.payee == payeeTakes {
		return net.C.Invoice(t, 100_000), nil
	}
	hold := net.C.HoldInvoice(t, 100_000)
	return hold.Request, hold
}

// settledSlowly is settled with the patience that a node needs which was killed.
func (m lnMelt) settledSlowly(t *testing.T, w *harness.Wallet) (q mintclient.MeltQuote) {
	t.Helper()
	lnUntil(t, "the melt has ended", func() bool {
		q = m.read(w)
		return q.State != "PENDING"
	})
	return q
}

// lnUntil waits for what has to happen, on a machine that may be busy.
func lnUntil(t *testing.T, what string, holds func() bool) {
	t.Helper()
	if !lnWithin(90*time.Second, holds) {
		t.Fatalf("waiting until %s", what)
	}
}

// lnWithin tells whether something comes to hold in a time.
func lnWithin(d time.Duration, holds func() bool) bool {
	for end := time.Now().Add(d); !holds(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			return false
		}
	}
	return true
}

func TestEveryCrashPointOfTheLightningBackendIsTested(t *testing.T) {
	t.Parallel()
	tested := map[string]bool{"lnd.delivered": true} // by the test below
	for _, m := range lnMishaps() {
		tested[m.point] = true
	}
	for _, p := range lnd.CrashPoints() {
		if !tested[string(p)] {
			t.Errorf("nobody dies at %s", p)
		}
	}
}

// Money that comes in is minted once, whoever dies while it is on its way.
func TestWhoeverDiesWhileMoneyComesInItIsMintedOnce(t *testing.T) {
	t.Parallel()
	net := lntest.Start(t)
	s := newLNStack(t, net)
	w := s.Wallet()
	if coins := mintByLN(t, net, w, 50); harness.Total(coins) != 50 {
		t.Fatalf("minted %d", harness.Total(coins))
	}
	for _, c := range []struct {
		point string
		dies  victim
	}{
		{"lnd.delivered", mintDies}, {"lnd.delivered", bothDie}, {"lnd.delivered", nodeDies}, {"quote.paid", mintDies}, {"quote.paid", bothDie},
		{"", mintDies}, {"", nodeDies}, {"", bothDie}, // dead before the payment arrives
	} {
		t.Run(fmt.Sprintf("%s dies at %q", c.dies, c.point), func(t *testing.T) {
			q := w.MintQuote("bolt11", mintclient.MintQuoteRequest{Amount: 100})
			switch {
			case c.point == "" && c.dies == nodeDies:
				net.A.Kill()
				net.A.Start(t)
			case c.point == "":
				s.Mintd.Kill()
			case c.dies == nodeDies:
				s.Faults.Stop(c.point, 1)
			default:
				s.Faults.Kill(c.point, 1)
			}
			pid := s.Mintd.PID()
			payFrom(t, net.C, q.Request)
			if c.point != "" {
				lnUntil(t, "the place is reached", func() bool { return s.Faults.Struck(pid) && (c.dies != nodeDies || s.Mintd.Frozen()) })
			}
			if c.dies == bothDie || c.dies == nodeDies && c.point != "" {
				net.A.Kill()
				net.A.Start(t)
			}
			s.Faults.Cancel()
			if c.dies == nodeDies {
				if c.point != "" {
					s.Mintd.Signal(syscall.SIGCONT)
				}
			} else {
				s.Mintd.WaitKilled()
				s.StartMintd()
			}
			var paid mintclient.MintQuote
			lnUntil(t, "the quote is paid", func() bool {
				return fetch(w, "/v1/mint/quote/bolt11/"+q.Quote, &paid) && paid.State == "PAID"
			})
			if got, _ := paid.Totals(0); got != 100 {
				t.Errorf("of 100 it has %d", got)
			}
			if coins := mintPaid(w, paid, 100); harness.Total(coins) != 100 {
				t.Errorf("minted %d", harness.Total(coins))
			}
		})
	}
}

// payFrom pays an invoice of a node that may just be coming back.
func payFrom(t *testing.T, n *lntest.Node, request string) {
	t.Helper()
	var last error
	lnUntil(t, "the customer has paid", func() bool {
		last = n.Pay(request, 0)
		return last == nil || last.Error() == "invoice is already paid"
	})
}
