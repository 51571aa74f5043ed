package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// Every step names the state that it leaves, so that a step is taken once. The
// quote is touched before its request, always.

var (
	stmtReserveMelt = sqldb.Stmt{Name: "melt_quotes.reserve", SQL: `
		UPDATE melt_quotes SET state = 1, operation = $2, input_fee = $3, updated = $4
		WHERE number = $1 AND state = 0 AND operation = 0`}
	stmtSettleMelt = sqldb.Stmt{Name: "melt_quotes.settle", SQL: `
		UPDATE melt_quotes SET state = 2, spent = $3, proof = $4
		WHERE id = $1 AND state = 1 AND operation = $2`}
	stmtNoteProof = sqldb.Stmt{Name: "melt_quotes.note_proof", SQL: `
		UPDATE melt_quotes SET proof = $2, updated = $3 WHERE number = $1 AND state = 1`}
	stmtFinishMelt = sqldb.Stmt{Name: "melt_quotes.finish", SQL: `
		UPDATE melt_quotes SET state = 3, change = $3, paid = $4, updated = $5
		WHERE number = $1 AND state = 2 AND operation = $2`}
	stmtReleaseMelt = sqldb.Stmt{Name: "melt_quotes.release", SQL: `
		UPDATE melt_quotes SET state = 0, operation = 0, input_fee = 0, proof = $4, updated = $3
		WHERE number = $1 AND state = 1 AND operation = $2`}
	stmtReserveRequest = sqldb.Stmt{Name: "melt_requests.reserve", SQL: `
		UPDATE melt_requests SET operation = $3 WHERE lookup_id = $1 AND method = $2 AND operation = 0 AND paid = 0`}
	stmtPayRequest = sqldb.Stmt{Name: "melt_requests.pay", SQL: `
		UPDATE melt_requests SET paid = 1 WHERE lookup_id = $1 AND method = $2 AND operation = $3 AND paid = 0`}
	stmtReleaseRequest = sqldb.Stmt{Name: "melt_requests.release", SQL: `
		UPDATE melt_requests SET operation = 0 WHERE lookup_id = $1 AND method = $2 AND operation = $3 AND paid = 0`}
)

// moveMelt takes a step of a quote in its state, and one of its request.
func (t *tx) moveMelt(ctx context.Context, doing, id string, from mint.MeltState, ref, holder mint.OperationRef,
	request sqldb.Stmt, step func(q meltRow) (int64, error)) error {
	q, err := t.melt(ctx, id)
	if errors.Is(err, mint.ErrNotFound) {
		return fmt.Errorf("%s of an unknown quote: %w", doing, mint.ErrForbiddenState)
	}
	if err != nil {
		return err
	}
	if ref == 0 || q.State != from || q.Operation != holder {
		return fmt.Errorf("%s: %w", doing, mint.ErrForbiddenState)
	}
	n, err := step(q)
	if err := one(doing, n, err); err != nil || q.LookupID == "" {
		return err
	}
	n, err = t.db.Exec(ctx, request, []byte(q.LookupID), []byte(q.Method), int64(ref))
	return one(doing, n, err)
}

func (t *tx) ReserveMelt(ctx context.Context, id string, ref mint.OperationRef, inputFee cashu.Amount, at time.Time) error {
	return t.moveMelt(ctx, "reserving a melt", id, mint.MeltUnpaid, ref, 0, stmtReserveRequest, func(q meltRow) (int64, error) {
		return t.db.Exec(ctx, stmtReserveMelt, q.number, int64(ref), uint64(inputFee), millis(later(q.Updated, at)))
	})
}

func (t *tx) SettleMelt(ctx context.Context, id string, ref mint.OperationRef, s mint.Settlement) error {
	if ref == 0 {
		return fmt.Errorf("settling a melt: %w", mint.ErrForbiddenState)
	}
	n, err := t.db.Exec(ctx, stmtSettleMelt, []byte(id), int64(ref), uint64(s.Spent), []byte(s.Proof))
	return one("settling a melt", n, err)
}

func (t *tx) NoteProof(ctx context.Context, id string, ref mint.OperationRef, proof string, at time.Time) error {
	q, err := t.melt(ctx, id)
	if err != nil || ref == 0 || q.State != mint.MeltPending || q.Operation != ref {
		return err
	}
	n, err := t.db.Exec(ctx, stmtNoteProof, q.number, []byte(proof), millis(later(q.Updated, at)))
	return one("noting a payment under way", n, err)
}

func (t *tx) FinishMelt(ctx context.Context, id string, ref mint.OperationRef, change []bdhke.Point, at time.Time) error {
	return t.moveMelt(ctx, "finishing a melt", id, mint.MeltSettled, ref, ref, stmtPayRequest, func(q meltRow) (int64, error) {
		return t.db.Exec(ctx, stmtFinishMelt, q.number, int64(ref), joinPoints(change), millis(at), millis(later(q.Updated, at)))
	})
}

func (t *tx) ReleaseMelt(ctx context.Context, id string, ref mint.OperationRef, at time.Time) error {
	return t.moveMelt(ctx, "releasing a melt", id, mint.MeltPending, ref, ref, stmtReleaseRequest, func(q meltRow) (int64, error) {
		return t.db.Exec(ctx, stmtReleaseMelt, q.number, int64(ref), millis(later(q.Updated, at)), []byte{})
	})
}
