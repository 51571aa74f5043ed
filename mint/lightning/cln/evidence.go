package cln

import (
	"context"
	"fmt"

	"mintmark/mint/lightning"
)

var _ lightning.Witness = (*Backend)(nil)

// Evidence implements lightning.Witness: the journal, and what the node lists of the debt.
func (b *Backend) Evidence(ctx context.Context, method, id string) ([]string, error) {
	const doing = "look at a payment"
	ctx, leave, err := b.life.Enter(ctx)
	if err != nil {
		return nil, b.wrap(doing, err)
	}
	defer leave()
	lines, a, err := b.journal.Evidence(ctx, method, id)
	if err != nil || a == nil {
		return lines, b.wrap(doing, err)
	}
	var found struct {
		Pays []payment `json:"pays"`
	}
	if err := b.quick(ctx, "listpays", map[string]any{"payment_hash": a.Debt}, &found); err != nil {
		return append(lines, fmt.Sprintf("the node cannot be asked: %v", err)), nil
	}
	for _, p := range found.Pays {
		whose := "of another name"
		if p.Label == a.ID {
			whose = "of this attempt"
		}
		lines = append(lines, fmt.Sprintf("the node has a payment %s: %s", whose, clean(p.Status)))
	}
	return append(lines, fmt.Sprintf("the node lists %d payments of this hash", len(found.Pays))), nil
}
