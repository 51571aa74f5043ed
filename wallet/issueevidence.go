package wallet

import (
	"context"
	"errors"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// concludeIssue looks for evidence of what became of an issue, and does what it
// says. cause is why the request brought no signatures.
func (r *run) concludeIssue(ctx context.Context, m Mint, c *mintclient.Client, d *MintData, parts []mintPart, cause error, facts issueFacts) ([]StoredCoin, ruling, error) {
	var restored []StoredCoin
	if mintclient.Sent(cause) {
		restored = r.issueEvidence(ctx, m, c, d, parts, cause, &facts)
	}
	rule := judgeIssue(facts)
	if rule == ruleUndo || rule == ruleLost {
		again, err := r.planAnew(ctx, m, c, cause, rule)
		if err != nil {
			return nil, ruleWait, err
		}
		if again {
			return nil, ruleAgain, nil
		}
	}
	switch rule {
	case ruleAdopt:
		return restored, rule, r.takeIssue(ctx, parts, restored, "issued; the answer had been lost")
	case ruleUndo:
		return nil, rule, errors.Join(cause, r.endIssue(ctx, d, "given up: "+reasonOf(cause), func(tx Tx) error {
			if !errors.Is(cause, cashu.ErrUnbalanced) {
				return nil
			}
			return r.doubtPaid(ctx, tx, parts)
		}))
	case ruleLost:
		if err := r.endIssue(ctx, d, "the quote was issued to somebody else", nil); err != nil {
			return nil, ruleWait, err
		}
		return nil, rule, ErrTaken
	default:
		return nil, rule, cause
	}
}

// issueEvidence asks the mint what became of outputs and quotes. What is issued when
// a quote is asked can be restored after; what is signed before it is asked, and
// not counted as issued, was signed for something else.
func (r *run) issueEvidence(ctx context.Context, m Mint, c *mintclient.Client, d *MintData, parts []mintPart, cause error, f *issueFacts) []StoredCoin {
	before := 0
	if errors.Is(cause, cashu.ErrOutputsSigned) || d.IsBatch && errors.Is(cause, cashu.ErrQuoteIssued) {
		if sigs, err := r.w.restored(ctx, c, d.Outputs); err == nil {
			before = signed(sigs)
		}
	}
	answers, err := quoteAnswers(ctx, c, d.Method, parts)
	if err != nil {
		return nil
	}
	issued, open := 0, 0
	for i, a := range answers {
		_, sum := a.Totals(parts[i].amount)
		switch {
		case a.State == "": // the mint does not know it
			continue
		case a.State == "ISSUED" || sum >= parts[i].before+parts[i].amount:
			issued++
		default:
			open++
		}
		f.state = a.State
	}
	f.issued = issued > 0 && open == 0
	// What can be issued once cannot be issued for us any more; what can be paid
	// again may be, until the last request is certain to have arrived.
	f.partly = issued > 0 && open > 0 && (d.Method == methodBolt11 || f.settled)
	f.collided = before > 0 && !f.issued
	var coins []StoredCoin
	coins, f.restored = r.restoredCoins(ctx, m, c, d.Outputs)
	return coins
}

// quoteAnswers asks about the quotes of an issue, all of a batch in one request. A
// mint that refuses that is asked one by one: it refuses all if it does not know
// one. A quote of a batch that it does not know has no state.
func quoteAnswers(ctx context.Context, c *mintclient.Client, method string, parts []mintPart) ([]mintclient.MintQuote, error) {
	ids := make([]string, len(parts))
	for i, p := range parts {
		ids[i] = p.quote
	}
	if len(ids) > 1 {
		if answers, err := c.MintQuotes(ctx, method, ids); err == nil || !mintclient.Sent(err) {
			return answers, err
		}
	}
	answers := make([]mintclient.MintQuote, len(ids))
	for i, id := range ids {
		a, err := c.MintQuote(ctx, method, id)
		switch {
		case err == nil:
			answers[i] = a
		case len(ids) == 1 || !mintclient.UnknownQuote(err):
			return nil, err
		}
	}
	return answers, nil
}
