package mint

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
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
	return in, out, in.checkUniqueInputs(req.Inputs)
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

	sigs, err := m.sign(ctx, out.messages)
	if err != nil {
		return nil, m.undo(ctx, saga, err)
	}
	if err := saga.advance(SagaSigned); err != nil {
		return nil, m.undo(ctx, saga, err)
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
		return m.replaySwapOr(ctx, in, out, m.undo(ctx, saga, err))
	}
	crashpoint.Here(crashSwapFinished)
	return sigs, nil
}

// sign asks the signatory that was verified, not one that took its place since.
func (m *Mint) sign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	if err := m.signatoryUp(ctx); err != nil {
		return nil, err
	}
	sigs, err := m.cfg.Signer.BlindSign(ctx, messages)
	if err != nil {
		return nil, signerError(err)
	}
	return sigs, nil
}

// newSaga starts an operation in memory.
func (m *Mint) newSaga(kind OperationKind, inputs, outputs int, quoteID string) (*Saga, error) {
	id, err := uuid.NewV7()
	if err != nil {
		return nil, fmt.Errorf("making an operation id: %w", err)
	}
	now := m.now()
	return &Saga{
		Operation:  Operation{ID: id, Kind: kind, Inputs: inputs, Outputs: outputs, QuoteID: quoteID, Created: now},
		State:      SagaInitial,
		Owner:      m.cfg.Owner,
		LeaseUntil: now.Add(2 * m.cfg.OperationTimeout), // so that an operation ends before its lease
		Updated:    now,
	}, nil
}

// reserve is the first transaction: the saga row and what fn reserves. On
// success the saga is held; the caller lets go of it.
func (m *Mint) reserve(ctx context.Context, s *Saga, fn func(Tx) error) error {
	if err := s.advance(SagaSetupComplete); err != nil {
		return err
	}
	err := m.store.Update(ctx, Deferred, func(tx Tx) error {
		m.letGo(s.Ref) // of an earlier try, if the store runs this again
		if err := tx.AddSaga(ctx, s); err != nil {
			return err
		}
		m.hold(s.Ref) // before the commit: no sweep may take it for abandoned
		return fn(tx)
	})
	if err != nil {
		m.letGo(s.Ref)
	}
	return err
}

// finish is the second transaction: what fn makes final, and the end of the saga
// row. It fails if somebody else touched the saga meanwhile.
func (m *Mint) finish(ctx context.Context, s *Saga, fn func(Tx) error) error {
	if err := s.State.next(SagaCompleted); err != nil {
		return err
	}
	err := m.store.Update(ctx, Durable, func(tx Tx) error {
		if err := tx.FinishSaga(ctx, s); err != nil {
			return err
		}
		return fn(tx)
	})
	if err != nil {
		return fmt.Errorf("finishing the %v: %w", s.Kind, err)
	}
	return s.advance(SagaCompleted)
}

// explainConflict turns a refused reservation into the code that tells a wallet
// what to do: spent, pending, already signed, or being signed.
func (m *Mint) explainConflict(ctx context.Context, cause error, proofs []SpentProof, outputs []cashu.BlindedMessage) error {
	switch {
	case errors.Is(cause, ErrProofKnown):
		records, err := m.store.Proofs(ctx, pointsOf(proofs))
		if err != nil {
			return fmt.Errorf("looking at known proofs: %w", err)
		}
		for _, r := range records {
			if r.State == ProofSpent {
				return cashu.ErrProofsSpent
			}
		}
		return cashu.ErrProofsPending
	case errors.Is(cause, ErrOutputKnown):
		records, err := m.store.Signatures(ctx, messagePoints(outputs))
		if err != nil {
			return fmt.Errorf("looking at known outputs: %w", err)
		}
		for _, r := range records {
			if r.Signed {
				return cashu.ErrOutputsSigned
			}
		}
		return cashu.ErrOutputsPending
	}
	return cause
}

func pointsOf(proofs []SpentProof) []bdhke.Point {
	ys := make([]bdhke.Point, len(proofs))
	for i := range proofs {
		ys[i] = proofs[i].Y
	}
	return ys
}

func messagePoints(outputs []cashu.BlindedMessage) []bdhke.Point {
	bs := make([]bdhke.Point, len(outputs))
	for i := range outputs {
		bs[i] = outputs[i].B
	}
	return bs
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
