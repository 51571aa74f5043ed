package mint

import (
	"context"
	"errors"
	"slices"
	"strings"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
)

// Issue signs outputs against a paid quote (NUT-04, NUT-20, NUT-23, NUT-25, NUT-30).
// What was paid is issued once, in parts where the method allows it; a request that repeats a finished issue gets the same signatures
// again. Refusals are *cashu.Error and leave nothing behind.
func (m *Mint) Issue(ctx context.Context, method string, req cashu.MintRequest) ([]cashu.BlindSignature, error) {
	out, err := checkOutputs(m.Keysets(), m.cfg.Limits, m.now(), req.Outputs)
	if err != nil {
		return nil, err
	}
	// Reading the quote asks the backend too: a wallet need not poll first.
	q, err := m.MintQuote(ctx, method, req.Quote)
	if err != nil {
		return nil, err
	}
	if err := checkIssue(q, out, req); err != nil {
		return nil, err
	}
	return m.issue(ctx, issuing{out: out, shares: []share{{q, out.sum}}})
}

// issuing is what is to be signed, and the quotes that pay for it, in the order of
// the request.
type issuing struct {
	out    checkedOutputs
	shares []share
}

// share is a quote and how much of it is issued.
type share struct {
	MintQuote
	issue cashu.Amount
}

// inOrder are the shares in the order in which all operations lock them.
func (w issuing) inOrder() []share {
	return slices.SortedFunc(slices.Values(w.shares), func(a, b share) int { return strings.Compare(a.ID, b.ID) })
}

// operation is about the quotes that pay for it.
func (w issuing) operation(op *Operation) {
	if len(w.shares) == 1 {
		op.QuoteID = w.shares[0].ID
		return
	}
	for _, s := range w.shares {
		op.Batch = append(op.Batch, s.ID)
	}
}

// issue signs for what has passed every check that does not depend on what others
// do meanwhile.
func (m *Mint) issue(ctx context.Context, w issuing) ([]cashu.BlindSignature, error) {
	if refusal := m.issuable(w); refusal != nil {
		return m.replayIssueOr(ctx, w, refusal)
	}
	if err := m.signatoryUp(ctx); err != nil {
		return m.replayIssueOr(ctx, w, err)
	}
	crashpoint.Here(crashIssueChecked)
	opCtx, done, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return m.runIssue(opCtx, w)
}

// checkIssue is what a request must fulfil whatever state its quote is in.
func checkIssue(q MintQuote, out checkedOutputs, req cashu.MintRequest) error {
	if out.unit != q.Unit {
		return cashu.Errorf(cashu.CodeUnitMismatch, "outputs are %s and the quote is %s", out.unit, q.Unit)
	}
	if fixed := q.fixed(); fixed != 0 && out.sum != fixed {
		return cashu.Errorf(cashu.CodeUnbalanced, "outputs of %d do not match the quote of %d", out.sum, fixed)
	}
	return checkLock(q, req.Outputs, req.Signature)
}

// checkLock demands the signature of a locked quote (NUT-20).
func checkLock(q MintQuote, outputs []cashu.BlindedMessage, signature string) error {
	if !q.Pubkey.IsZero() && !cashu.VerifyQuoteSignature(q.Pubkey, q.ID, outputs, signature) {
		return cashu.Errorf(cashu.CodeQuoteSignature, "signature for this quote is missing or invalid")
	}
	return nil
}

// issuable tells what stands in the way right now: a quote's state, its expiry, or
// a keyset. A paid quote never expires.
func (m *Mint) issuable(w issuing) error {
	for _, s := range w.shares {
		switch s.State() {
		case QuoteUnpaid:
			if !s.Expiry.IsZero() && m.now().After(s.Expiry) {
				return cashu.Errorf(cashu.CodeQuoteExpired, "quote has expired unpaid")
			}
			return cashu.ErrQuoteUnpaid
		case QuoteIssued:
			return cashu.ErrQuoteIssued
		}
		if s.Pending != 0 {
			return cashu.ErrQuotePending
		}
		if left := s.AmountPaid - s.AmountIssued; s.issue > left {
			return cashu.Errorf(cashu.CodeUnbalanced, "outputs of %d are more than the %d left to issue", s.issue, left)
		}
	}
	return w.out.stale
}

