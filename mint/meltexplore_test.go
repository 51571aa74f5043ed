package mint_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/mint/lightning"
)

// The exploration of melts: two at once, of one quote or of the same coins, in
// every order of their steps, with the mint killed before every step, and with
// each fate of the payment. The node outlives the mint. Afterwards every coin is
// spent for exactly one payment that was made, or for none; nothing is reserved
// once the payment has its fate; change is exact; an answer stays what it was.

// directedPayer makes sending and asking steps.
type directedPayer struct {
	*testPayer
	*director
}

func (p directedPayer) SendPayment(ctx context.Context, order lightning.Payment) (lightning.Outgoing, error) {
	if err := p.step(ctx); err != nil {
		return lightning.Outgoing{}, err
	}
	return p.testPayer.SendPayment(ctx, order)
}

func (p directedPayer) CheckPayment(ctx context.Context, method, id string) (lightning.Outgoing, error) {
	if err := p.step(ctx); err != nil {
		return lightning.Outgoing{}, err
	}
	return p.testPayer.CheckPayment(ctx, method, id)
}

// fate is what becomes of every payment: what the node says at first, and what it
// says once the mint is up again.
type fate struct {
	name    string
	atFirst lightning.PaymentState
	err     error
	later   lightning.PaymentState
}

var fates = []fate{
	{"paid", lightning.PaymentPaid, nil, lightning.PaymentPaid},
	{"failed", lightning.PaymentFailed, nil, lightning.PaymentFailed},
	{"pending, later paid", lightning.PaymentPending, nil, lightning.PaymentPaid},
	{"pending, later failed", lightning.PaymentPending, nil, lightning.PaymentFailed},
	{"no answer, in truth paid", 0, errors.New("silence"), lightning.PaymentPaid},
	{"no answer, in truth failed", 0, errors.New("silence"), lightning.PaymentFailed},
}

// arm makes the node treat every attempt so.
func (f fate) arm(p *testPayer) {
	*p = *newTestPayer()
	p.sending = func(a *attempt) error {
		if f.later == lightning.PaymentFailed {
			a.Outgoing = lightning.Outgoing{State: lightning.PaymentFailed}
		}
		return nil
	}
	p.answering = func(a *attempt) (lightning.Outgoing, error) {
		if f.err != nil || f.atFirst != f.later {
			return lightning.Outgoing{State: f.atFirst}, f.err
		}
		return a.Outgoing, nil
	}
}

func (f fate) reveal(p *testPayer) { p.answering = nil }

func TestEveryInterleavingOfTwoMeltsWithACrashBeforeEveryStep(t *testing.T) {
	t.Parallel()
	for _, sameQuote := range []bool{true, false} {
		for _, f := range fates {
			t.Run(fmt.Sprintf("%s, same quote %t", f.name, sameQuote), func(t *testing.T) {
				t.Parallel()
				exploreMelts(t, f, sameQuote)
			})
		}
	}
}

