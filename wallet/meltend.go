package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/wallet/mintclient"
)

// checkMelt finds out from the mint how the payment has ended, if it has. cause is
// why the last request brought no answer; nil if nothing was sent just now.
func (r *run) checkMelt(ctx context.Context, m Mint, cause error) (MeltResult, ruling, error) {
	d, c, err := r.meltData()
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	if coins, err := r.w.store.CoinsByY(ctx, d.FinalProofYs[:1]); err != nil {
		return MeltResult{}, ruleWait, err
	} else if coins[0].UsedBy != r.s.ID { // what Reclaim has not come to write down
		err := errors.New("its coins were exchanged for others")
		return MeltResult{}, ruleUndo, errors.Join(err, r.undoMelt(ctx, d, nil, err))
	}
	q, err := r.w.store.Quote(ctx, QuoteMelt, r.s.MintURL, d.Quote)
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	facts := meltFacts{
		neverSent: cause != nil && len(d.Attempts) == 1 && !mintclient.Sent(cause),
		refused:   len(d.Attempts) > 0 && r.openAttempts() == 0, settled: r.settled(), arrived: r.allArrived(), proven: q.provenBy(string(q.Proof)),
		expired: d.QuoteExpiry != 0 && r.w.now().After(time.Unix(d.QuoteExpiry, 0).Add(expiryMargin)),
	}
	if errors.Is(cause, cashu.ErrOutputsSigned) {
		sigs, err := r.w.restored(ctx, c, d.Change)
		facts.collided = err == nil && signed(sigs) > 0
	}
	answer, err := c.MeltQuote(ctx, d.Method, d.Quote)
	switch unknown := mintclient.UnknownQuote(err); {
	case unknown:
		facts.state = quoteUnknown
	case err != nil && cause == nil:
		return MeltResult{}, ruleWait, err
	case err == nil:
		facts.state = answer.State
		facts.proven = facts.proven || q.provenBy(answer.Proof())
		if q, err = r.w.updateQuote(ctx, q, func(q *Quote) { takeMeltQuote(q, answer) }); err != nil {
			return MeltResult{}, ruleWait, err
		}
	}
	if facts.state != "" && facts.state != "PENDING" {
		if entries, err := c.CheckState(ctx, d.FinalProofYs); err == nil {
			for _, e := range entries {
				facts.states = append(facts.states, e.State)
			}
		}
	}
	switch rule := judgeMelt(facts); rule {
	case ruleAdopt:
		return r.takeMelt(ctx, m, c, d, answer)
	case ruleUndo:
		again, err := r.planAnew(ctx, m, c, cause, rule)
		if err != nil {
			return MeltResult{}, ruleWait, err
		}
		if again {
			return MeltResult{}, ruleAgain, nil
		}
		if cause == nil {
			cause = fmt.Errorf("%w: the quote is %s", ErrNoPayment, facts.state)
		}
		if err := r.undoMelt(ctx, d, facts.states, cause); err != nil {
			return MeltResult{}, ruleWait, err
		}
		return MeltResult{}, rule, cause
	default:
		if facts.state == "PENDING" && r.s.State != MeltPaymentPending {
			return MeltResult{}, rule, errors.Join(cause, r.meltPending(ctx))
		}
		return MeltResult{}, rule, cause
	}
}

// meltPending notes that the mint says that it is paying.
func (r *run) meltPending(ctx context.Context) error {
	err := r.step(ctx, MeltPaymentPending, "the mint is paying", nil)
	crashpoint.Here(crashPoint(KindMelt, "pending"))
	return err
}

