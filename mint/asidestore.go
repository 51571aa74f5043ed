package mint

import (
	"context"
	"time"

	"mintmark/cashu"
)

// SetAside is a payment that a backend reported and that no quote could take, as it was
// reported. It is somebody's money. Its name is the first four.
type SetAside struct {
	Backend   string       `json:"backend"`
	Method    string       `json:"method"`
	LookupID  string       `json:"lookup_id"`
	PaymentID string       `json:"payment_id"`
	Unit      cashu.Unit   `json:"unit"`
	Amount    cashu.Amount `json:"amount"`
	Why       string       `json:"why"`
	// Own: the reason is the payment's own and stays, so it is not tried again.
	Own bool      `json:"own"`
	At  time.Time `json:"at"` // when this was first done
	// Settled is when an operator has said that it was dealt with; zero: it is open.
	Settled time.Time `json:"settled,omitzero"`
}

// AsideReads reads what was set aside.
type AsideReads interface {
	// PaymentsAside lists payments that were set aside and are open, in the order of their
	// names, limit at most of each backend.
	PaymentsAside(ctx context.Context, limit int) ([]SetAside, error)
	// PaymentAside reads one by its name, also when it is settled; ErrNotFound.
	PaymentAside(ctx context.Context, p SetAside) (SetAside, error)
	// CountAside counts those that are open, by their backend.
	CountAside(ctx context.Context) (map[string]int, error)
}

// AsideWrites sets payments aside.
type AsideWrites interface {
	// SetPaymentAside keeps a payment, open: false when one of its name is kept already,
	// open or settled.
	SetPaymentAside(ctx context.Context, p SetAside) (bool, error)
	// MarkAside writes Why, Own and Settled of one that is open, and tells whether there was
	// one. What is settled stays: the backend may report it for ever.
	MarkAside(ctx context.Context, p SetAside) (bool, error)
	// TakePaymentBack forgets one that is open, by its name, and tells whether there was one.
	TakePaymentBack(ctx context.Context, p SetAside) (bool, error)
}
