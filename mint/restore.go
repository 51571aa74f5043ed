package mint

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// CheckState tells of each Y whether it is unspent, pending or spent, in the
// order asked, duplicates included (NUT-07). It needs no signatory.
func (m *Mint) CheckState(ctx context.Context, ys []bdhke.Point) ([]ProofRecord, error) {
	if len(ys) > m.cfg.Limits.MaxStates {
		return nil, cashu.Errorf(cashu.CodeTooManyInputs, "%d Ys are more than the %d allowed", len(ys), m.cfg.Limits.MaxStates)
	}
	records := make([]ProofRecord, len(ys))
	parts := min(maxStateReads, max(1, len(ys)/statesPerRead))
	errs := make([]error, parts)
	read := func(part int) {
		from, to := part*len(ys)/parts, (part+1)*len(ys)/parts
		found, err := m.store.Proofs(ctx, ys[from:to])
		copy(records[from:to], found)
		errs[part] = err
	}
	var wg sync.WaitGroup
	for part := 1; part < parts; part++ {
		wg.Go(func() { read(part) })
	}
	read(0)
	wg.Wait()
	if err := errors.Join(errs...); err != nil {
		return nil, fmt.Errorf("reading proof states: %w", err)
	}
	return records, nil
}

// A wallet that restores asks for a thousand states at once and waits for them,
// so a long list is read in a few parts at the same time. The parts may see
// different commits; each state is true at some moment of the request. The number
// is small because every part takes a connection of the database.
const (
	statesPerRead = 250
	maxStateReads = 4
)

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
