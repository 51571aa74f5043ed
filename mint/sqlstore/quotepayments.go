package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

var (
	stmtGetPayment = sqldb.Stmt{Name: "mint_quotes.get_payment", SQL: `
		SELECT p.quote, p.amount, q.backend FROM mint_quote_payments AS p JOIN mint_quotes AS q ON q.number = p.quote WHERE p.id = $1`}
	stmtKnownPayments = sqldb.Stmt{Name: "mint_quotes.known_payments", SQL: `
		SELECT p.id, p.quote, p.amount FROM {keys $1} AS k JOIN mint_quote_payments AS p ON p.id = k.key`}
	stmtAddPayment = sqldb.Stmt{Name: "mint_quotes.add_payment", SQL: `
		INSERT INTO mint_quote_payments (id, quote, amount, at) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO NOTHING`}
	stmtCountPayment = sqldb.Stmt{Name: "mint_quotes.count_payment", SQL: `
		UPDATE mint_quotes SET amount_paid = $3, paid = $4, updated = $5
		WHERE number = $1 AND amount_paid = $2`}
)

// ofQuote is the form under which a payment is kept when a payment of another backend has
// the same id. No backend's id has a zero byte and the id of a quote behind it.
func ofQuote(paymentID, quoteID string) string { return paymentID + "\x00" + quoteID }

func (t *tx) AddPayment(ctx context.Context, quoteID, paymentID string, amount cashu.Amount, at time.Time) (bool, error) {
	const doing = "adding a payment"
	q, err := t.quote(ctx, quoteID)
	if err != nil {
		return false, err
	}
	var free string
	var other bool
	for _, key := range []string{ofQuote(paymentID, quoteID), paymentID} {
		var quote int64
		var before uint64
		var backend []byte
		err := t.db.QueryRow(ctx, stmtGetPayment, []byte(key)).Scan(&quote, &before, &backend)
		switch {
		case errors.Is(err, sqldb.ErrNoRows):
			free = key
		case err != nil:
			return false, fmt.Errorf("%s: %w", doing, err)
		case quote == q.number && cashu.Amount(before) == amount:
			return false, nil
		case quote == q.number || sameBackend(string(backend), q.Backend):
			other = true
		}
	}
	if other || free == "" {
		return false, fmt.Errorf("%s: %w", doing, mint.ErrOtherPayment)
	}
	return t.addPayment(ctx, q, free, amount, at)
}

// sameBackend tells whether two rows may be of one backend. Those of a mint that knew one
// backend only do not name it.
func sameBackend(a, b string) bool { return a == b || a == "" || b == "" }

func (t *tx) addPayment(ctx context.Context, q quoteRow, key string, amount cashu.Amount, at time.Time) (bool, error) {
	const doing = "adding a payment"
	paid, err := q.AmountPaid.Add(amount)
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	n, err := t.db.Exec(ctx, stmtAddPayment, []byte(key), q.number, uint64(amount), millis(at))
	if err != nil {
		return false, fmt.Errorf("%s: %w", doing, err)
	}
	if n == 0 {
		// Somebody else was quicker, with a payment of another quote. The next try sees it.
		return false, fmt.Errorf("%s: %w", doing, sqldb.ErrConflict)
	}
	first := q.Paid
	if first.IsZero() {
		first = at
	}
	n, err = t.db.Assume(ctx, stmtCountPayment, 1, q.number, uint64(q.AmountPaid), uint64(paid), millis(first), millis(later(q.Updated, at)))
	return err == nil, one(doing, n, err)
}

func (t *tx) KnownPayments(ctx context.Context, quoteID string, paymentIDs []string) (map[string]cashu.Amount, error) {
	known := map[string]cashu.Amount{}
	q, err := t.quote(ctx, quoteID)
	if errors.Is(err, mint.ErrNotFound) || err == nil && len(paymentIDs) == 0 {
		return known, nil
	}
	if err != nil {
		return nil, err
	}
	keys := make(sqldb.Keys, 0, 2*len(paymentIDs))
	for _, id := range paymentIDs {
		keys = append(keys, []byte(id), []byte(ofQuote(id, quoteID)))
	}
	err = t.db.Query(ctx, stmtKnownPayments, func(scan sqldb.Scan) error {
		var id []byte
		var quote int64
		var amount uint64
		err := scan(&id, &quote, &amount)
		if quote == q.number {
			known[strings.TrimSuffix(string(id), ofQuote("", quoteID))] = cashu.Amount(amount)
		}
		return err
	}, keys)
	if err != nil {
		return nil, fmt.Errorf("looking for payments: %w", err)
	}
	return known, nil
}
