package wallet

import (
	"context"
	"errors"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/wallet/mintclient"
)

// MintOptions is how a quote is issued.
type MintOptions struct {
	// Key is the caller's name of this call: repeated under it, the call finds
	// what it has started before. Empty: none.
	Key string
}

// Issue turns what has been paid on a quote, and not been issued, into coins.
// cashu.ErrQuoteUnpaid and cashu.ErrQuoteIssued: there is nothing to issue.
func (w *Wallet) Issue(ctx context.Context, mintURL, quoteID string, o MintOptions) (cashu.Amount, error) {
	if t, found, err := w.before(ctx, o.Key, KindMint); found {
		return t.Amount, err
	}
	q, err := w.CheckMintQuote(ctx, mintURL, quoteID)
	if err != nil {
		return 0, err
	}
	open := q.Open()
	if open == 0 {
		if q.State == "ISSUED" {
			return 0, cashu.ErrQuoteIssued
		}
		return 0, cashu.ErrQuoteUnpaid
	}
	r, err := w.startIssue(ctx, q, open, o)
	if err != nil {
		return 0, err
	}
	defer r.rest()
	crashpoint.Here(crashPoint(KindMint, "reserved"))
	coins, err := r.performIssue(ctx)
	if err != nil {
		return 0, err
	}
	return sumOf(coins)
}

