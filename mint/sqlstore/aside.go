package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

const asideColumns = `backend, method, lookup_id, payment_id, unit, amount, why, own, at, settled`

var (
	stmtListAside = sqldb.Stmt{Name: "payments_aside.list", SQL: `
		SELECT ` + asideColumns + ` FROM (
			SELECT ` + asideColumns + `, row_number() OVER (PARTITION BY backend ORDER BY method, lookup_id, payment_id) AS place
			FROM payments_aside WHERE settled = 0
		) AS open WHERE place <= $1 ORDER BY backend, method, lookup_id, payment_id`}
	stmtCountAside = sqldb.Stmt{Name: "payments_aside.count", SQL: `
		SELECT backend, count(*) FROM payments_aside WHERE settled = 0 GROUP BY backend`}
	stmtGetAside = sqldb.Stmt{Name: "payments_aside.get", SQL: `
		SELECT ` + asideColumns + ` FROM payments_aside
		WHERE backend = $1 AND method = $2 AND lookup_id = $3 AND payment_id = $4 {lock payments_aside}`}
	stmtSetAside = sqldb.Stmt{Name: "payments_aside.add", SQL: `
		INSERT INTO payments_aside (` + asideColumns + `)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0) ON CONFLICT DO NOTHING`}
	stmtMarkAside = sqldb.Stmt{Name: "payments_aside.mark", SQL: `
		UPDATE payments_aside SET why = $5, own = $6, settled = $7
		WHERE backend = $1 AND method = $2 AND lookup_id = $3 AND payment_id = $4 AND settled = 0`}
	stmtTakeBack = sqldb.Stmt{Name: "payments_aside.remove", SQL: `
		DELETE FROM payments_aside
		WHERE backend = $1 AND method = $2 AND lookup_id = $3 AND payment_id = $4 AND settled = 0`}
)

// asideKey is what a payment that was set aside is found by.
func asideKey(p mint.SetAside) []any {
	return []any{[]byte(p.Backend), []byte(p.Method), []byte(p.LookupID), []byte(p.PaymentID)}
}

func scanAside(scan sqldb.Scan) (mint.SetAside, error) {
	var backend, method, lookup, payment, unit, why []byte
	var amount uint64
	var own, at, settled int64
	err := scan(&backend, &method, &lookup, &payment, &unit, &amount, &why, &own, &at, &settled)
	return mint.SetAside{
		Backend: string(backend), Method: string(method), LookupID: string(lookup), PaymentID: string(payment),
		Unit: cashu.Unit(unit), Amount: cashu.Amount(amount), Why: string(why), Own: own != 0, At: fromMillis(at), Settled: fromMillis(settled),
	}, err
}

func (t *tx) PaymentsAside(ctx context.Context, limit int) ([]mint.SetAside, error) {
	list := []mint.SetAside{}
	err := t.db.Query(ctx, stmtListAside, func(scan sqldb.Scan) error {
		p, err := scanAside(scan)
		list = append(list, p)
		return err
	}, limit)
	if err != nil {
		return nil, fmt.Errorf("listing payments that were set aside: %w", err)
	}
	return list, nil
}

func (t *tx) PaymentAside(ctx context.Context, p mint.SetAside) (mint.SetAside, error) {
	row, err := scanAside(t.db.QueryRow(ctx, stmtGetAside, asideKey(p)...).Scan)
	if errors.Is(err, sqldb.ErrNoRows) {
		err = mint.ErrNotFound
	}
	if err != nil {
		return mint.SetAside{}, fmt.Errorf("reading a payment that was set aside: %w", err)
	}
	return row, nil
}

func (t *tx) CountAside(ctx context.Context) (map[string]int, error) {
	count := map[string]int{}
	err := t.db.Query(ctx, stmtCountAside, func(scan sqldb.Scan) error {
		var backend []byte
		var n int64
		err := scan(&backend, &n)
		count[string(backend)] = int(n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("counting payments that were set aside: %w", err)
	}
	return count, nil
}

func (t *tx) SetPaymentAside(ctx context.Context, p mint.SetAside) (bool, error) {
	n, err := t.db.Exec(ctx, stmtSetAside, append(asideKey(p), []byte(p.Unit), uint64(p.Amount), []byte(p.Why), bit(p.Own), millis(p.At))...)
	if err != nil {
		return false, fmt.Errorf("setting a payment aside: %w", err)
	}
	return n > 0, nil
}

func (t *tx) MarkAside(ctx context.Context, p mint.SetAside) (bool, error) {
	n, err := t.db.Exec(ctx, stmtMarkAside, append(asideKey(p), []byte(p.Why), bit(p.Own), millis(p.Settled))...)
	if err != nil {
		return false, fmt.Errorf("marking a payment that was set aside: %w", err)
	}
	return n > 0, nil
}

func (t *tx) TakePaymentBack(ctx context.Context, p mint.SetAside) (bool, error) {
	n, err := t.db.Exec(ctx, stmtTakeBack, asideKey(p)...)
	if err != nil {
		return false, fmt.Errorf("taking a payment back: %w", err)
	}
	return n > 0, nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}
