package wallet

import (
	"slices"

	"github.com/google/uuid"
)

// StatusInParts is a payment of which some parts are paid, and others failed.
const StatusInParts = "in parts"

// Whole is a payment in parts as one entry of the history, from the entries of all its
// parts. It is under way, or given up, while one of them is, and paid when all are.
func Whole(parts []Transaction) (whole Transaction, err error) {
	var statuses []string
	for i, t := range parts {
		statuses = append(statuses, t.Status)
		if i == 0 {
			whole = t
			continue
		}
		if whole.Amount, err = whole.Amount.Add(t.Amount); err != nil {
			return Transaction{}, err
		}
		if whole.Fee, err = whole.Fee.Add(t.Fee); err != nil {
			return Transaction{}, err
		}
		if whole.Proof == "" || proves(string(t.Proof), t.Request) {
			whole.Proof = t.Proof
		}
	}
	slices.Sort(statuses)
	switch distinct := slices.Compact(statuses); {
	case len(distinct) < 2:
	case slices.Contains(distinct, StatusPending):
		whole.Status = StatusPending
	case slices.Contains(distinct, StatusAbandoned): // which may be paid, or be taken up again
		whole.Status = StatusAbandoned
	case slices.Contains(distinct, StatusCompleted):
		whole.Status = StatusInParts
	default:
		whole.Status = StatusFailed
	}
	return whole, nil
}

// PartsOf picks the entries of the payment that one belongs to; one without a group is
// all of its payment.
func PartsOf(t Transaction, history []Transaction) []Transaction {
	if t.Group == uuid.Nil {
		return []Transaction{t}
	}
	var parts []Transaction
	for _, other := range history {
		if other.Group == t.Group {
			parts = append(parts, other)
		}
	}
	return parts
}