func (w *Wallet) startIssue(ctx context.Context, q Quote, amount cashu.Amount, o MintOptions) (*run, error) {
	m, err := w.Mint(ctx, q.MintURL)
	if err != nil {
		return nil, err
	}
	keyset, err := m.active(q.Unit, w.now())
	if err != nil {
		return nil, err
	}
	wants, err := split(keyset, amount, RoleKeep, nil)
	if err != nil {
		return nil, err
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	data := &MintData{Quote: q.ID, Amount: amount, Method: q.Method, QuoteAmounts: []cashu.Amount{amount}, IssuedBefore: q.Issued, CommonData: CommonData{IdempotencyKey: o.Key}}
	s, err := NewSaga(id, IssueSecretsPrepared, amount, q.MintURL, q.Unit, data, w.now())
	if err != nil {
		return nil, err
	}
	return w.start(ctx, s, "outputs are prepared", func(tx Tx, s *Saga) error {
		if err := tx.ReserveQuote(ctx, QuoteMint, q.MintURL, q.ID, id); err != nil {
			return err
		}
		if data.Outputs, data.Counters, err = w.plan(ctx, tx, keyset.ID, wants); err != nil {
			return err
		}
		data.BlindedMessages = messages(data.Outputs)
		sig, err := w.quoteSignature(q, data.BlindedMessages, false)
		if err != nil {
			return err
		}
		data.Signatures = []string{sig}
		return tx.PutTransaction(ctx, Transaction{
			Operation: id, Kind: KindMint, MintURL: q.MintURL, Unit: q.Unit, Amount: amount, Incoming: true,
			Status: "pending", QuoteID: q.ID, Request: q.Request, At: w.now().Unix(),
		})
	})
}

// performIssue sends the request until its end is known, or leaves it to recovery
// with ErrPending.
func (r *run) performIssue(ctx context.Context) ([]StoredCoin, error) {
	d, ok := r.s.Data.(*MintData)
	if !ok {
		return nil, r.failed(errors.New("a mint has other data"))
	}
	c, err := r.w.client(r.s.MintURL)
	if err != nil {
		return nil, r.failed(err)
	}
	return r.keepTrying(ctx, func() ([]StoredCoin, ruling, error) {
		m, err := r.w.Mint(ctx, r.s.MintURL)
		if err != nil {
			return nil, ruleWait, err
		}
		return r.tryIssue(ctx, m, c, d)
	})
}

func (r *run) tryIssue(ctx context.Context, m Mint, c *mintclient.Client, d *MintData) ([]StoredCoin, ruling, error) {
	earlier := r.openAttempts()
	if err := r.attempt(ctx, IssueMintRequested, nil); err != nil {
		return nil, ruleWait, err
	}
	crashpoint.Here(crashPoint(KindMint, "sending"))
	sigs, err := r.postIssue(ctx, c, d)
	crashpoint.Here(crashPoint(KindMint, "answered"))
	if err == nil {
		coins, err := r.w.coins(m, r.s.Unit, d.Outputs, sigs, r.s.ID, r.w.now())
		if err != nil {
			return nil, ruleWait, err
		}
		return coins, ruleAdopt, r.takeIssue(ctx, d, coins, "issued")
	}
	r.answered(err)
	facts := issueFacts{neverSent: earlier == 0 && !mintclient.Sent(err), refused: mintclient.Final(err), settled: r.settled(), restored: -1, outputs: len(d.Outputs)}
	var restored []StoredCoin
	if mintclient.Sent(err) {
		restored = r.issueEvidence(ctx, m, c, d, errors.Is(err, cashu.ErrOutputsSigned), &facts)
	}
	rule := judgeIssue(facts)
	if rule == ruleUndo || rule == ruleLost {
		again, planErr := r.planAnew(ctx, m, c, err, rule)
		if planErr != nil {
			return nil, ruleWait, planErr
		}
		if again {
			return nil, ruleAgain, nil
		}
	}
	switch rule {
	case ruleAdopt:
		return restored, rule, r.takeIssue(ctx, d, restored, "issued; the answer had been lost")
	case ruleUndo:
		return nil, rule, errors.Join(err, r.endIssue(ctx, d, "given up: "+reasonOf(err)))
	case ruleLost:
		if endErr := r.endIssue(ctx, d, "the quote was issued to somebody else"); endErr != nil {
			return nil, ruleWait, endErr
		}
		return nil, rule, ErrTaken
	default:
		return nil, rule, err
	}
}

// postIssue sends the request as it was written down. A mint that refuses the
// signature gets the older one, over the same outputs (NUT-20).
func (r *run) postIssue(ctx context.Context, c *mintclient.Client, d *MintData) ([]cashu.BlindSignature, error) {
	req := cashu.MintRequest{Quote: d.Quote, Outputs: messages(d.Outputs)}
	if len(d.Signatures) > 0 {
		req.Signature = d.Signatures[0]
	}
	sigs, err := c.Mint(ctx, d.Method, req)
	if req.Signature == "" || !errors.Is(err, cashu.ErrQuoteSignature) {
		return sigs, err
	}
	q, readErr := r.w.store.Quote(ctx, QuoteMint, r.s.MintURL, d.Quote)
	if readErr != nil {
		return nil, err
	}
	if req.Signature, readErr = r.w.quoteSignature(q, req.Outputs, true); readErr != nil {
		return nil, err
	}
	return c.Mint(ctx, d.Method, req)
}

// issueEvidence asks the mint what became of outputs and quote. What is issued when
// the quote is asked can be restored after; what is signed before it is asked, and
// not counted as issued, was signed for something else.
func (r *run) issueEvidence(ctx context.Context, m Mint, c *mintclient.Client, d *MintData, collision bool, f *issueFacts) []StoredCoin {
	before := 0
	if collision {
		if sigs, err := r.w.restored(ctx, c, d.Outputs); err == nil {
			before = signed(sigs)
		}
	}
	answer, err := c.MintQuote(ctx, d.Method, d.Quote)
	if err != nil {
		return nil
	}
	f.state = answer.State
	_, issued := answer.Totals(d.Amount)
	f.issued = answer.State == "ISSUED" || issued >= d.IssuedBefore+d.Amount
	f.collided = before > 0 && !f.issued
	var coins []StoredCoin
	coins, f.restored = r.restoredCoins(ctx, m, c, d.Outputs)
	return coins
}

func (r *run) takeIssue(ctx context.Context, d *MintData, coins []StoredCoin, reason string) error {
	err := r.finish(ctx, reason, func(tx Tx) error {
		if err := tx.AddCoins(ctx, coins); err != nil {
			return err
		}
		q, err := tx.Quote(ctx, QuoteMint, r.s.MintURL, d.Quote)
		if err != nil {
			return err
		}
		// The mint may have been asked meanwhile, and have counted it.
		issued, err := d.IssuedBefore.Add(d.Amount)
		if err != nil {
			return err
		}
		q.Issued = max(q.Issued, issued)
		if q.Issued >= q.Paid {
			q.State = "ISSUED"
		}
		if err := tx.UpdateQuote(ctx, q); err != nil {
			return err
		}
		return r.closeIssue(ctx, tx, "completed")
	})
	crashpoint.Here(crashPoint(KindMint, "taken"))
	return err
}

// endIssue ends a mint that brought nothing.
func (r *run) endIssue(ctx context.Context, d *MintData, reason string) error {
	err := r.finish(ctx, reason, func(tx Tx) error {
		if err := r.returnCounters(ctx, tx, d.Outputs, d.Counters); err != nil {
			return err
		}
		return r.closeIssue(ctx, tx, "failed")
	})
	crashpoint.Here(crashPoint(KindMint, "undone"))
	return err
}

// closeIssue frees the quote and ends the entry of the history.
func (r *run) closeIssue(ctx context.Context, tx Tx, status string) error {
	if _, err := tx.ReleaseQuotes(ctx, r.s.ID); err != nil {
		return err
	}
	t, err := tx.Transaction(ctx, r.s.ID)
	if errors.Is(err, ErrNotFound) {
		return nil // a saga of another program
	}
	if err != nil {
		return err
	}
	t.Status = status
	return tx.PutTransaction(ctx, t)
}