// takeMelt ends a melt that was paid, with the change. The change is in the
// answer; if it is not, the mint is asked for the signatures again.
func (r *run) takeMelt(ctx context.Context, m Mint, c *mintclient.Client, d *MeltData, answer mintclient.MeltQuote) (MeltResult, ruling, error) {
	change, err := r.change(ctx, m, c, d, answer.Change)
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	returned, err := sumOf(change)
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	var sum cashu.Amount
	for _, in := range d.Inputs {
		if sum, err = sum.Add(in.Amount); err != nil {
			return MeltResult{}, ruleWait, err
		}
	}
	spent, err := sum.Sub(returned)
	if err != nil || spent < d.Amount {
		return MeltResult{}, ruleWait, fmt.Errorf("%w: more change than there can be", errBadAnswer)
	}
	result := MeltResult{Amount: d.Amount, Fee: spent - d.Amount, Proof: answer.Proof()}
	err = r.finish(ctx, "paid", func(tx Tx) error {
		if err := tx.MoveCoins(ctx, d.FinalProofYs, r.s.ID, orSpent, CoinSpent); err != nil {
			return err
		}
		if err := tx.AddCoins(ctx, change); err != nil {
			return err
		}
		q, err := tx.Quote(ctx, QuoteMelt, r.s.MintURL, d.Quote)
		if err != nil {
			return err
		}
		takeMeltQuote(&q, answer)
		if err := tx.UpdateQuote(ctx, q); err != nil {
			return err
		}
		return r.closeMelt(ctx, tx, StatusCompleted, result)
	})
	if err != nil {
		return MeltResult{}, ruleWait, err
	}
	crashpoint.Here(crashPoint(KindMelt, "taken"))
	return result, ruleAdopt, nil
}

// change makes coins of the change. Signatures belong to the blank outputs by
// position, and say their own amount (NUT-08).
func (r *run) change(ctx context.Context, m Mint, c *mintclient.Client, d *MeltData, sigs []cashu.BlindSignature) ([]StoredCoin, error) {
	if len(d.Change) == 0 {
		return nil, nil
	}
	if n := len(sigs); n > 0 && n <= len(d.Change) {
		coins, err := r.w.coins(m, r.s.Unit, d.Change[:len(sigs)], sigs, r.s.ID, r.w.now())
		if err == nil {
			return coins, nil
		}
		// The quote may show change that is not for our blank outputs.
	}
	restored, err := r.w.restored(ctx, c, d.Change)
	if err != nil {
		return nil, err
	}
	var outputs []Planned
	var found []cashu.BlindSignature
	for i, s := range restored {
		if !s.C.IsZero() {
			outputs, found = append(outputs, d.Change[i]), append(found, s)
		}
	}
	return r.w.coins(m, r.s.Unit, outputs, found, r.s.ID, r.w.now())
}

// undoMelt frees the coins of a payment that was not made and cannot be made any
// more, except those that the mint calls spent.
func (r *run) undoMelt(ctx context.Context, d *MeltData, states []cashu.ProofState, cause error) error {
	err := r.finish(ctx, "given up: "+reasonOf(cause), func(tx Tx) error {
		coins, err := tx.CoinsByY(ctx, d.FinalProofYs)
		if err != nil {
			return err
		}
		var spent []bdhke.Point
		for i, c := range coins {
			if i < len(states) && states[i] == cashu.ProofSpent && c.UsedBy == r.s.ID { // else a swap has taken it
				spent = append(spent, c.Y)
			}
		}
		if err := tx.MoveCoins(ctx, spent, r.s.ID, []CoinState{CoinPending, CoinReserved}, CoinSpent); err != nil {
			return err
		}
		if _, err := tx.ReleaseCoins(ctx, r.s.ID); err != nil {
			return err
		}
		if err := r.returnCounters(ctx, tx, d.Change, d.Counters); err != nil {
			return err
		}
		return r.closeMelt(ctx, tx, StatusFailed, MeltResult{Amount: d.Amount})
	})
	crashpoint.Here(crashPoint(KindMelt, "undone"))
	return err
}

// closeMelt frees the quote and ends the entry of the history.
func (r *run) closeMelt(ctx context.Context, tx Tx, status string, result MeltResult) error {
	return r.closeEntry(ctx, tx, func(t *Transaction) {
		t.Status, t.Fee, t.Proof = status, result.Fee, Secret(result.Proof)
	})
}
