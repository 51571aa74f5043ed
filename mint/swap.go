package mint

import (
	"context"
	"fmt"

	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/internal/crashpoint"
)

// Swap exchanges inputs for signatures on outputs (NUT-03). The answer is in the
// order of the outputs. A request that repeats a finished swap gets the same
// signatures again. Refusals are *cashu.Error and leave nothing behind; an error
// with CodeUnavailable says the same and may be tried again.
func (m *Mint) Swap(ctx context.Context, req cashu.SwapRequest) ([]cashu.BlindSignature, error) {
	in, out, err := m.checkSwap(req)
	if err != nil {
		return nil, err
	}
	if stale := firstOf(in.stale, out.stale); stale != nil {
		return m.replaySwapOr(ctx, in, out, stale)
	}
	if err := in.locks.Verify(); err != nil {
		return m.replaySwapOr(ctx, in, out, err)
	}
	if err := m.signatoryUp(ctx); err != nil {
		return m.replaySwapOr(ctx, in, out, err)
	}
	if err := m.cfg.Signer.VerifyProofs(ctx, req.Inputs); err != nil {
		return m.replaySwapOr(ctx, in, out, signerError(err))
	}
	crashpoint.Here(crashSwapVerified)
	opCtx, done, err := m.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer done()
	return m.runSwap(opCtx, in, out)
}

// checkSwap is everything that can be decided without I/O.
func (m *Mint) checkSwap(req cashu.SwapRequest) (in checkedInputs, out checkedOutputs, err error) {
	view, now := m.Keysets(), m.now()
	if in, err = checkInputs(view, m.cfg.Limits, now, req.Inputs); err != nil {
		return in, out, err
	}
	if out, err = checkOutputs(view, m.cfg.Limits, now, req.Outputs); err != nil {
		return in, out, err
	}
	if err = checkBalance(in, out); err != nil {
		return in, out, err
	}
	return in, out, in.checkSpend(conditions.Transaction{Inputs: req.Inputs, Outputs: req.Outputs}, now)
}

func (m *Mint) runSwap(ctx context.Context, in checkedInputs, out checkedOutputs) ([]cashu.BlindSignature, error) {
	saga, err := m.newSaga(OperationSwap, len(in.proofs), len(out.messages), "")
	if err != nil {
		return nil, err
	}
	err = m.reserve(ctx, saga, func(tx Tx) error {
		if err := tx.AddProofs(ctx, saga.Operation, in.proofs); err != nil {
			return err
		}
		return tx.AddOutputs(ctx, saga.Operation, out.messages)
	})
	if err != nil {
		return m.replaySwapOr(ctx, in, out, m.explainConflict(ctx, err, in.proofs, out.messages))
	}
	defer m.letGo(saga.Ref)
	crashpoint.Here(crashSwapReserved)
	m.publishProofs(in.proofs, ProofPending)
	undo := func(cause error) error {
		err := m.undo(ctx, saga, cause)
		m.publishProofs(in.proofs, ProofUnspent)
		return err
	}

	sigs, err := m.sign(ctx, out.messages)
	if err != nil {
		return nil, undo(err)
	}
	if err := saga.advance(SagaSigned); err != nil {
		return nil, undo(err)
	}
	crashpoint.Here(crashSwapSigned)

	err = m.finishCounted(ctx, saga, in.proofs, out.messages, func(tx Tx) error {
		n, err := tx.SpendProofs(ctx, saga.Ref)
		if err != nil {
			return err
		}
		if n != saga.Inputs {
			return fmt.Errorf("spent %d of %d inputs: %w", n, saga.Inputs, ErrForbiddenState)
		}
		return tx.SignOutputs(ctx, saga.Ref, out.messages, sigs)
	})
	if err != nil {
		// Whether that commit happened may be unknown. If it did, its own
		// signatures are the answer; if not, undoing says so.
		return m.replaySwapOr(ctx, in, out, undo(err))
	}
	crashpoint.Here(crashSwapFinished)
	m.publishProofs(in.proofs, ProofSpent)
	return sigs, nil
}
