package mint_test

import (
	"context"
	"fmt"
	"strings"
	"sync"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// testPayer is a node that pays what the test tells it to. Requests are
// "pay:DEBT:AMOUNT"; an invoice of testBackend is one, too. It remembers every
// attempt, also over a restart of the mint.
type testPayer struct {
	mu       sync.Mutex
	attempts map[string]*attempt // by id
	moved    map[string]int      // how often money went, by debt
	sends    int

	// sending is what happens to an attempt when it begins, and answering what
	// is said of it: by default it is paid at a fee of 1.
	sending   func(*attempt) error
	answering func(*attempt) (lightning.Outgoing, error)
	wait      chan struct{} // not nil: sends wait for it, or for their context
	partsOff  bool
	amountOff bool
}

type attempt struct {
	lightning.Payment
	lightning.Outgoing
}

var _ lightning.Payer = (*testPayer)(nil)

func newTestPayer() *testPayer {
	return &testPayer{attempts: map[string]*attempt{}, moved: map[string]int{}}
}

func (p *testPayer) PaySettings() []lightning.PaySettings {
	return []lightning.PaySettings{{
		Method: "bolt11", Unit: "sat", MinAmount: 1, MaxAmount: 20000, Amountless: !p.amountOff, MultiPath: !p.partsOff,
	}}
}

func (p *testPayer) QuotePayment(_ context.Context, r lightning.PaymentRequest) (lightning.PaymentQuote, error) {
	if debt, own := strings.CutPrefix(r.Request, "lnbc"); own {
		return lightning.PaymentQuote{LookupID: debt, Amount: 8, FeeReserve: 2}, nil
	}
	parts := strings.Split(r.Request, ":")
	var amount uint64
	if len(parts) != 3 || parts[0] != "pay" {
		return lightning.PaymentQuote{}, lightning.ErrRefused
	}
	if _, err := fmt.Sscan(parts[2], &amount); err != nil {
		return lightning.PaymentQuote{}, lightning.ErrRefused
	}
	switch {
	case r.PartMsat != 0:
		return lightning.PaymentQuote{LookupID: fmt.Sprint(parts[1], r.PartMsat), Amount: cashu.Amount(r.PartMsat / 1000), FeeReserve: 2}, nil
	case amount == 0 && r.AmountMsat == 0:
		return lightning.PaymentQuote{}, lightning.ErrAmountless
	case amount != 0 && r.AmountMsat != 0 && r.AmountMsat != 1000*amount:
		return lightning.PaymentQuote{}, lightning.ErrOtherAmount
	case amount == 0:
		amount = r.AmountMsat / 1000
	}
	return lightning.PaymentQuote{LookupID: parts[1], Amount: cashu.Amount(amount), FeeReserve: 2, Terms: "as ever"}, nil
}

func (p *testPayer) SendPayment(ctx context.Context, order lightning.Payment) (lightning.Outgoing, error) {
	p.mu.Lock()
	a, known := p.attempts[order.ID]
	if !known {
		p.sends++
		a = &attempt{Payment: order, Outgoing: lightning.Outgoing{State: lightning.PaymentPaid, Spent: order.Amount + min(1, order.MaxFee), Proof: "proof of " + order.LookupID}}
		if p.sending != nil {
			if err := p.sending(a); err != nil {
				p.mu.Unlock()
				return lightning.Outgoing{}, err
			}
		}
		p.attempts[order.ID] = a
		if a.State == lightning.PaymentPaid || a.State == lightning.PaymentPending {
			p.moved[order.LookupID]++
		}
	}
	wait := p.wait
	p.mu.Unlock()
	if wait != nil {
		select {
		case <-wait:
		case <-ctx.Done():
			return lightning.Outgoing{State: lightning.PaymentPending}, nil
		}
	}
	return p.answer(a)
}

func (p *testPayer) CheckPayment(_ context.Context, _, id string) (lightning.Outgoing, error) {
	p.mu.Lock()
	a, known := p.attempts[id]
	p.mu.Unlock()
	if !known {
		return lightning.Outgoing{}, nil
	}
	return p.answer(a)
}

func (p *testPayer) answer(a *attempt) (lightning.Outgoing, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answering != nil {
		return p.answering(a)
	}
	return a.Outgoing, nil
}

// becomes says what the node answers from now on.
func (p *testPayer) becomes(state lightning.PaymentState, err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.answering = func(a *attempt) (lightning.Outgoing, error) {
		out := a.Outgoing
		if out.State = state; state != lightning.PaymentPaid {
			out = lightning.Outgoing{State: state}
		}
		return out, err
	}
}

// meltQuote makes a quote for a debt.
func (w *world) meltQuote(debt string, amount cashu.Amount) mint.MeltQuote {
	w.tb.Helper()
	q, err := w.mint.CreateMeltQuote(context.Background(), "bolt11", cashu.MeltQuoteRequest{
		Request: fmt.Sprintf("pay:%s:%d", debt, amount), Unit: "sat",
	})
	if err != nil {
		w.tb.Fatal(err)
	}
	return q
}

func meltRequest(q mint.MeltQuote, inputs []cashu.Proof, blanks []note) cashu.MeltRequest {
	return cashu.MeltRequest{Quote: q.ID, Inputs: inputs, Outputs: messages(blanks)}
}

// blanks are outputs for change.
func (w *world) blanks(n int) []note {
	w.tb.Helper()
	amounts := make([]cashu.Amount, n)
	return w.notes(w.active("sat"), amounts...)
}

// change opens the change of a melt.
func (w *world) change(blanks []note, m mint.Melted) []cashu.Proof {
	w.tb.Helper()
	if len(m.Signatures) > len(blanks) {
		w.tb.Fatalf("%d signatures for %d blanks", len(m.Signatures), len(blanks))
	}
	used := append([]note(nil), blanks[:len(m.Signatures)]...)
	for i := range used {
		used[i].Amount = m.Signatures[i].Amount
	}
	return w.coins(used, m.Signatures)
}

func (w *world) readMelt(q mint.MeltQuote) mint.Melted {
	w.tb.Helper()
	now, err := w.mint.MeltQuote(context.Background(), q.Method, q.ID)
	if err != nil {
		w.tb.Fatal(err)
	}
	return now
}

// wantMelt looks into the store, because a look through the mint may send somebody
// to go on with the melt.
func (w *world) wantMelt(q mint.MeltQuote, want mint.MeltState) {
	w.tb.Helper()
	got, err := w.store.MeltQuote(context.Background(), q.ID)
	if err != nil {
		w.tb.Fatal(err)
	}
	if got.State != want {
		w.tb.Errorf("the quote is %d, want %d", got.State, want)
	}
}

// wantTotals recounts and compares with the running totals.
func (w *world) wantExactTotals() {
	w.tb.Helper()
	running, err := w.store.Totals(context.Background())
	if err != nil {
		w.tb.Fatal(err)
	}
	counted, err := w.store.Recount(context.Background())
	if err != nil {
		w.tb.Fatal(err)
	}
	if fmt.Sprint(running) != fmt.Sprint(counted) {
		w.tb.Errorf("totals are %v, the rows make %v", running, counted)
	}
}

func sumOf(proofs []cashu.Proof) (sum cashu.Amount) {
	for _, p := range proofs {
		sum += p.Amount
	}
	return sum
}
