package sqlstore

import (
	"context"
	"fmt"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

var (
	stmtLockPayment = sqldb.Stmt{Name: "payments.lock", SQL: `
		INSERT INTO payments (payment, looks) VALUES ($1, 1) ON CONFLICT (payment) DO UPDATE SET looks = payments.looks + 1`}
	stmtListPayments = sqldb.Stmt{Name: "payments.list", SQL: `
		SELECT ` + transactionColumns + ` FROM transactions
		WHERE payment = $1 AND status NOT IN ('failed', 'taken_back') ORDER BY at, operation`}
)

func (t *tx) LockPayment(ctx context.Context, payment string) error {
	if _, err := t.db.Exec(ctx, stmtLockPayment, text(payment)); err != nil {
		return fmt.Errorf("locking a payment: %w", err)
	}
	return nil
}

func (t *tx) Payments(ctx context.Context, payment string) ([]wallet.Transaction, error) {
	var list []wallet.Transaction
	err := t.db.Query(ctx, stmtListPayments, func(scan sqldb.Scan) error {
		e, err := scanTransaction(scan)
		list = append(list, e)
		return err
	}, text(payment))
	if err != nil {
		return nil, fmt.Errorf("reading payments: %w", err)
	}
	return list, nil
}
