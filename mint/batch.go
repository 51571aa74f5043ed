package mint

import (
	"context"

	"mintmark/cashu"
)

// IssueBatch signs outputs against several paid quotes of one method and unit at
// once (NUT-29): for all of them or for none. A batch of one quote is an issue.
func (m *Mint) IssueBatch(ctx context.Context, method string, req cashu.BatchMintRequest) ([]cashu.BlindSignature, error) {
	out, err := checkOutputs(m.Keysets(), m.cfg.Limits, m.now(), req.Outputs)
	if err != nil {
		return nil, err
	}
	quotes, err := m.MintQuotes(ctx, method, req.Quotes)
	if err != nil {
		return nil, err
	}
	w := issuing{out: out}
	if w.shares, err = divide(quotes, out, req.Amounts); err != nil {
		return nil, err
	}
	for i, q := range quotes {
		if err := checkBatchLock(q, i, req); err != nil {
			return nil, err
		}
	}
	return m.issue(ctx, w)
}

// MintQuotes reads quotes of one method, in the order asked, as MintQuote does
// (NUT-29): all of them or none.
func (m *Mint) MintQuotes(ctx context.Context, method string, ids []string) ([]MintQuote, error) {
	if len(ids) > m.cfg.Limits.MaxQuotes {
		return nil, cashu.Errorf(cashu.CodeTooManyQuotes, "%d quotes are more than the %d allowed", len(ids), m.cfg.Limits.MaxQuotes)
	}
	if len(ids) == 0 {
		return nil, cashu.Errorf(cashu.CodeMalformed, "there are no quotes")
	}
	seen := make(map[string]struct{}, len(ids))
	for _, id := range ids {
		if _, dup := seen[id]; dup {
			return nil, cashu.ErrDuplicateQuotes
		}
		seen[id] = struct{}{}
	}
	// All are found before a backend is asked about any.
	quotes := make([]MintQuote, len(ids))
	for i, id := range ids {
		var err error
		if quotes[i], err = m.findQuote(ctx, method, id); err != nil {
			return nil, err
		}
	}
	for i, q := range quotes {
		var err error
		if quotes[i], err = m.refreshed(ctx, q); err != nil {
			return nil, err
		}
	}
	return quotes, nil
}

// divide says how much is issued of each quote: of one that is issued at once its
// amount, of another what the wallet says in amounts. Of the latter a wallet may say
// more than its outputs come to; then the last quotes give less, and keep the rest.
func divide(quotes []MintQuote, out checkedOutputs, amounts []cashu.Amount) ([]share, error) {
	shares := make([]share, len(quotes))
	left := out.sum
	for i, q := range quotes {
		fixed := q.fixed()
		switch {
		case q.Unit != quotes[0].Unit:
			return nil, cashu.Errorf(cashu.CodeMultipleUnits, "quotes are of several units")
		case q.Unit != out.unit:
			return nil, cashu.Errorf(cashu.CodeUnitMismatch, "outputs are %s and the quotes are %s", out.unit, q.Unit)
		case amounts == nil && fixed == 0:
			return nil, cashu.Errorf(cashu.CodeMalformed, "quotes of this payment method need quote_amounts")
		case amounts != nil && amounts[i] == 0:
			return nil, cashu.Errorf(cashu.CodeAmountOutOfRange, "amount %d is zero", i)
		case amounts != nil && fixed != 0 && amounts[i] != fixed:
			return nil, cashu.Errorf(cashu.CodeUnbalanced, "amount %d is not that of its quote, %d", i, fixed)
		case fixed > left:
			return nil, cashu.Errorf(cashu.CodeUnbalanced, "outputs of %d are less than the quotes", out.sum)
		}
		issue := fixed
		if fixed == 0 {
			issue = min(amounts[i], left)
		}
		left -= issue
		shares[i] = share{q, issue}
	}
	if left != 0 {
		return nil, cashu.Errorf(cashu.CodeUnbalanced, "outputs of %d are more than the quotes", out.sum)
	}
	return shares, nil
}

// checkBatchLock is checkLock for one quote of a batch. It covers all outputs. What
// is not locked must not be signed, so that a wallet which has mixed up the order
// hears of it.
func checkBatchLock(q MintQuote, i int, req cashu.BatchMintRequest) error {
	var signature *string
	if req.Signatures != nil {
		signature = req.Signatures[i]
	}
	if q.Pubkey.IsZero() && signature != nil {
		return cashu.Errorf(cashu.CodeQuoteSignature, "quote %d is not locked and has a signature", i)
	}
	return checkLock(q, req.Outputs, deref(signature))
}
