package sqlstore

import (
	"context"
	"fmt"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/mint"
)

var (
	stmtUnpaidQuotes = sqldb.Stmt{Name: "mint_quotes.unpaid", SQL: `
		SELECT number, ` + quoteColumns + ` FROM mint_quotes
		WHERE amount_paid = 0 AND expiry > 0 AND expiry >= $1 AND expiry < $2 ORDER BY expiry LIMIT $3 {lock mint_quotes}`}
	stmtRemoveUnpaid = sqldb.Stmt{Name: "mint_quotes.remove_unpaid", SQL: `
		DELETE FROM mint_quotes WHERE id IN (SELECT k.key FROM {keys $1} AS k)
		AND amount_paid = 0 AND pending = 0 AND expiry > 0 AND expiry < $2`}
	stmtRemoveUnpaidMelts = sqldb.Stmt{Name: "melt_quotes.remove_unpaid", SQL: `
		DELETE FROM melt_quotes WHERE number IN (SELECT number FROM melt_quotes
		WHERE state = 0 AND expiry > 0 AND expiry < $1 ORDER BY expiry LIMIT $2) AND state = 0 AND expiry < $1`}
	stmtRemoveUnpaidRequests = sqldb.Stmt{Name: "melt_requests.remove_unpaid", SQL: `
		DELETE FROM melt_requests WHERE (lookup_id, method) IN (SELECT lookup_id, method FROM melt_requests
		WHERE operation = 0 AND paid = 0 AND expiry > 0 AND expiry < $1 ORDER BY expiry LIMIT $2) AND operation = 0 AND paid = 0 AND expiry < $1`}
)

func (t *tx) UnpaidMintQuotes(ctx context.Context, from, before time.Time, limit int) ([]mint.MintQuote, error) {
	quotes := []mint.MintQuote{}
	err := t.db.Query(ctx, stmtUnpaidQuotes, func(scan sqldb.Scan) error {
		q, err := scanQuote(scan)
		quotes = append(quotes, q.MintQuote)
		return err
	}, millis(from), millis(before), limit)
	if err != nil {
		return nil, fmt.Errorf("listing unpaid mint quotes: %w", err)
	}
	return quotes, nil
}

func (t *tx) RemoveUnpaid(ctx context.Context, ids []string, before time.Time) (int, error) {
	keys := make(sqldb.Keys, len(ids))
	for i, id := range ids {
		keys[i] = []byte(id)
	}
	n, err := t.db.Exec(ctx, stmtRemoveUnpaid, keys, millis(before))
	if err != nil {
		return 0, fmt.Errorf("removing unpaid mint quotes: %w", err)
	}
	return int(n), nil
}

func (t *tx) RemoveUnpaidMelts(ctx context.Context, before time.Time, limit int) (int, error) {
	n, err := t.db.Exec(ctx, stmtRemoveUnpaidMelts, millis(before), limit)
	if err != nil {
		return 0, fmt.Errorf("removing unpaid melt quotes: %w", err)
	}
	if _, err := t.db.Exec(ctx, stmtRemoveUnpaidRequests, millis(before), limit); err != nil {
		return 0, fmt.Errorf("removing unpaid payment requests: %w", err)
	}
	return int(n), nil
}