func (m *Mint) runIssue(ctx context.Context, w issuing) ([]cashu.BlindSignature, error) {
	saga, err := m.newSaga(OperationMint, 0, len(w.out.messages), "")
	if err != nil {
		return nil, err
	}
	w.operation(&saga.Operation)
	shares := w.inOrder()
	err = m.reserve(ctx, saga, func(tx Tx) error {
		for _, s := range shares {
			if err := tx.ReserveIssue(ctx, s.ID, saga.Ref, s.issue); err != nil {
				return err
			}
		}
		return tx.AddOutputs(ctx, saga.Operation, w.out.messages)
	})
	if err != nil {
		return m.replayIssueOr(ctx, w, m.explainIssueConflict(ctx, err, w))
	}
	defer m.letGo(saga.Ref)
	crashpoint.Here(crashIssueReserved)

	sigs, err := m.sign(ctx, w.out.messages)
	if err != nil {
		return nil, m.undo(ctx, saga, err)
	}
	if err := saga.advance(SagaSigned); err != nil {
		return nil, m.undo(ctx, saga, err)
	}
	crashpoint.Here(crashIssueSigned)

	after := make([]MintQuote, len(shares))
	err = m.finishCounted(ctx, saga, nil, w.out.messages, func(tx Tx) (err error) {
		if err := tx.SignOutputs(ctx, saga.Ref, w.out.messages, sigs); err != nil {
			return err
		}
		for i, s := range shares {
			if err := tx.FinishIssue(ctx, s.ID, saga.Ref, s.issue, m.now()); err != nil {
				return err
			}
			if after[i], err = m.mintQuoteAfter(ctx, tx, s.Method, s.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		defer func() {
			for _, s := range shares {
				m.publishMintQuote(s.Method, s.ID, MintQuote{}) // in case it happened
			}
		}()
		return m.replayIssueOr(ctx, w, m.undo(ctx, saga, err)) // as in runSwap
	}
	crashpoint.Here(crashIssueFinished)
	for i, s := range shares {
		m.publishMintQuote(s.Method, s.ID, after[i])
	}
	return sigs, nil
}

// ReleaseQuotes takes the mark of an issue off its quotes, in the order in which
// all operations lock them. An operation of another kind has none.
func ReleaseQuotes(ctx context.Context, tx Tx, op Operation) error {
	for _, id := range slices.Sorted(slices.Values(op.MintQuotes())) {
		if err := tx.ReleaseIssue(ctx, id, op.Ref); err != nil {
			return err
		}
	}
	return nil
}

// explainIssueConflict reads the quotes again to say why they could not be
// reserved.
func (m *Mint) explainIssueConflict(ctx context.Context, cause error, w issuing) error {
	if !errors.Is(cause, ErrForbiddenState) {
		return m.explainConflict(ctx, cause, nil, w.out.messages)
	}
	now := issuing{w.out, slices.Clone(w.shares)}
	for i, s := range w.shares {
		q, err := m.findQuote(ctx, s.Method, s.ID)
		if err != nil {
			return err
		}
		now.shares[i].MintQuote = q
	}
	if refusal := m.issuable(now); refusal != nil {
		return refusal
	}
	return cashu.ErrQuotePending // it was, a moment ago
}

// replayIssueOr answers a request that cannot be carried out: with the stored
// signatures if this very issue was finished before, else with the refusal.
func (m *Mint) replayIssueOr(ctx context.Context, w issuing, refusal error) ([]cashu.BlindSignature, error) {
	var same Operation
	w.operation(&same)
	sigs, err := m.replayOutputs(ctx, 0, w.out.messages, func(op Operation) bool {
		return op.Kind == OperationMint && op.QuoteID == same.QuoteID && slices.Equal(op.Batch, same.Batch)
	})
	if err != nil {
		return nil, errors.Join(refusal, err)
	}
	if sigs == nil {
		return nil, refusal
	}
	return sigs, nil
}
