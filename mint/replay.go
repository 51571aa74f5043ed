package mint

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
)

// Replay: a request that repeats a finished operation gets that operation's
// signatures. A lost answer then costs nobody anything, after any restart, on
// any replica, and without the signatory. It gives nothing away: whoever holds
// the blinded messages can restore their signatures anyhow (NUT-09).

// replaySwapOr answers a request that cannot be carried out: with the stored
// signatures if this very swap was finished before, else with the refusal.
func (m *Mint) replaySwapOr(ctx context.Context, in checkedInputs, out checkedOutputs, refusal error) ([]cashu.BlindSignature, error) {
	if errors.Is(refusal, cashu.ErrProofsPending) || errors.Is(refusal, cashu.ErrProofInvalid) && !in.locks.Early() {
		// Neither can be a finished swap, unless a locktime that had passed
		// where it was finished has not passed here.
		return nil, refusal
	}
	sigs, err := m.replaySwap(ctx, in, out)
	if err != nil {
		return nil, errors.Join(refusal, err)
	}
	if sigs == nil {
		return nil, refusal
	}
	return sigs, nil
}

// replaySwap returns the signatures of the finished swap that spent exactly
// these inputs for exactly these outputs, or nil.
func (m *Mint) replaySwap(ctx context.Context, in checkedInputs, out checkedOutputs) ([]cashu.BlindSignature, error) {
	proofs, err := m.store.Proofs(ctx, pointsOf(in.proofs))
	if err != nil {
		return nil, fmt.Errorf("looking for a finished swap: %w", err)
	}
	ref := proofs[0].Operation
	for _, p := range proofs {
		if p.State != ProofSpent || p.Operation != ref {
			return nil, nil
		}
	}
	return m.replayOutputs(ctx, ref, out.messages, func(op Operation) bool {
		return op.Kind == OperationSwap && op.Inputs == len(in.proofs)
	})
}

// replayOutputs returns the signatures of the operation if it signed exactly
// these outputs and passes the test, or nil.
func (m *Mint) replayOutputs(ctx context.Context, ref OperationRef, outputs []cashu.BlindedMessage, test func(Operation) bool) ([]cashu.BlindSignature, error) {
	records, err := m.store.Signatures(ctx, messagePoints(outputs))
	if err != nil {
		return nil, fmt.Errorf("looking for finished outputs: %w", err)
	}
	if ref == 0 {
		ref = records[0].Operation
	}
	sigs := make([]cashu.BlindSignature, len(outputs))
	for i, r := range records {
		same := r.Signed && r.Operation == ref && r.Signature.Amount == outputs[i].Amount && r.Signature.ID == outputs[i].ID
		if !same {
			return nil, nil
		}
		sigs[i] = r.Signature
	}
	op, err := m.store.Operation(ctx, ref)
	if err != nil {
		return nil, fmt.Errorf("reading a finished operation: %w", err)
	}
	if op.Outputs != len(outputs) || !test(op) {
		return nil, nil
	}
	return sigs, nil
}
