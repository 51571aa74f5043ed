package mint

import (
	"context"
	"time"

	"mintmark/cashu"
)

// SetAside is a payment that a backend reported and that no quote could take, as it was
// reported. It is somebody's money.
type SetAside struct {
	Backend   string       `json:"backend"`
	Method    string       `json:"method"`
	LookupID  string       `json:"lookup_id"`
	PaymentID string       `json:"payment_id"`
	Unit      cashu.Unit   `json:"unit"`
	Amount    cashu.Amount `json:"amount"`
	Why       string       `json:"why"`
	At        time.Time    `json:"at"` // when this was first done
}

// AsideReads reads what was set aside.
type AsideReads interface {
	// PaymentsAside lists payments that were set aside, in the order of their names, limit
	// at most.
	PaymentsAside(ctx context.Context, limit int) ([]SetAside, error)
}

// AsideWrites sets payments aside.
type AsideWrites interface {
	// SetPaymentAside keeps a payment: false when one of its backend, method, lookup id
	// and payment id is kept already.
	SetPaymentAside(ctx context.Context, p SetAside) (bool, error)
	// TakePaymentBack forgets one, by the same four, and tells whether it was there.
	TakePaymentBack(ctx context.Context, p SetAside) (bool, error)
}

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
