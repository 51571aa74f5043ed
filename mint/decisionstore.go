package mint

import (
	"context"
	"time"
)

// OperatorDecision is what an operator has decided by hand.
type OperatorDecision struct {
	At       time.Time `json:"at"`
	About    string    `json:"about"`    // such as the id of an operation
	Decision string    `json:"decision"` // such as "release"
	Why      string    `json:"why"`      // in the operator's words
	Evidence string    `json:"evidence"` // what was there to be seen, as JSON
}

// DecisionReads reads what operators have decided.
type DecisionReads interface {
	// Decisions lists the latest, those first, limit at most.
	Decisions(ctx context.Context, limit int) ([]OperatorDecision, error)
}

// DecisionWrites keeps it, for ever.
type DecisionWrites interface {
	AddDecision(ctx context.Context, d OperatorDecision) error
}
