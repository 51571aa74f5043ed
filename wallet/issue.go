package wallet

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/wallet/mintclient"
)

// MintOptions is how a quote is issued.
type MintOptions struct {
	// Key is the caller's name of this call: repeated under it, the call finds
	// what it has started before. Empty: none.
	Key string
	// Args is what this call asks for; see Repeated. Empty: not said.
	Args string
}

// Issue turns what has been paid on a quote, and not been issued, into coins.
// cashu.ErrQuoteUnpaid and cashu.ErrQuoteIssued: there is nothing to issue.
func (w *Wallet) Issue(ctx context.Context, mintURL, quoteID string, o MintOptions) (cashu.Amount, error) {
	if t, found, err := w.before(ctx, o.Key, o.Args, KindMint); found {
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
	r, err := w.startIssue(ctx, []Quote{q}, o)
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

// startIssue plans an issue of all that is open on quotes of one mint, unit and
// method. More than one are a batch (NUT-29).
func (w *Wallet) startIssue(ctx context.Context, quotes []Quote, o MintOptions) (*run, error) {
	first := quotes[0]
	m, err := w.Mint(ctx, first.MintURL)
	if err != nil {
		return nil, err
	}
	keyset, err := m.active(first.Unit, w.now())
	if err != nil {
		return nil, err
	}
	data, err := newMintData(quotes)
	if err != nil {
		return nil, err
	}
	data.IdempotencyKey, data.IdempotencyArgs = o.Key, o.Args
	wants, err := split(keyset, data.Amount, RoleKeep, nil)
	if err != nil {
		return nil, err
	}
	if err := m.fits(nil, wants); err != nil {
		return nil, err
	}
	id, err := newID()
	if err != nil {
		return nil, err
	}
	s, err := NewSaga(id, IssueSecretsPrepared, data.Amount, first.MintURL, first.Unit, data, w.now())
	if err != nil {
		return nil, err
	}
	return w.start(ctx, s, "outputs are prepared", func(tx Tx, s *Saga) error {
		for _, q := range quotes {
			if err := tx.ReserveQuote(ctx, QuoteMint, q.MintURL, q.ID, id); err != nil {
				return err
			}
		}
		if data.Outputs, data.Counters, err = w.plan(ctx, tx, keyset.ID, wants); err != nil {
			return err
		}
		data.BlindedMessages = messages(data.Outputs)
		if data.Signatures, err = w.quoteSignatures(quotes, data.BlindedMessages, false); err != nil {
			return err
		}
		t := Transaction{
			Operation: id, Kind: KindMint, MintURL: first.MintURL, Unit: first.Unit, Amount: data.Amount, Incoming: true,
			Status: StatusPending, QuoteID: first.ID, Request: first.Request, At: w.now().Unix(),
		}
		if data.IsBatch {
			t.Memo = fmt.Sprintf("%d invoices", len(quotes))
		}
		return tx.PutTransaction(ctx, t)
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
	parts, err := d.parts()
	if err != nil {
		return nil, ruleWait, err
	}
	earlier := len(r.s.Data.Common().Attempts)
	if d.IsBatch && len(d.Attempts) >= liveTries && r.settled() { // perhaps one that this mint will never answer
		facts := issueFacts{refused: true, settled: true, restored: -1, outputs: len(d.Outputs)}
		if coins, rule, err := r.concludeIssue(ctx, m, c, d, parts, errNotTogether, facts); rule != ruleWait || errors.Is(err, ErrTakenOver) {
			return coins, rule, err
		}
	}
	if err := r.attempt(ctx, IssueMintRequested, nil); err != nil {
		return nil, ruleWait, err
	}
	crashpoint.Here(crashPoint(KindMint, "sending"))
	sigs, err := r.postIssue(ctx, c, d, parts)
	crashpoint.Here(crashPoint(KindMint, "answered"))
	if err == nil {
		coins, err := r.w.coins(m, r.s.Unit, d.Outputs, sigs, r.s.ID, r.w.now())
		if err != nil {
			return nil, ruleWait, err
		}
		return coins, ruleAdopt, r.takeIssue(ctx, parts, coins, "issued")
	}
	refused := mintclient.Final(err) || d.IsBatch && mintclient.NoRoute(err)
	if refused {
		r.refused()
	}
	facts := issueFacts{neverSent: earlier == 0 && !mintclient.Sent(err), refused: refused, settled: r.settled(), restored: -1, outputs: len(d.Outputs)}
	return r.concludeIssue(ctx, m, c, d, parts, err, facts)
}

// postIssue sends the request as it was written down. A mint that refuses the
// signatures gets the older ones, over the same outputs (NUT-20).
func (r *run) postIssue(ctx context.Context, c *mintclient.Client, d *MintData, parts []mintPart) ([]cashu.BlindSignature, error) {
	sigs, err := send(ctx, c, d, parts)
	if !errors.Is(err, cashu.ErrQuoteSignature) {
		return sigs, err
	}
	locked := false
	for i, p := range parts {
		q, readErr := r.w.store.Quote(ctx, QuoteMint, r.s.MintURL, p.quote)
		if readErr != nil {
			return nil, err
		}
		if parts[i].signature, readErr = r.w.quoteSignature(q, messages(d.Outputs), true); readErr != nil {
			return nil, err
		}
		locked = locked || parts[i].signature != ""
	}
	if !locked {
		return nil, err
	}
	return send(ctx, c, d, parts)
}

func (r *run) takeIssue(ctx context.Context, parts []mintPart, coins []StoredCoin, reason string) error {
	err := r.finish(ctx, reason, func(tx Tx) error {
		if err := tx.AddCoins(ctx, coins); err != nil {
			return err
		}
		for _, p := range parts {
			if err := r.noteIssued(ctx, tx, p); err != nil {
				return err
			}
		}
		return r.closeIssue(ctx, tx, StatusCompleted)
	})
	crashpoint.Here(crashPoint(KindMint, "taken"))
	return err
}

// noteIssued notes in a quote what was issued of it.
func (r *run) noteIssued(ctx context.Context, tx Tx, p mintPart) error {
	q, err := tx.Quote(ctx, QuoteMint, r.s.MintURL, p.quote)
	if err != nil {
		return err
	}
	// The mint may have been asked meanwhile, and have counted it.
	issued, err := p.before.Add(p.amount)
	if err != nil {
		return err
	}
	q.Issued = max(q.Issued, issued)
	if q.Issued >= q.Paid {
		q.State = "ISSUED"
	}
	return tx.UpdateQuote(ctx, q)
}

// doubtPaid forgets what the mint has said to be paid on quotes, and does not issue:
// its next word counts, even if that is less.
func (r *run) doubtPaid(ctx context.Context, tx Tx, parts []mintPart) error {
	for _, p := range parts {
		q, err := tx.Quote(ctx, QuoteMint, r.s.MintURL, p.quote)
		if err != nil {
			return err
		}
		q.Paid, q.Updated = q.Issued, 0
		if err := tx.UpdateQuote(ctx, q); err != nil {
			return err
		}
	}
	return nil
}

// endIssue ends a mint that brought nothing. also is in the same commit; nil: nothing.
func (r *run) endIssue(ctx context.Context, d *MintData, reason string, also func(tx Tx) error) error {
	err := r.finish(ctx, reason, func(tx Tx) error {
		if also != nil {
			if err := also(tx); err != nil {
				return err
			}
		}
		if err := r.returnCounters(ctx, tx, d.Outputs, d.Counters); err != nil {
			return err
		}
		return r.closeIssue(ctx, tx, StatusFailed)
	})
	crashpoint.Here(crashPoint(KindMint, "undone"))
	return err
}

// closeIssue frees the quotes and ends the entry of the history.
func (r *run) closeIssue(ctx context.Context, tx Tx, status string) error {
	return r.closeEntry(ctx, tx, func(t *Transaction) { t.Status = status })
}
