package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

var (
	stmtGetOutputs = sqldb.Stmt{Name: "outputs.get", SQL: `
		SELECT k.i, o.operation, o.amount, o.keyset, p.created,
			CASE WHEN (SELECT count(*) FROM unsigned_outputs AS u WHERE u.operation = o.operation AND u.position = o.position) > 0
			THEN NULL ELSE substr(p.signatures, o.position * 97 + 1, 97) END
		FROM {keys $1} AS k CROSS JOIN outputs AS o CROSS JOIN operations AS p
		WHERE o.b = k.key AND p.ref = o.operation`}
	stmtAddOutput = sqldb.Stmt{Name: "outputs.add", SQL: `
		INSERT INTO outputs (b, operation, position, amount, keyset)
		VALUES ($1, $2, $3, $4, $5) ON CONFLICT (b) DO NOTHING`}
	stmtNextPosition = sqldb.Stmt{Name: "outputs.next", SQL: `
		SELECT COALESCE(max(position) + 1, 0) FROM unsigned_outputs WHERE operation = $1`}
	stmtAddUnsigned = sqldb.Stmt{Name: "outputs.add_unsigned", SQL: `
		INSERT INTO unsigned_outputs (operation, position, b) VALUES ($1, $2, $3)`}
	stmtUndoOutput = sqldb.Stmt{Name: "outputs.undo", SQL: `
		DELETE FROM outputs WHERE b = $1`}
	stmtRemoveOutputs = sqldb.Stmt{Name: "outputs.remove", SQL: `
		DELETE FROM outputs WHERE b IN (SELECT b FROM unsigned_outputs WHERE operation = $1)`}
	stmtDropUnsigned = sqldb.Stmt{Name: "outputs.drop_unsigned", SQL: `
		DELETE FROM unsigned_outputs WHERE operation = $1`}
)

// AddOutputs gives each message a position within its operation, which is where
// its signature will be. All outputs of an operation are added before the first
// of them is signed.
func (t *tx) AddOutputs(ctx context.Context, op mint.Operation, outputs []cashu.BlindedMessage) error {
	added, fresh := t.fresh[op.Ref]
	position := len(added)
	if !fresh {
		t.store.reserved.forget(op.Ref)
		if err := t.db.QueryRow(ctx, stmtNextPosition, int64(op.Ref)).Scan(&position); err != nil {
			return fmt.Errorf("adding outputs: %w", err)
		}
	}
	rows, unsigned := make([][]any, len(outputs)), make([][]any, len(outputs))
	for i, o := range outputs {
		if o.B.IsZero() {
			return errors.New("adding an output without B_")
		}
		keyset, err := t.keysetNumber(ctx, o.ID)
		if err != nil {
			return err
		}
		b := pointBytes(o.B)
		rows[i] = []any{b, int64(op.Ref), position + i, uint64(o.Amount), keyset}
		unsigned[i] = []any{int64(op.Ref), position + i, b}
		added = append(added, reservedOutput{o.B, unsignedOutput{position + i, uint64(o.Amount), keyset}})
	}
	slices.SortFunc(rows, byKey) // the global order, as for proofs
	done, err := t.db.ExecMany(ctx, stmtAddOutput, rows)
	if err != nil {
		return fmt.Errorf("adding outputs: %w", err)
	}
	if done < len(rows) {
		return t.undo(ctx, stmtUndoOutput, rows[:done], mint.ErrOutputKnown)
	}
	if _, err := t.db.ExecMany(ctx, stmtAddUnsigned, unsigned); err != nil {
		return fmt.Errorf("marking outputs as unsigned: %w", err)
	}
	if fresh {
		t.fresh[op.Ref] = added
	}
	return nil
}

func (t *tx) RemoveOutputs(ctx context.Context, ref mint.OperationRef) (int, error) {
	t.store.reserved.forget(ref)
	return t.remove(ctx, ref, stmtRemoveOutputs, stmtDropUnsigned)
}

func (t *tx) Signatures(ctx context.Context, bs []bdhke.Point) ([]mint.SignatureRecord, error) {
	if len(bs) == 0 {
		return []mint.SignatureRecord{}, nil
	}
	keys := make(sqldb.Keys, len(bs))
	for i, b := range bs {
		keys[i] = pointBytes(b)
	}
	unsigned := func(r mint.SignatureRecord) bool { return r.Operation != 0 && !r.Signed }
	return lockMarks(ctx, t, stmtLockUnsigned, keys, unsigned, func() ([]mint.SignatureRecord, error) { return t.signatures(ctx, bs, keys) })
}

func (t *tx) signatures(ctx context.Context, bs []bdhke.Point, keys sqldb.Keys) ([]mint.SignatureRecord, error) {
	records, numbers := make([]mint.SignatureRecord, len(bs)), make([]int64, len(bs))
	for i, b := range bs {
		records[i].B = b
	}
	err := t.db.Query(ctx, stmtGetOutputs, func(scan sqldb.Scan) error {
		var (
			i                          int
			operation, keyset, created int64
			amount                     uint64
			slot                       []byte
		)
		if err := scan(&i, &operation, &amount, &keyset, &created, &slot); err != nil {
			return err
		}
		r := &records[i]
		r.Operation, r.Created = mint.OperationRef(operation), fromMillis(created)
		numbers[i] = keyset
		if slot == nil {
			return nil
		}
		r.Signed = true
		r.Signature.Amount = cashu.Amount(amount)
		return readSlot(slot, &r.Signature)
	}, keys)
	if err != nil {
		return nil, fmt.Errorf("reading signatures: %w", err)
	}
	for i := range records {
		if !records[i].Signed {
			continue
		}
		if records[i].Signature.ID, err = t.keysetID(ctx, numbers[i]); err != nil {
			return nil, err
		}
	}
	return records, nil
}
