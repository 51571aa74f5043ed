package sqlstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// Where a row has its mark, it is counted and not asked for with EXISTS: PostgreSQL
// would read all marks into a table of its own first.

var (
	stmtGetProofs = sqldb.Stmt{Name: "proofs.get", SQL: `
		SELECT k.i, p.operation, p.amount, p.keyset, p.created, p.witness,
			(SELECT count(*) FROM pending_proofs AS d WHERE d.operation = p.operation AND d.y = p.y)
		FROM {keys $1} AS k CROSS JOIN proofs AS p WHERE p.y = k.key`}
	stmtAddProof = sqldb.Stmt{Name: "proofs.add", SQL: `
		INSERT INTO proofs (y, operation, amount, keyset, created, witness)
		VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (y) DO NOTHING`}
	stmtAddPendingProof = sqldb.Stmt{Name: "proofs.add_pending", SQL: `
		INSERT INTO pending_proofs (operation, y) VALUES ($1, $2)`}
	stmtUndoProof = sqldb.Stmt{Name: "proofs.undo", SQL: `
		DELETE FROM proofs WHERE y = $1`}
	stmtRemoveProofs = sqldb.Stmt{Name: "proofs.remove", SQL: `
		DELETE FROM proofs WHERE y IN (SELECT y FROM pending_proofs WHERE operation = $1)`}
	stmtDropPendingProofs = sqldb.Stmt{Name: "proofs.drop_pending", SQL: `
		DELETE FROM pending_proofs WHERE operation = $1`}
)

// AddProofs inserts in the order of the keys: every transaction touches proofs in
// one global order, so that on a server with many writers none can wait for each
// other in a circle.
func (t *tx) AddProofs(ctx context.Context, op mint.Operation, proofs []mint.SpentProof) error {
	rows, pending := make([][]any, len(proofs)), make([][]any, len(proofs))
	for i, p := range proofs {
		if p.Y.IsZero() {
			return errors.New("adding a proof without Y")
		}
		keyset, err := t.keysetNumber(ctx, p.KeysetID)
		if err != nil {
			return err
		}
		rows[i] = []any{yKey(p.Y), int64(op.Ref), uint64(p.Amount), keyset, op.Created.Unix(), maybe(p.Witness)}
	}
	slices.SortFunc(rows, byKey)
	done, err := t.db.ExecMany(ctx, stmtAddProof, rows)
	if err != nil {
		return fmt.Errorf("adding proofs: %w", err)
	}
	if done < len(rows) {
		return t.undo(ctx, stmtUndoProof, rows[:done], mint.ErrProofKnown)
	}
	for i, row := range rows {
		pending[i] = []any{int64(op.Ref), row[0]}
	}
	if _, err := t.db.ExecMany(ctx, stmtAddPendingProof, pending); err != nil {
		return fmt.Errorf("marking proofs as pending: %w", err)
	}
	return nil
}

// byKey orders rows by their first column, a key.
func byKey(a, b []any) int { return bytes.Compare(a[0].([]byte), b[0].([]byte)) }

// undo takes back the rows that a call has inserted before it met a known one.
func (t *tx) undo(ctx context.Context, s sqldb.Stmt, rows [][]any, reason error) error {
	keys := make([][]any, len(rows))
	for i, row := range rows {
		keys[i] = row[:1]
	}
	if n, err := t.db.ExecMany(ctx, s, keys); err != nil || n != len(keys) {
		return errors.Join(reason, err, fmt.Errorf("took back %d of %d rows", n, len(keys)))
	}
	return reason
}

func (t *tx) SpendProofs(ctx context.Context, ref mint.OperationRef) (int, error) {
	n, err := t.db.Exec(ctx, stmtDropPendingProofs, int64(ref))
	if err != nil {
		return 0, fmt.Errorf("spending proofs: %w", err)
	}
	return int(n), nil
}

func (t *tx) RemoveProofs(ctx context.Context, ref mint.OperationRef) (int, error) {
	return t.remove(ctx, ref, stmtRemoveProofs, stmtDropPendingProofs)
}

// remove deletes what an operation has reserved, first the rows, then the marks
// by which they were found.
func (t *tx) remove(ctx context.Context, ref mint.OperationRef, rows, marks sqldb.Stmt) (int, error) {
	n, err := t.db.Exec(ctx, rows, int64(ref))
	if err != nil {
		return 0, fmt.Errorf("removing what an operation reserved: %w", err)
	}
	m, err := t.db.Exec(ctx, marks, int64(ref))
	if err != nil {
		return 0, fmt.Errorf("removing what an operation reserved: %w", err)
	}
	if n != m {
		return 0, fmt.Errorf("removing what operation %d reserved: %d rows and %d marks", ref, n, m)
	}
	return int(n), nil
}

func (t *tx) Proofs(ctx context.Context, ys []bdhke.Point) ([]mint.ProofRecord, error) {
	if len(ys) == 0 {
		return []mint.ProofRecord{}, nil
	}
	keys := make(sqldb.Keys, len(ys))
	for i, y := range ys {
		keys[i] = yKey(y)
	}
	pending := func(r mint.ProofRecord) bool { return r.State == mint.ProofPending }
	return lockMarks(ctx, t, stmtLockPending, keys, pending, func() ([]mint.ProofRecord, error) { return t.proofs(ctx, ys, keys) })
}

func (t *tx) proofs(ctx context.Context, ys []bdhke.Point, keys sqldb.Keys) ([]mint.ProofRecord, error) {
	records, numbers := make([]mint.ProofRecord, len(ys)), make([]int64, len(ys))
	for i, y := range ys {
		records[i].Y = y
	}
	err := t.db.Query(ctx, stmtGetProofs, func(scan sqldb.Scan) error {
		var (
			i                          int
			operation, keyset, created int64
			amount                     uint64
			witness                    []byte
			pending                    bool
		)
		if err := scan(&i, &operation, &amount, &keyset, &created, &witness, &pending); err != nil {
			return err
		}
		r := &records[i]
		r.Amount, r.Witness, r.Operation = cashu.Amount(amount), string(witness), mint.OperationRef(operation)
		r.Created = time.Unix(created, 0).UTC()
		r.State = mint.ProofSpent
		if pending {
			r.State = mint.ProofPending
		}
		numbers[i] = keyset
		return nil
	}, keys)
	if err != nil {
		return nil, fmt.Errorf("reading proofs: %w", err)
	}
	for i := range records {
		if records[i].State == mint.ProofUnspent {
			continue
		}
		if records[i].KeysetID, err = t.keysetID(ctx, numbers[i]); err != nil {
			return nil, err
		}
	}
	return records, nil
}
