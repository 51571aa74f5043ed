package wallet

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// Several quotes issued with one request (NUT-29): all of them, or none. It is one
// operation, of which every quote is a part.

// mintPart is a quote of an issue and what is issued of it.
type mintPart struct {
	quote     string
	amount    cashu.Amount
	before    cashu.Amount // issued on it before
	signature string       // NUT-20; empty: the quote is not locked
}

// newMintData is an issue of all that is open on quotes, without outputs.
func newMintData(quotes []Quote) (*MintData, error) {
	first := quotes[0]
	d := &MintData{Quote: first.ID, Method: first.Method, IssuedBefore: first.Issued, IsBatch: len(quotes) > 1}
	for _, q := range quotes {
		var err error
		if d.Amount, err = d.Amount.Add(q.Open()); err != nil {
			return nil, err
		}
		d.QuoteAmounts = append(d.QuoteAmounts, q.Open())
		if d.IsBatch {
			d.QuoteIDs, d.QuotesIssuedBefore = append(d.QuoteIDs, q.ID), append(d.QuotesIssuedBefore, q.Issued)
		}
	}
	return d, nil
}

// parts are the quotes in the order of the request.
func (d *MintData) parts() ([]mintPart, error) {
	if !d.IsBatch {
		p := mintPart{quote: d.Quote, amount: d.Amount, before: d.IssuedBefore}
		if len(d.Signatures) > 0 {
			p.signature = d.Signatures[0]
		}
		return []mintPart{p}, nil
	}
	n := len(d.QuoteIDs)
	if n == 0 || len(d.QuoteAmounts) != n || len(d.QuotesIssuedBefore) != n || len(d.Signatures) != n {
		return nil, errors.New("a batch of another program cannot be gone on with")
	}
	parts := make([]mintPart, n)
	for i, id := range d.QuoteIDs {
		parts[i] = mintPart{id, d.QuoteAmounts[i], d.QuotesIssuedBefore[i], d.Signatures[i]}
	}
	return parts, nil
}

// quoteSignatures signs for each quote, over all outputs; empty where a quote is not
// locked.
func (w *Wallet) quoteSignatures(quotes []Quote, outputs []cashu.BlindedMessage, legacy bool) ([]string, error) {
	sigs := make([]string, len(quotes))
	for i, q := range quotes {
		var err error
		if sigs[i], err = w.quoteSignature(q, outputs, legacy); err != nil {
			return nil, err
		}
	}
	return sigs, nil
}

// send makes the request of an issue from what was written down.
func send(ctx context.Context, c *mintclient.Client, d *MintData, parts []mintPart) ([]cashu.BlindSignature, error) {
	if !d.IsBatch {
		return c.Mint(ctx, d.Method, cashu.MintRequest{Quote: parts[0].quote, Outputs: messages(d.Outputs), Signature: parts[0].signature})
	}
	req := cashu.BatchMintRequest{Outputs: messages(d.Outputs)}
	signatures, locked := make([]*string, len(parts)), false
	for i := range parts {
		req.Quotes, req.Amounts = append(req.Quotes, parts[i].quote), append(req.Amounts, parts[i].amount)
		if parts[i].signature != "" {
			signatures[i], locked = &parts[i].signature, true
		}
	}
	if locked {
		req.Signatures = signatures
	}
	return c.MintBatch(ctx, d.Method, req)
}

// errNotTogether is why a batch is given up that the mint has neither carried out nor
// answered for so long that no request can be on its way.
var errNotTogether = fmt.Errorf("%w, to a request for several quotes", mintclient.ErrNoAnswer)

// recoverIssue goes on with an issue. What a batch was not given is issued one by
// one: one quote may have stood in the way of the others, or the mint does not do
// what it says of batches.
func (r *run) recoverIssue(ctx context.Context) error {
	_, err := r.performIssue(ctx)
	d, ok := r.s.Data.(*MintData)
	if err == nil || !ok || !d.IsBatch || errors.Is(err, ErrPending) {
		return err
	}
	var failed []error
	late := false
	for _, id := range d.QuoteIDs {
		_, err := r.w.Issue(ctx, r.s.MintURL, id, MintOptions{})
		switch {
		case errors.Is(err, cashu.ErrQuoteIssued), errors.Is(err, ErrTaken):
			late = true
		case err != nil && !errors.Is(err, cashu.ErrQuoteUnpaid):
			failed = append(failed, err)
		}
	}
	if late { // the batch itself, against all that was to be expected?
		failed = append(failed, r.adoptLate(ctx, d))
	}
	return errors.Join(failed...)
}

// adoptLate takes what was signed of a request that was given up.
func (r *run) adoptLate(ctx context.Context, d *MintData) error {
	m, err := r.w.Mint(ctx, r.s.MintURL)
	if err != nil {
		return err
	}
	c, err := r.w.client(r.s.MintURL)
	if err != nil {
		return err
	}
	return r.adoptSigned(ctx, m, c, d.Outputs)
}