func exploreMelts(t *testing.T, f fate, sameQuote bool) {
	const maxSteps = 8
	inner := newMemStore()
	w := newWorld(t, inner)
	e := meltExploration{w: w, inner: inner, fate: f}
	q := w.meltQuote("a", 100)
	coin := w.mintCoins(128)
	e.quotes, e.coins = [2]mint.MeltQuote{q, q}, [2][]cashu.Proof{coin, coin}
	if sameQuote {
		e.coins[1] = w.mintCoins(128)
	} else {
		e.quotes[1] = w.meltQuote("b", 100)
	}
	for i := range e.blanks {
		e.blanks[i] = w.blanks(5)
		e.reqs[i] = meltRequest(e.quotes[i], e.coins[i], e.blanks[i])
	}
	untouched := inner.take()
	runs, seen := 0, map[string]bool{}
	for order := range 1 << (maxSteps - 1) {
		longest := 0
		for killAt := maxSteps; killAt >= 0; killAt-- {
			d := newDirector()
			inner.put(untouched)
			f.arm(w.payer)
			w.store = directedStore{inner, d}
			w.mint = e.mint("first", d)
			answers, taken := e.run(d, order, killAt)
			if killAt == maxSteps {
				if longest = len(taken); seen[fmt.Sprint(taken)] {
					break
				}
				seen[fmt.Sprint(taken)] = true
			} else if killAt >= longest {
				continue // nothing was left to kill
			}
			runs++
			e.check(t, d, fmt.Sprintf("order %07b, killed before step %d", order, killAt), answers)
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d runs", runs)
}

type meltExploration struct {
	w      *world
	inner  *memStore
	fate   fate
	quotes [2]mint.MeltQuote
	coins  [2][]cashu.Proof
	blanks [2][]note
	reqs   [2]cashu.MeltRequest
}

func (e *meltExploration) mint(owner string, d *director) *mint.Mint {
	e.w.tb.Helper()
	cfg := e.w.config(owner)
	cfg.Signer = directedSigner{e.w.signer, d}
	cfg.Backends[0].Payer = directedPayer{e.w.payer, d}
	m, err := mint.New(context.Background(), cfg)
	if err != nil {
		e.w.tb.Fatal(err)
	}
	return m
}

func (e *meltExploration) run(d *director, order, killAt int) (answers [2]*mint.Melted, taken []int) {
	return exploreTwo(d, order, killAt, func(ctx context.Context, i int) *mint.Melted {
		m, err := e.w.mint.Melt(ctx, "bolt11", e.reqs[i])
		if err != nil {
			return nil
		}
		return &m
	})
}

func (e *meltExploration) check(t *testing.T, d *director, label string, answers [2]*mint.Melted) {
	t.Helper()
	w := e.w
	// A first look while the payment's fate may still be hidden: whatever is not
	// decided stays reserved.
	w.mint = e.mint("second", d)
	_ = w.mint.Sweep(t.Context())
	e.fate.reveal(w.payer)
	if err := w.mint.Sweep(t.Context()); err != nil {
		t.Fatalf("%s: %v", label, err)
	}
	w.wantSagas(0)
	paid := 0
	for i, q := range e.quotes {
		now := w.readMelt(q)
		mine := now.State == mint.MeltPaid && (e.quotes[0].ID != e.quotes[1].ID || w.states(e.coins[i])[0] == mint.ProofSpent)
		switch {
		case mine:
			paid++
			if got := sumOf(w.change(e.blanks[i], now)); got != 27 {
				t.Errorf("%s: the change of melt %d is %d, want 27", label, i, got)
			}
			if answers[i] != nil && answers[i].State == mint.MeltPaid {
				wantSameSignatures(t, now.Signatures, answers[i].Signatures)
			}
		case answers[i] != nil && answers[i].State == mint.MeltPaid:
			t.Errorf("%s: melt %d was answered as paid and is not", label, i)
		default:
			w.wantRestorable(e.blanks[i], 0)
		}
	}
	moved := 0
	for _, times := range w.payer.moved {
		moved += times
	}
	if paid > 1 || moved != paid {
		t.Errorf("%s: %d melts are paid, and money went %d times", label, paid, moved)
	}
	spent := map[string]bool{}
	for i := range e.coins {
		if w.states(e.coins[i])[0] == mint.ProofSpent {
			spent[e.coins[i][0].Secret] = true
		}
	}
	if len(spent) != paid {
		t.Errorf("%s: %d coins are spent for %d payments", label, len(spent), paid)
	}
	w.wantExactTotals()
	// Put again, with a node that pays: in the end one of the two is paid.
	w.payer.sending = nil
	won := 0
	for i := range e.reqs {
		again, err := w.mint.Melt(t.Context(), "bolt11", e.reqs[i])
		switch {
		case err == nil && again.State == mint.MeltPaid:
			won++
		case !errors.Is(err, cashu.ErrInvoicePaid) && !errors.Is(err, cashu.ErrProofsSpent):
			t.Errorf("%s: the loser gets %+v, %v", label, again.State, err)
		}
	}
	if won != 1 {
		t.Errorf("%s: %d melts succeed in the end, want 1", label, won)
	}
}
