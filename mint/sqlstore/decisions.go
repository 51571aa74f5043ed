package sqlstore

import (
	"context"
	"fmt"

	"mintmark/internal/sqldb"
	"mintmark/mint"
)

var (
	stmtListDecisions = sqldb.Stmt{Name: "decisions.list", SQL: `
		SELECT at, about, decision, why, evidence FROM decisions ORDER BY number DESC LIMIT $1`}
	stmtAddDecision = sqldb.Stmt{Name: "decisions.add", SQL: `
		INSERT INTO decisions (at, about, decision, why, evidence) VALUES ($1, $2, $3, $4, $5)`}
)

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
