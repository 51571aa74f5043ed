package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// The steps that all operations share: start, reserve, sign, finish, and the
// explanation of a reservation that was refused.

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
		LeaseUntil: now.Add(m.leaseOf(kind)),
		Updated:    now,
	}, nil
}

// leaseOf is for how long a saga is left to its owner: so long that the operation
// ends before.
func (m *Mint) leaseOf(kind OperationKind) time.Duration {
	if kind == OperationMelt {
		return m.meltTimeout() + m.cfg.OperationTimeout
	}
	return 2 * m.cfg.OperationTimeout
}

// reserve is the first transaction: the saga row and what fn reserves. On
// success the saga is held; the caller lets go of it.
func (m *Mint) reserve(ctx context.Context, s *Saga, fn func(Tx) error) error {
	return m.reserveAs(ctx, Deferred, s, fn)
}

// reserveAs is reserve with the durability that what follows demands.
func (m *Mint) reserveAs(ctx context.Context, d Durability, s *Saga, fn func(Tx) error) error {
	if err := s.advance(SagaSetupComplete); err != nil {
		return err
	}
	err := m.store.Update(ctx, d, func(tx Tx) error {
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
