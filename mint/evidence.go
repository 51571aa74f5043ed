package mint

import (
	"context"
	"errors"
	"fmt"

	"mintmark/mint/lightning"
)

// ErrNoWitness: nobody can be asked about the payment of a melt.
var ErrNoWitness = errors.New("the payment backend cannot be asked for evidence")

// MeltEvidence asks the backend of a melt what there is to be seen of its payment, for the
// operator.
func (m *Mint) MeltEvidence(ctx context.Context, op Operation) ([]string, error) {
	q, err := m.store.MeltQuote(ctx, op.QuoteID)
	if err != nil {
		return nil, fmt.Errorf("reading a melt quote: %w", err)
	}
	b, err := m.payerOf(q)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrNoWitness, err)
	}
	witness, can := firstAs[lightning.Witness](b)
	if !can {
		return nil, fmt.Errorf("%w: %s", ErrNoWitness, b.Name)
	}
	ctx, cancel := context.WithTimeout(ctx, backendTimeout)
	defer cancel()
	lines, err := witness.Evidence(ctx, q.Method, op.ID.String())
	if why := m.nodes.estranged(b.Name); why != nil {
		lines = append(lines, "and this backend is not believed: "+why.Error())
	}
	return lines, err
}
