package mint

import (
	"context"
	"fmt"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// CheckState tells of each Y whether it is unspent, pending or spent, in the
// order asked, duplicates included (NUT-07). It needs no signatory.
func (m *Mint) CheckState(ctx context.Context, ys []bdhke.Point) ([]ProofRecord, error) {
	if len(ys) > m.cfg.Limits.MaxStates {
		return nil, cashu.Errorf(cashu.CodeTooManyInputs, "%d Ys are more than the %d allowed", len(ys), m.cfg.Limits.MaxStates)
	}
	records, err := m.store.Proofs(ctx, ys)
	if err != nil {
		return nil, fmt.Errorf("reading proof states: %w", err)
	}
	return records, nil
}

// Restore returns those of the outputs that were signed, with their signatures,
// pairwise and in the order asked (NUT-09). What a running operation has
// reserved is not restored: it may still be undone. Amount and id are the stored
// ones, whatever the wallet guessed. It needs no signatory.
func (m *Mint) Restore(ctx context.Context, outputs []cashu.BlindedMessage) ([]cashu.BlindedMessage, []cashu.BlindSignature, error) {
	if len(outputs) > m.cfg.Limits.MaxOutputs {
		return nil, nil, cashu.Errorf(cashu.CodeTooManyOutputs, "%d outputs are more than the %d allowed", len(outputs), m.cfg.Limits.MaxOutputs)
	}
	records, err := m.store.Signatures(ctx, messagePoints(outputs))
	if err != nil {
		return nil, nil, fmt.Errorf("reading signatures: %w", err)
	}
	restored := make([]cashu.BlindedMessage, 0, len(records))
	sigs := make([]cashu.BlindSignature, 0, len(records))
	for _, r := range records {
		if !r.Signed {
			continue
		}
		restored = append(restored, cashu.BlindedMessage{Amount: r.Signature.Amount, ID: r.Signature.ID, B: r.B})
		sigs = append(sigs, r.Signature)
	}
	return restored, sigs, nil
}
