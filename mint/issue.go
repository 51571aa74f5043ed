package mint

import (
	"context"
	"errors"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
)

// Issue signs outputs against a paid quote (NUT-04, NUT-20, NUT-23). A quote is
// issued once; a request that repeats the finished issue gets the same
// signatures again. Refusals are *cashu.Error and leave nothing behind.
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
	if refusal := m.issuable(q, out); refusal != nil {
		return m.replayIssueOr(ctx, q, out, refusal)
	}
	if err := m.signatoryUp(ctx); err != nil {
		return m.replayIssueOr(ctx, q, out, err)
	}
	crashpoint.Here(crashIssueChecked)
	opCtx, done, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return m.runIssue(opCtx, q, out)
}

// checkIssue is what a request must fulfil whatever state its quote is in.
func checkIssue(q MintQuote, out checkedOutputs, req cashu.MintRequest) error {
	if out.unit != q.Unit {
		return cashu.Errorf(cashu.CodeUnitMismatch, "outputs are %s and the quote is %s", out.unit, q.Unit)
	}
	if q.Amount != 0 && out.sum != q.Amount {
		return cashu.Errorf(cashu.CodeUnbalanced, "outputs of %d do not match the quote of %d", out.sum, q.Amount)
	}
	if q.Pubkey.IsZero() {
		return nil
	}
	if !cashu.VerifyQuoteSignature(q.Pubkey, q.ID, req.Outputs, req.Signature) {
		return cashu.Errorf(cashu.CodeQuoteSignature, "signature for this quote is missing or invalid")
	}
	return nil
}

// issuable tells what stands in the way right now: the quote's state, its
// expiry, or a keyset. A paid quote never expires.
func (m *Mint) issuable(q MintQuote, out checkedOutputs) error {
	switch q.State() {
	case QuoteUnpaid:
		if !q.Expiry.IsZero() && m.now().After(q.Expiry) {
			return cashu.Errorf(cashu.CodeQuoteExpired, "quote has expired unpaid")
		}
		return cashu.ErrQuoteUnpaid
	case QuoteIssued:
		return cashu.ErrQuoteIssued
	}
	if q.Pending != 0 {
		return cashu.ErrQuotePending
	}
	if left := q.AmountPaid - q.AmountIssued; out.sum > left {
		return cashu.Errorf(cashu.CodeUnbalanced, "outputs of %d are more than the %d left to issue", out.sum, left)
	}
	return out.stale
}

func (m *Mint) runIssue(ctx context.Context, q MintQuote, out checkedOutputs) ([]cashu.BlindSignature, error) {
	saga, err := m.newSaga(OperationMint, 0, len(out.messages), q.ID)
	if err != nil {
		return nil, err
	}
	err = m.reserve(ctx, saga, func(tx Tx) error {
		if err := tx.ReserveIssue(ctx, q.ID, saga.Ref, out.sum); err != nil {
			return err
		}
		return tx.AddOutputs(ctx, saga.Operation, out.messages)
	})
	if err != nil {
		return m.replayIssueOr(ctx, q, out, m.explainIssueConflict(ctx, err, q, out))
	}
	defer m.letGo(saga.Ref)
	crashpoint.Here(crashIssueReserved)

	sigs, err := m.sign(ctx, out.messages)
	if err != nil {
		return nil, m.undo(ctx, saga, err)
	}
	if err := saga.advance(SagaSigned); err != nil {
		return nil, m.undo(ctx, saga, err)
	}
	crashpoint.Here(crashIssueSigned)

	var now MintQuote
	err = m.finishCounted(ctx, saga, nil, out.messages, func(tx Tx) (err error) {
		if err := tx.SignOutputs(ctx, saga.Ref, out.messages, sigs); err != nil {
			return err
		}
		if err := tx.FinishIssue(ctx, q.ID, saga.Ref, out.sum, m.now()); err != nil {
			return err
		}
		now, err = m.mintQuoteAfter(ctx, tx, q.Method, q.ID)
		return err
	})
	if err != nil {
		defer m.publishMintQuote(q.Method, q.ID, MintQuote{})       // in case it happened
		return m.replayIssueOr(ctx, q, out, m.undo(ctx, saga, err)) // as in runSwap
	}
	crashpoint.Here(crashIssueFinished)
	m.publishMintQuote(q.Method, q.ID, now)
	return sigs, nil
}

// explainIssueConflict reads the quote again to say why it could not be
// reserved.
func (m *Mint) explainIssueConflict(ctx context.Context, cause error, q MintQuote, out checkedOutputs) error {
	if !errors.Is(cause, ErrForbiddenState) {
		return m.explainConflict(ctx, cause, nil, out.messages)
	}
	now, err := m.findQuote(ctx, q.Method, q.ID)
	if err != nil {
		return err
	}
	if refusal := m.issuable(now, out); refusal != nil {
		return refusal
	}
	return cashu.ErrQuotePending // it was, a moment ago
}

// replayIssueOr answers a request that cannot be carried out: with the stored
// signatures if this very issue was finished before, else with the refusal.
func (m *Mint) replayIssueOr(ctx context.Context, q MintQuote, out checkedOutputs, refusal error) ([]cashu.BlindSignature, error) {
	sigs, err := m.replayOutputs(ctx, 0, out.messages, func(op Operation) bool {
		return op.Kind == OperationMint && op.QuoteID == q.ID
	})
	if err != nil {
		return nil, errors.Join(refusal, err)
	}
	if sigs == nil {
		return nil, refusal
	}
	return sigs, nil
}
