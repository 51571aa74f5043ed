package wallet

import (
	"context"

	"github.com/google/uuid"

	"mintmark/cashu"
)

// Transaction is an entry of the history that people read.
type Transaction struct {
	Operation uuid.UUID // one entry for each
	Kind      Kind
	MintURL   string
	Unit      cashu.Unit
	Amount    cashu.Amount
	Fee       cashu.Amount
	Incoming  bool
	Status    string // one of the words below
	Memo      string
	QuoteID   string
	Request   string
	Token     Secret // of a send, so that it can be shown again
	Proof     Secret // of the payment
	At        int64  // unix seconds
	// Payment is what a melt pays; empty: it is none. Parts of one payment have one
	// Group.
	Payment string
	Group   uuid.UUID
}

// How an operation stands in the history. The strings are stored: append only.
const (
	StatusPending   = "pending"
	StatusCompleted = "completed"
	StatusFailed    = "failed"
	StatusTakenBack = "taken_back" // a token, by its sender
	StatusAbandoned = "abandoned"  // given up, and can be taken up again
)

// InboxItem is a token that could not be received: kept until it can, or until
// its owner throws it away.
type InboxItem struct {
	ID      uuid.UUID
	Token   Secret
	Amount  cashu.Amount
	Unit    cashu.Unit
	MintURL string
	Reason  string
	At      int64
}

// HistoryReads reads what happened.
type HistoryReads interface {
	// Transactions lists the newest first, at most limit; 0 is all.
	Transactions(ctx context.Context, limit int) ([]Transaction, error)
	Transaction(ctx context.Context, op uuid.UUID) (Transaction, error)
	// TokenReceived finds the receive of exactly this token that is under way or
	// completed.
	TokenReceived(ctx context.Context, token Secret) (Transaction, error)
	// Payments lists the entries of a payment that have not failed, oldest first.
	Payments(ctx context.Context, payment string) ([]Transaction, error)
	Inbox(ctx context.Context) ([]InboxItem, error)
}

// HistoryWrites writes what happened.
type HistoryWrites interface {
	// PutTransaction inserts or replaces the operation's entry. One that has
	// ended for good stays as it is.
	PutTransaction(ctx context.Context, t Transaction) error
	// RemoveTransaction removes the entry of an operation that came to nothing, and
	// was somebody else's wish; ErrNotFound if there is none.
	RemoveTransaction(ctx context.Context, op uuid.UUID) error
	// LockPayment has every other transaction that locks this payment wait for the
	// end of this one; what they wrote is seen then.
	LockPayment(ctx context.Context, payment string) error
	AddInbox(ctx context.Context, item InboxItem) error
	RemoveInbox(ctx context.Context, id uuid.UUID) error
}
