package bench

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"time"

	"mintmark/cashu"
)

// SwapConfig is the shape of the swaps.
type SwapConfig struct {
	Inputs, Outputs int // of each swap; 0 is 2
	// Fresh mints every coin that will be spent before the clock starts. Else,
	// where inputs and outputs are the same amounts and the mint takes no fee, a
	// worker spends what it got from its last swap.
	Fresh bool
	// Blind uses true blinding factors, at a multiplication for every coin in
	// this program: while the clock runs, unless the coins are fresh.
	Blind bool
}

// Swap measures NUT-03. Each swap that follows on another proves that the mint
// takes its own signatures.
func Swap(ctx context.Context, l Load, m Mint, c SwapConfig) (Report, error) {
	if c.Inputs == 0 {
		c.Inputs = 2
	}
	if c.Outputs == 0 {
		c.Outputs = 2
	}
	l, client, err := begin(ctx, l, m, checkItems("inputs", c.Inputs), checkItems("outputs", c.Outputs))
	if err != nil {
		return Report{}, err
	}
	shapes, err := swapShapes(c.Inputs, c.Outputs, client.keys.InputFeePPK, client.denominations())
	if err != nil {
		return Report{}, err
	}
	return run(ctx, l, &swapScenario{
		load: l, mint: client, inputs: c.Inputs, outputs: c.Outputs, shapes: shapes, blind: c.Blind,
		chain: shapes[0].chains() && !c.Fresh,
		bank:  bank{mint: client, blind: c.Blind, progress: l.Progress},
		stock: stock{blind: c.Blind},
	})
}

// begin is common to the scenarios that need a mint.
func begin(ctx context.Context, l Load, m Mint, problems ...error) (Load, *mintClient, error) {
	l, err := l.withDefaults()
	if err := errorsFirst(append(problems, err)...); err != nil {
		return l, nil, err
	}
	client, err := m.client()
	if err != nil {
		return l, nil, err
	}
	l.Progress.Phase("looking at the mint", 1)
	return l, client, client.discover(ctx)
}

type swapScenario struct {
	load            Load
	mint            *mintClient
	inputs, outputs int // of each swap
	shapes          []shape
	blind           bool
	chain           bool
	begun           bool // the workers have coins
	minted          int  // sets so far
	bank            bank
	stock           stock

	mu   sync.Mutex
	sets []set
}

// set is the inputs of one swap.
type set struct {
	form  shape
	coins []coin
}

// prepare has coins for n swaps: for each of them, or for the first one of each
// chain and for as many chains that break.
func (s *swapScenario) prepare(ctx context.Context, n int) error {
	want := n
	if s.chain {
		want = s.load.Workers
		if !s.begun {
			want *= 2
		}
		s.begun = true
	}
	if missing := want - len(s.sets); missing > 0 {
		amounts := make([]cashu.Amount, 0, missing*s.inputs)
		for i := range missing {
			amounts = append(amounts, s.form(i).inputs...)
		}
		coins, err := s.bank.coins(ctx, amounts)
		if err != nil {
			return err
		}
		for i := range missing {
			s.sets = append(s.sets, set{s.form(i), coins[i*s.inputs : (i+1)*s.inputs : (i+1)*s.inputs]})
		}
		s.minted += missing
	}
	s.load.Progress.Phase("preparing outputs", 1)
	return s.stock.fill(ctx, n*s.outputs)
}

// form is the shape of the set that is minted after i more.
func (s *swapScenario) form(i int) shape { return s.shapes[(s.minted+i)%len(s.shapes)] }

func (s *swapScenario) take() (set, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.sets) == 0 {
		return set{}, errExhausted
	}
	last := len(s.sets) - 1
	taken := s.sets[last]
	s.sets = s.sets[:last]
	return taken, nil
}

func (s *swapScenario) worker() worker {
	return &swapWorker{
		s: s, wire: newConn(s.mint.target, s.mint.timeout), kept: sampler{every: s.load.DLEQ},
		blanks: make([]blank, s.outputs),
	}
}

func (s *swapScenario) floor(f Floor) time.Duration {
	return f.Operation(s.inputs, s.outputs)
}

func (s *swapScenario) describe(r *Report) {
	r.Scenario = "swap"
	r.Shape["inputs"], r.Shape["outputs"] = s.inputs, s.outputs
	s.mint.describe(r)
	how := "every swap spends coins that were minted before the clock started"
	if s.chain {
		how = "every swap of a worker spends the outputs of its last one"
	}
	if s.blind {
		how += "; the blinding factors are random"
	}
	r.Notes = append(r.Notes, how)
	if n := s.stock.short(); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d outputs had to be made while the clock ran", n))
	}
}

func (m *mintClient) describe(r *Report) {
	r.Target, r.Keyset, r.Unit = m.target.String(), m.id, m.unit
	r.Server = strings.TrimSpace(shorten(m.info.Name + " " + m.info.Version))
	if m.keys.InputFeePPK > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("the mint takes a fee of %d ppk for each input", m.keys.InputFeePPK))
	}
}

type swapWorker struct {
	s      *swapScenario
	wire   *conn
	next   set // without coins: take another
	blanks []blank
	body   []byte
	kept   sampler
}

func (w *swapWorker) open(ctx context.Context) error { return w.wire.open(ctx) }
func (w *swapWorker) close()                         { w.wire.close() }
func (w *swapWorker) sampler() *sampler              { return &w.kept }

func (w *swapWorker) operate(ctx context.Context) (time.Duration, error) {
	now := w.next
	w.next = set{} // after a failure nobody knows whether the coins are spent
	var err error
	if now.coins == nil {
		if now, err = w.s.take(); err != nil {
			return 0, err
		}
	}
	for i := range w.blanks {
		if w.blanks[i], err = w.s.stock.draw(); err != nil {
			return 0, err
		}
	}
	m, form := w.s.mint, now.form
	w.body = appendSwap(w.body[:0], now.coins, form.inputs, w.blanks, form.outputs, m.id)
	reply, took, err := w.wire.exchange(ctx, http.MethodPost, "/v1/swap", w.body)
	if err != nil {
		return took, err
	}
	signatures, err := readSignatures(reply, form.outputs, m.id)
	if err != nil {
		return took, err
	}
	for i, sig := range signatures {
		key := m.key(form.outputs[i])
		w.kept.see(key, w.blanks[i].b, sig, reply.Body, i)
		if w.s.chain {
			if now.coins[i], err = w.blanks[i].open(sig.C, key); err != nil {
				return took, err
			}
		}
	}
	if w.s.chain {
		w.next = now
	}
	return took, nil
}
