package lntest

import (
	"os"
	"testing"

	"mintmark/mint/lightning/bolt11"
)

var shared Shared

func TestMain(m *testing.M) {
	code := m.Run()
	shared.Stop()
	os.Exit(code)
}

func TestTheNetworkPaysBothWaysAndSurvivesAKilledNode(t *testing.T) {
	w := shared.Network(t)
	for _, way := range []struct{ from, to *Node }{{w.A, w.C}, {w.C, w.A}} {
		request := way.to.Invoice(t, 200_000)
		if err := way.from.Pay(request, 0); err != nil {
			t.Fatal(err)
		}
		v, err := bolt11.Decode(request)
		if err != nil {
			t.Fatal(err)
		}
		if state, msat := way.to.Lookup(t, v.PaymentHash); state != "SETTLED" || msat != 200_000 {
			t.Errorf("the invoice is %s with %d msat", state, msat)
		}
	}
	hold := w.C.HoldInvoice(t, 300_000)
	ended := make(chan error, 1)
	go func() { ended <- w.A.Pay(hold.Request, 0) }()
	hold.WaitHeld(t)
	w.A.Kill()
	if err := <-ended; err == nil {
		t.Error("a killed node says that it has paid")
	}
	w.A.Start(t)
	hold.Release(t, true)
	if err := w.A.Pay(w.C.Invoice(t, 1000), 0); err != nil {
		t.Error(err)
	}
}
