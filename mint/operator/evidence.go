package operator

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/mint"
)

// Evidence is what can be seen of an unfinished operation.
type Evidence struct {
	Saga Saga `json:"saga"`
	// Melt is there for a melt whose quote is known.
	Melt *MeltFacts `json:"melt,omitzero"`
}

// MeltFacts is a melt and what its backend says of its payment.
type MeltFacts struct {
	Backend    string       `json:"backend"`
	Method     string       `json:"method"`
	Unit       cashu.Unit   `json:"unit"`
	Amount     cashu.Amount `json:"amount"`
	FeeReserve cashu.Amount `json:"fee_reserve"`
	LookupID   string       `json:"lookup_id"` // of an invoice, its payment hash
	State      string       `json:"state"`
	// Said is what the backend says, a line each; else NotAsked says why it says nothing.
	Said     []string `json:"said,omitzero"`
	NotAsked string   `json:"not_asked,omitzero"`
}

// Evidence is what can be seen of an unfinished operation.
func (l *Local) Evidence(ctx context.Context, operation uuid.UUID) (Evidence, error) {
	rows, err := l.Store.Sagas(ctx)
	if err != nil {
		return Evidence{}, fmt.Errorf("listing sagas: %w", err)
	}
	i := slices.IndexFunc(rows, func(s mint.Saga) bool { return s.ID == operation })
	if i < 0 {
		return Evidence{}, fmt.Errorf("%w: there is no unfinished operation of this id", ErrNotStuck)
	}
	row := rows[i]
	facts, err := l.Store.Facts(ctx, row.Ref)
	if err != nil {
		return Evidence{}, fmt.Errorf("looking at a saga: %w", err)
	}
	verdict, err := verdictOn(ctx, l.Store, row.Operation, facts)
	if err != nil {
		return Evidence{}, err
	}
	e := Evidence{Saga: report(row, facts, verdict)}
	if row.Kind != mint.OperationMelt {
		return e, nil
	}
	q, err := l.Store.MeltQuote(ctx, row.QuoteID)
	if errors.Is(err, mint.ErrNotFound) {
		return e, nil
	}
	if err != nil {
		return Evidence{}, fmt.Errorf("looking at a melt: %w", err)
	}
	e.Melt = &MeltFacts{
		Backend: q.Backend, Method: q.Method, Unit: q.Unit, Amount: q.Amount, FeeReserve: q.FeeReserve, LookupID: q.LookupID, State: q.State.String(),
	}
	if l.Mint == nil {
		e.Melt.NotAsked = ErrNotRunning.Error()
		return e, nil
	}
	if e.Melt.Said, err = l.Mint.MeltEvidence(ctx, row.Operation); err != nil {
		e.Melt.NotAsked = err.Error()
	}
	return e, nil
}

// Decisions are the latest that operators have made.
func (l *Local) Decisions(ctx context.Context, limit int) ([]mint.OperatorDecision, error) {
	return l.Store.Decisions(ctx, limit)
}
