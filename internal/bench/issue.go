package bench

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"sync/atomic"
	"time"

	"mintmark/cashu"
)

// IssueConfig is the shape of the issues.
type IssueConfig struct {
	Outputs int  // of each; 0 is 2
	Blind   bool // use true blinding factors
}

// Issue measures NUT-04: minting on quotes that are paid before the clock starts.
func Issue(ctx context.Context, l Load, m Mint, c IssueConfig) (Report, error) {
	if c.Outputs == 0 {
		c.Outputs = 2
	}
	l, client, err := begin(ctx, l, m, checkItems("outputs", c.Outputs))
	if err != nil {
		return Report{}, err
	}
	amounts := variety(c.Outputs, 0, client.denominations())
	sum, err := cashu.Sum(amounts...)
	if err != nil {
		return Report{}, fmt.Errorf("adding up the outputs: %w", err)
	}
	return run(ctx, l, &issueScenario{
		load: l, mint: client, amounts: amounts, sum: sum,
		bank:  bank{mint: client, progress: l.Progress},
		stock: stock{blind: c.Blind},
	})
}

type issueScenario struct {
	load    Load
	mint    *mintClient
	amounts []cashu.Amount
	sum     cashu.Amount
	bank    bank
	stock   stock
	quotes  []string
	next    atomic.Int64 // of quotes
}

func (s *issueScenario) prepare(ctx context.Context, n int) error {
	s.quotes = s.quotes[min(int(s.next.Swap(0)), len(s.quotes)):]
	if missing := n - len(s.quotes); missing > 0 {
		fresh, err := s.bank.quotes(ctx, slices.Repeat([]cashu.Amount{s.sum}, missing))
		if err != nil {
			return err
		}
		s.quotes = append(s.quotes, fresh...)
	}
	s.load.Progress.Phase("preparing outputs", 1)
	return s.stock.fill(ctx, n*len(s.amounts))
}

func (s *issueScenario) worker() worker {
	return &issueWorker{
		s: s, wire: newConn(s.mint.target, s.mint.timeout), kept: sampler{every: s.load.DLEQ},
		blanks: make([]blank, len(s.amounts)),
	}
}

func (s *issueScenario) floor(f Floor) time.Duration { return f.Operation(0, len(s.amounts)) }

func (s *issueScenario) describe(r *Report) {
	r.Scenario = "mint"
	r.Shape["outputs"] = len(s.amounts)
	s.mint.describe(r)
	r.Notes = append(r.Notes, "the quotes were paid before the clock started")
	if n := s.stock.short(); n > 0 {
		r.Notes = append(r.Notes, fmt.Sprintf("%d outputs had to be made while the clock ran", n))
	}
}

type issueWorker struct {
	s      *issueScenario
	wire   *conn
	blanks []blank
	body   []byte
	kept   sampler
}

func (w *issueWorker) open(ctx context.Context) error { return w.wire.open(ctx) }
func (w *issueWorker) close()                         { w.wire.close() }
func (w *issueWorker) sampler() *sampler              { return &w.kept }

func (w *issueWorker) operate(ctx context.Context) (time.Duration, error) {
	i := w.s.next.Add(1) - 1
	if i >= int64(len(w.s.quotes)) {
		return 0, errExhausted
	}
	for j := range w.blanks {
		var err error
		if w.blanks[j], err = w.s.stock.draw(); err != nil {
			return 0, err
		}
	}
	m := w.s.mint
	w.body = appendIssue(w.body[:0], w.s.quotes[i], w.blanks, w.s.amounts, m.id)
	reply, took, err := w.wire.exchange(ctx, http.MethodPost, "/v1/mint/bolt11", w.body)
	if err != nil {
		return took, err
	}
	signatures, err := readSignatures(reply, w.s.amounts, m.id)
	if err != nil {
		return took, err
	}
	for j, sig := range signatures {
		w.kept.see(m.key(w.s.amounts[j]), w.blanks[j].b, sig, reply.Body, j)
	}
	return took, nil
}
