package mint_test

import (
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// forgetfulPayer remembers its payments in something with a name.
type forgetfulPayer struct {
	*testPayer
	memory string
}

func (p forgetfulPayer) Memory() string { return p.memory }

// A melt is under way when the backend's own database is lost. It comes back with an
// empty one, says truthfully that there it finds nothing of the payment, and must not be
// told to make it again: not by recovery, and not before the operator has decided.
func TestABackendThatHasLostItsMemoryPaysNothingTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		backend := func(p forgetfulPayer) mint.Backend { return mint.Backend{Name: "node", Receiver: w.backend, Payer: p} }
		w.mint = w.with("at first", backend(forgetfulPayer{w.payer, "first"}))
		q, late := w.meltQuote("a", 100), w.meltQuote("c", 8)
		coins, lateCoins := w.mintCoins(128), w.mintCoins(16)
		w.payer.becomes(lightning.PaymentPending, nil)
		w.melt(meltRequest(q, coins, w.blanks(5)))

		empty := forgetfulPayer{newTestPayer(), "second"}
		w.mint = w.with("with an empty memory", backend(empty))
		// Nothing has looked at the backends yet, and nothing may be paid all the same.
		_, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(late, lateCoins, w.blanks(4)))
		wantCode(t, err, cashu.CodeUnavailable)
		stop := run(w.mint)
		for range 3 {
			w.clock.Add(3600)
			time.Sleep(time.Minute)
		}
		w.wantMelt(q, mint.MeltPending)
		wantCode(t, w.askToMint(8), cashu.CodeUnavailable)
		if node := w.mint.Payments(t.Context()).Backends[0]; !node.Away || !strings.Contains(node.Reason, "another database than before") || !strings.Contains(node.Reason, "not from a backup") {
			t.Errorf("the operator reads %+v", node)
		}
		if err := mint.AcceptMemory(t.Context(), w.store, "node", time.Unix(1, 0), "it burned"); !errors.Is(err, mint.ErrMeltsOpen) {
			t.Errorf("it is given up while a melt is open: %v", err)
		}
		if empty.sends != 0 {
			t.Errorf("it was told to pay %d times", empty.sends)
		}
		stop()

		// The lost one is found again.
		w.payer.becomes(lightning.PaymentPaid, nil)
		w.mint = w.with("with its memory again", backend(forgetfulPayer{w.payer, "first"}))
		stop = run(w.mint)
		w.clock.Add(3600)
		time.Sleep(time.Minute)
		w.wantMelt(q, mint.MeltPaid)
		if w.payer.moved["a"] != 1 {
			t.Errorf("money went %d times", w.payer.moved["a"])
		}
		stop()

		// It is lost for good when nothing is open, and the operator says so.
		w.mint = w.with("with an empty memory again", backend(empty))
		defer run(w.mint)()
		wantCode(t, w.askToMint(8), cashu.CodeUnavailable)
		if err := mint.AcceptMemory(t.Context(), w.store, "node", time.Unix(1, 0), "it burned"); err != nil {
			t.Fatal(err)
		}
		if list, err := w.store.Decisions(t.Context(), 9); err != nil || len(list) != 1 || list[0].Why != "it burned" {
			t.Errorf("kept is %+v, %v", list, err)
		}
		time.Sleep(time.Minute)
		if err := w.askToMint(8); err != nil {
			t.Errorf("after it was accepted: %v", err)
		}
		w.mint = w.with("with the first one once more", backend(forgetfulPayer{w.payer, "first"}))
		wantCode(t, w.askToMint(8), cashu.CodeUnavailable)
	})
}

func TestOnlyAMemoryThatIsKnownCanBeGivenUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	if err := mint.AcceptMemory(t.Context(), w.store, "nobody", time.Time{}, ""); !errors.Is(err, mint.ErrNoMemory) {
		t.Errorf("of nobody: %v", err)
	}
}
