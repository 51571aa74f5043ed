package sqlstore

import (
	"context"
	"fmt"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

var (
	stmtListAside = sqldb.Stmt{Name: "payments_aside.list", SQL: `
		SELECT backend, method, lookup_id, payment_id, unit, amount, why, at FROM payments_aside
		ORDER BY backend, method, lookup_id, payment_id LIMIT $1`}
	stmtSetAside = sqldb.Stmt{Name: "payments_aside.add", SQL: `
		INSERT INTO payments_aside (backend, method, lookup_id, payment_id, unit, amount, why, at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`}
	stmtTakeBack = sqldb.Stmt{Name: "payments_aside.remove", SQL: `
		DELETE FROM payments_aside WHERE backend = $1 AND method = $2 AND lookup_id = $3 AND payment_id = $4`}

	stmtListDecisions = sqldb.Stmt{Name: "decisions.list", SQL: `
		SELECT at, about, decision, why, evidence FROM decisions ORDER BY number DESC LIMIT $1`}
	stmtAddDecision = sqldb.Stmt{Name: "decisions.add", SQL: `
		INSERT INTO decisions (at, about, decision, why, evidence) VALUES ($1, $2, $3, $4, $5)`}
)

func (t *tx) PaymentsAside(ctx context.Context, limit int) ([]mint.SetAside, error) {
	list := []mint.SetAside{}
	err := t.db.Query(ctx, stmtListAside, func(scan sqldb.Scan) error {
		var backend, method, lookup, payment, unit, why []byte
		var amount uint64
		var at int64
		err := scan(&backend, &method, &lookup, &payment, &unit, &amount, &why, &at)
		list = append(list, mint.SetAside{
			Backend: string(backend), Method: string(method), LookupID: string(lookup), PaymentID: string(payment),
			Unit: cashu.Unit(unit), Amount: cashu.Amount(amount), Why: string(why), At: fromMillis(at),
		})
		return err
	}, limit)
	if err != nil {
		return nil, fmt.Errorf("listing payments that were set aside: %w", err)
	}
	return list, nil
}

func (t *tx) SetPaymentAside(ctx context.Context, p mint.SetAside) (bool, error) {
	n, err := t.db.Exec(ctx, stmtSetAside, []byte(p.Backend), []byte(p.Method), []byte(p.LookupID), []byte(p.PaymentID),
		[]byte(p.Unit), uint64(p.Amount), []byte(p.Why), millis(p.At))
	if err != nil {
		return false, fmt.Errorf("setting a payment aside: %w", err)
	}
	return n > 0, nil
}

func (t *tx) TakePaymentBack(ctx context.Context, p mint.SetAside) (bool, error) {
	n, err := t.db.Exec(ctx, stmtTakeBack, []byte(p.Backend), []byte(p.Method), []byte(p.LookupID), []byte(p.PaymentID))
	if err != nil {
		return false, fmt.Errorf("taking a payment back: %w", err)
	}
	return n > 0, nil
}

func (t *tx) Decisions(ctx context.Context, limit int) ([]mint.OperatorDecision, error) {
	list := []mint.OperatorDecision{}
	err := t.db.Query(ctx, stmtListDecisions, func(scan sqldb.Scan) error {
		var about, decision, why, evidence []byte
		var at int64
		err := scan(&at, &about, &decision, &why, &evidence)
		list = append(list, mint.OperatorDecision{
			At: fromMillis(at), About: string(about), Decision: string(decision), Why: string(why), Evidence: string(evidence),
		})
		return err
	}, limit)
	if err != nil {
		return nil, fmt.Errorf("listing decisions: %w", err)
	}
	return list, nil
}

func (t *tx) AddDecision(ctx context.Context, d mint.OperatorDecision) error {
	_, err := t.db.Exec(ctx, stmtAddDecision, millis(d.At), []byte(d.About), []byte(d.Decision), []byte(d.Why), []byte(d.Evidence))
	if err != nil {
		return fmt.Errorf("keeping a decision: %w", err)
	}
	return nil
}
