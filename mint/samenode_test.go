package mint_test

import (
	"context"
	"errors"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// namedPayer is a node with a name.
type namedPayer struct {
	*testPayer
	name string
	err  error
}

func (p *namedPayer) Identity(context.Context) (string, error) { return p.name, p.err }

// A melt is under way when the node is replaced by another one under the same name. The
// new one has never heard of the payment, and must not be told to make it.
func TestANodeThatIsReplacedUnderItsNamePaysNothingTwice(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		old := &namedPayer{w.payer, "old", nil}
		backend := func(p *namedPayer) mint.Backend { return mint.Backend{Name: "node", Receiver: w.backend, Payer: p} }
		w.mint = w.with("with the old one", backend(old))
		stop := run(w.mint)
		synctest.Wait() // it has looked at the node
		q, late := w.meltQuote("a", 100), w.meltQuote("c", 8)
		coins, lateCoins := w.mintCoins(128), w.mintCoins(16)
		w.payer.becomes(lightning.PaymentPending, nil)
		w.melt(meltRequest(q, coins, w.blanks(5)))
		stop()

		stranger := &namedPayer{newTestPayer(), "new", nil}
		w.mint = w.with("with the new one", backend(stranger))
		stop = run(w.mint)
		synctest.Wait()
		_, err := w.mint.Melt(t.Context(), "bolt11", meltRequest(late, lateCoins, w.blanks(4)))
		wantCode(t, err, cashu.CodeUnavailable)
		for range 3 {
			w.clock.Add(3600)
			time.Sleep(time.Minute)
		}
		w.wantMelt(q, mint.MeltPending)
		if stranger.sends != 0 {
			t.Errorf("the new node was told to pay %d times", stranger.sends)
		}
		wantCode(t, w.askToMint(8), cashu.CodeUnavailable)
		wantCode(t, w.askToMelt("pay:b:8"), cashu.CodeUnavailable)
		if node := w.mint.Payments(t.Context()).Backends[0]; !node.Away || !strings.Contains(node.Reason, "another node") {
			t.Errorf("the operator reads %+v", node)
		}
		stop()

		w.payer.becomes(lightning.PaymentPaid, nil)
		old.err = errors.New("away")
		w.mint = w.with("with the old one, away", backend(old))
		stop = run(w.mint)
		w.clock.Add(3600)
		time.Sleep(time.Minute)
		w.wantMelt(q, mint.MeltPending)
		stop()
		old.err = nil
		w.mint = w.with("with the old one again", backend(old))
		defer run(w.mint)()
		w.clock.Add(3600)
		time.Sleep(time.Minute)
		w.wantMelt(q, mint.MeltPaid)
		if w.payer.moved["a"] != 1 {
			t.Errorf("money went %d times", w.payer.moved["a"])
		}
		if err := w.askToMint(8); err != nil {
			t.Error(err)
		}
	})
}

// The node is replaced while a quote is not paid, as far as the mint has heard. The new
// one knows nothing of it, which does not make it a quote that nobody paid.
func TestANodeThatIsReplacedUnderItsNameMakesNoQuoteBeForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	backend := func(p *namedPayer) mint.Backend { return mint.Backend{Name: "node", Receiver: w.backend, Payer: p} }
	old := &namedPayer{w.payer, "old", nil}
	w.mint = w.with("with the old one", backend(old))
	q, other := w.quote(8), w.quote(8)
	w.prune(0)
	w.wait(30 * 24 * time.Hour)
	w.backend.pay(other)
	w.prune(1) // and the mint knows its node
	kept := w.quote(8)
	w.wait(30 * 24 * time.Hour)
	w.mint = w.with("with the new one", backend(&namedPayer{newTestPayer(), "new", nil}))
	w.prune(0)
	w.mint = w.with("with the old one again", backend(old))
	w.backend.pay(kept)
	w.prune(0)
	if w.known(q) || !w.known(other) || !w.known(kept) {
		t.Errorf("known are %v, %v and %v", w.known(q), w.known(other), w.known(kept))
	}
}
