package mint_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// with starts a mint with these backends on the database of the world.
func (w *world) with(owner string, backends ...mint.Backend) *mint.Mint {
	w.tb.Helper()
	cfg := w.config(owner)
	cfg.Backends = backends
	m, err := mint.New(context.Background(), cfg)
	if err != nil {
		w.tb.Fatal(err)
	}
	w.refresh(m)
	return m
}

func TestWhatWasPaidIsMintedAlsoWhenItsBackendWasTakenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	paid, unpaid := w.quote(8), w.quote(16)
	w.backend.pay(paid)
	if q, err := w.mint.MintQuote(t.Context(), "bolt11", paid.ID); err != nil || q.State() != mint.QuotePaid {
		t.Fatalf("%v, %v", q.State(), err)
	}
	melted, offered := w.meltQuote("a", 4), w.meltQuote("b", 4)
	w.melt(meltRequest(melted, w.mintCoins(4, 2), nil))
	coins := w.mintCoins(4, 2)

	w.mint = w.with("poor")
	if q, err := w.mint.MintQuote(t.Context(), "bolt11", unpaid.ID); err != nil || q.State() != mint.QuoteUnpaid {
		t.Errorf("the unpaid quote: %v, %v", q.State(), err)
	}
	notes := w.notes(w.active("sat"), 8)
	sigs, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: paid.ID, Outputs: messages(notes)})
	if err != nil || len(w.coins(notes, sigs)) != 1 {
		t.Errorf("the paid quote cannot be minted: %v", err)
	}
	if q := w.readMelt(melted); q.State != mint.MeltPaid {
		t.Errorf("the paid melt is %v", q.State)
	}
	_, err = w.mint.Melt(t.Context(), "bolt11", meltRequest(offered, coins, nil))
	wantCode(t, err, cashu.CodeUnavailable)
	w.wantStates(coins, mint.ProofUnspent)
	_, err = w.mint.MintQuote(t.Context(), "bolt11", "no such quote")
	wantCode(t, err, cashu.CodeUnknownMethod)
	_, err = w.mint.CreateMintQuote(t.Context(), "bolt11", cashu.MintQuoteRequest{Amount: 8, Unit: "sat"})
	wantCode(t, err, cashu.CodeUnknownMethod)
}

// A melt that is under way when its backend is taken away waits, for as long as it
// takes, for somebody who can tell how it ended. Another backend of the same method
// and unit is not asked: it never heard of the payment, and would make it again.
func TestAnOpenMeltWaitsForTheBackendThatWasTakenAway(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	q := w.meltQuote("a", 100)
	coins, blanks := w.mintCoins(128), w.blanks(5)
	w.payer.becomes(lightning.PaymentPending, nil)
	w.melt(meltRequest(q, coins, blanks))
	w.wantMelt(q, mint.MeltPending)

	stranger := newTestPayer()
	for owner, backends := range map[string][]mint.Backend{"none": nil, "another": {{Name: "new node", Receiver: newTestBackend(), Payer: stranger}}} {
		w.mint = w.with(owner, backends...)
		for range 3 {
			w.clock.Add(3600)
			_ = w.mint.Sweep(t.Context())
		}
		w.wantMelt(q, mint.MeltPending)
		if stranger.sends != 0 {
			t.Errorf("%s: a stranger was asked to pay %d times", owner, stranger.sends)
		}
		w.wantStates(coins, mint.ProofPending)
	}
	w.payer.becomes(lightning.PaymentPaid, nil)
	w.mint = w.newMint("again")
	w.clock.Add(3600)
	if err := w.mint.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	w.wantMelt(q, mint.MeltPaid)
	w.wantStates(coins, mint.ProofSpent)
	if w.payer.moved["a"] != 1 {
		t.Errorf("money went %d times", w.payer.moved["a"])
	}
}

func TestAQuoteIsAskedOfTheBackendThatMadeItAlsoWhenAnotherDoesTheNewOnes(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	before, offer := w.quote(8), w.meltQuote("a", 4)
	other, otherPayer := newTestBackend(), newTestPayer()
	other.n = 1000
	w.mint = w.with("second",
		mint.Backend{Name: "node", Receiver: w.backend, Payer: w.payer, NoMint: true, NoMelt: true},
		mint.Backend{Name: "other", Receiver: other, Payer: otherPayer})
	after := w.quote(8)
	if other.amounts[after.LookupID] != 8 {
		t.Error("the new quote is of the old backend")
	}
	w.backend.pay(before)
	if q, err := w.mint.MintQuote(t.Context(), "bolt11", before.ID); err != nil || q.State() != mint.QuotePaid {
		t.Errorf("the quote of before is %v, %v", q.State(), err)
	}
	notes := w.notes(w.active("sat"), 4, 4)
	sigs, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: before.ID, Outputs: messages(notes)})
	if err != nil {
		t.Fatal(err)
	}
	w.melt(meltRequest(offer, w.coins(notes, sigs), nil))
	if w.payer.sends != 1 || otherPayer.sends != 0 {
		t.Errorf("paid %d times by the old one, %d times by the new one", w.payer.sends, otherPayer.sends)
	}
	if q := w.meltQuote("b", 4); q.Backend != "other" || after.Backend != "other" || before.Backend != "node" {
		t.Errorf("quotes are of %q, %q and %q", q.Backend, after.Backend, before.Backend)
	}
}

// hangingBackend never answers.
type hangingBackend struct{ *testBackend }

func (hangingBackend) CreateInvoice(ctx context.Context, _ lightning.InvoiceRequest) (lightning.Invoice, error) {
	<-ctx.Done()
	return lightning.Invoice{}, ctx.Err()
}

func (hangingBackend) CheckIncoming(ctx context.Context, _, _ string) ([]lightning.Incoming, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

type hangingPayer struct{ *testPayer }

func (hangingPayer) QuotePayment(ctx context.Context, _ lightning.PaymentRequest) (lightning.PaymentQuote, error) {
	<-ctx.Done()
	return lightning.PaymentQuote{}, ctx.Err()
}

func TestABackendThatHangsKeepsNobodyWaitingForLong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, newMemStore())
		q := w.quote(8)
		coins := w.mintCoins(4)
		w.mint = w.with("second", mint.Backend{Name: "node", Receiver: hangingBackend{w.backend}, Payer: hangingPayer{w.payer}})
		within := func(what string, limit time.Duration, do func() error) error {
			began := time.Now()
			err := do()
			if took := time.Since(began); took > limit {
				t.Errorf("%s took %v", what, took)
			}
			return err
		}
		wantCode(t, within("a mint quote", 15*time.Second, func() error {
			_, err := w.mint.CreateMintQuote(t.Context(), "bolt11", cashu.MintQuoteRequest{Amount: 8, Unit: "sat"})
			return err
		}), cashu.CodeUnavailable)
		wantCode(t, within("a melt quote", 15*time.Second, func() error {
			_, err := w.mint.CreateMeltQuote(t.Context(), "bolt11", cashu.MeltQuoteRequest{Request: "pay:x:1", Unit: "sat"})
			return err
		}), cashu.CodeUnavailable)
		if err := within("reading a quote", 5*time.Second, func() error {
			_, err := w.mint.MintQuote(t.Context(), "bolt11", q.ID)
			return err
		}); err != nil {
			t.Errorf("reading a quote: %v", err)
		}
		if err := within("a swap", 0, func() error {
			_, err := w.mint.Swap(t.Context(), swapRequest(coins, w.notes(w.active("sat"), 4)))
			return err
		}); err != nil {
			t.Errorf("a swap: %v", err)
		}
	})
}
