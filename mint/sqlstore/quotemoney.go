package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// Amounts are read, checked and added in Go, where they are unsigned, and written
// back only where they still are what was read.

var (
	stmtReserveIssue = sqldb.Stmt{Name: "mint_quotes.reserve", SQL: `
		UPDATE mint_quotes SET pending = $2
		WHERE number = $1 AND pending = 0 AND amount_paid = $3 AND amount_issued = $4`}
	stmtFinishIssue = sqldb.Stmt{Name: "mint_quotes.finish", SQL: `
		UPDATE mint_quotes SET pending = 0, amount_issued = $4, issued = $5, updated = $6
		WHERE number = $1 AND pending = $2 AND amount_issued = $3`}
	stmtReleaseIssue = sqldb.Stmt{Name: "mint_quotes.release", SQL: `
		UPDATE mint_quotes SET pending = 0 WHERE id = $1 AND pending = $2`}
	stmtClaimPoll = sqldb.Stmt{Name: "mint_quotes.claim_poll", SQL: `
		UPDATE mint_quotes SET polled = $2 WHERE id = $1 AND (polled <= $3 OR polled > $2)`}
)

func (t *tx) ReserveIssue(ctx context.Context, id string, ref mint.OperationRef, amount cashu.Amount) error {
	q, err := t.quote(ctx, id)
	if errors.Is(err, mint.ErrNotFound) {
		return fmt.Errorf("reserving an issue of an unknown quote: %w", mint.ErrForbiddenState)
	}
	if err != nil {
		return err
	}
	if ref == 0 || q.Pending != 0 || !covers(q.AmountPaid, q.AmountIssued, amount) {
		return fmt.Errorf("reserving an issue: %w", mint.ErrForbiddenState)
	}
	n, err := t.db.Assume(ctx, stmtReserveIssue, 1, q.number, int64(ref), uint64(q.AmountPaid), uint64(q.AmountIssued))
	return one("reserving an issue", n, err)
}

func (t *tx) FinishIssue(ctx context.Context, id string, ref mint.OperationRef, amount cashu.Amount, at time.Time) error {
	q, err := t.quote(ctx, id)
	if errors.Is(err, mint.ErrNotFound) {
		return fmt.Errorf("finishing an issue of an unknown quote: %w", mint.ErrForbiddenState)
	}
	if err != nil {
		return err
	}
	if ref == 0 || q.Pending != ref || !covers(q.AmountPaid, q.AmountIssued, amount) {
		return fmt.Errorf("finishing an issue: %w", mint.ErrForbiddenState)
	}
	n, err := t.db.Assume(ctx, stmtFinishIssue, 1, q.number, int64(ref), uint64(q.AmountIssued),
		uint64(q.AmountIssued+amount), millis(at), millis(later(q.Updated, at)))
	return one("finishing an issue", n, err)
}

func (t *tx) ReleaseIssue(ctx context.Context, id string, ref mint.OperationRef) error {
	if ref == 0 {
		return nil
	}
	if _, err := t.db.Exec(ctx, stmtReleaseIssue, []byte(id), int64(ref)); err != nil {
		return fmt.Errorf("releasing an issue: %w", err)
	}
	return nil
}

// ClaimPoll also lets a caller through when the last poll is in the future: then
// a clock was set back, and nobody should wait until it has caught up.
func (t *tx) ClaimPoll(ctx context.Context, id string, now time.Time, interval time.Duration) (bool, error) {
	n, err := t.db.Exec(ctx, stmtClaimPoll, []byte(id), millis(now), millis(now.Add(-interval)))
	if err != nil {
		return false, fmt.Errorf("claiming a poll: %w", err)
	}
	return n == 1, nil
}

// covers tells whether amount can still be issued.
func covers(paid, issued, amount cashu.Amount) bool {
	return issued <= paid && amount <= paid-issued
}

// later is the time of a change that wallets see: at least one second after the
// one before, because they see seconds.
func later(before, at time.Time) time.Time {
	if next := before.Add(time.Second); next.After(at) {
		return next
	}
	return at
}

// one expects that a statement changed one row.
func one(doing string, n int64, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", doing, err)
	}
	if n != 1 {
		return fmt.Errorf("%s: %w", doing, mint.ErrForbiddenState)
	}
	return nil
}
