package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/google/uuid"

	"mintmark/internal/sqldb"
	"mintmark/mint"
)

var (
	stmtAddOperation = sqldb.Stmt{Name: "operations.add", SQL: `
		INSERT INTO operations (ref, id, kind, inputs, outputs, created, quote, signatures)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`}
	stmtGetOperation = sqldb.Stmt{Name: "operations.get", SQL: `
		SELECT ref, id, kind, inputs, outputs, created, quote FROM operations WHERE ref = $1 {lock operations}`}
	stmtDropOperation = sqldb.Stmt{Name: "operations.drop", SQL: `
		DELETE FROM operations WHERE ref = $1`}
	stmtAddSaga = sqldb.Stmt{Name: "sagas.add", SQL: `
		INSERT INTO sagas (operation, state, version, owner, lease_until, updated)
		VALUES ($1, $2, 0, $3, $4, $5)`}
	stmtUpdateSaga = sqldb.Stmt{Name: "sagas.update", SQL: `
		UPDATE sagas SET state = $3, version = version + 1, owner = $4, lease_until = $5, updated = $6
		WHERE operation = $1 AND version = $2`}
	stmtDropSaga = sqldb.Stmt{Name: "sagas.drop", SQL: `
		DELETE FROM sagas WHERE operation = $1 AND version = $2`}
	stmtListSagas = sqldb.Stmt{Name: "sagas.list", SQL: `
		SELECT o.ref, o.id, o.kind, o.inputs, o.outputs, o.created, o.quote,
			s.state, s.version, s.owner, s.lease_until, s.updated
		FROM sagas AS s CROSS JOIN operations AS o WHERE o.ref = s.operation ORDER BY o.created, s.operation {lock s}`}
	stmtGetSaga = sqldb.Stmt{Name: "sagas.get", SQL: `
		SELECT o.ref, o.id, o.kind, o.inputs, o.outputs, o.created, o.quote,
			s.state, s.version, s.owner, s.lease_until, s.updated
		FROM sagas AS s CROSS JOIN operations AS o WHERE s.operation = $1 AND o.ref = s.operation {lock s}`}
	stmtFacts = sqldb.Stmt{Name: "operations.facts", SQL: `
		SELECT (SELECT count(*) FROM pending_proofs WHERE operation = $1),
			(SELECT count(*) FROM unsigned_outputs WHERE operation = $1)`}
)

// AddSaga gives the operation a number that no operation ever had, not even one
// that was rolled back: whoever still holds an old number must not meet new rows
// under it.
func (t *tx) AddSaga(ctx context.Context, s *mint.Saga) error {
	if err := storable(s.State); err != nil {
		return err
	}
	ref, ok := t.store.refs.next()
	if !ok {
		t.again = errNoRefs
		return errNoRefs
	}
	_, err := t.db.Assume(ctx, stmtAddOperation, 1, int64(ref), s.ID[:], uint8(s.Kind), s.Inputs, s.Outputs,
		millis(s.Created), maybe(joinQuotes(s.Operation)), t.store.dialect.emptySlots(s.Outputs))
	if err != nil {
		return fmt.Errorf("adding an operation: %w", err)
	}
	_, err = t.db.Assume(ctx, stmtAddSaga, 1, int64(ref), uint8(s.State), []byte(s.Owner), millis(s.LeaseUntil), millis(s.Updated))
	if err != nil {
		return fmt.Errorf("adding a saga: %w", err)
	}
	if t.fresh == nil {
		t.fresh = map[mint.OperationRef][]reservedOutput{}
	}
	t.fresh[ref] = nil
	s.Ref, s.Version = ref, 0
	return nil
}

// storable refuses the states that never reach the database.
func storable(s mint.SagaState) error {
	if s != mint.SagaSetupComplete && s != mint.SagaSigned {
		return fmt.Errorf("a saga is not stored as %v: %w", s, mint.ErrForbiddenState)
	}
	return nil
}

func (t *tx) UpdateSaga(ctx context.Context, s *mint.Saga) error {
	if err := storable(s.State); err != nil {
		return err
	}
	n, err := t.db.Exec(ctx, stmtUpdateSaga, int64(s.Ref), s.Version, uint8(s.State), []byte(s.Owner), millis(s.LeaseUntil), millis(s.Updated))
	if err != nil {
		return fmt.Errorf("updating a saga: %w", err)
	}
	if n == 0 {
		return mint.ErrSagaTaken
	}
	s.Version++
	return nil
}

func (t *tx) FinishSaga(ctx context.Context, s *mint.Saga) error {
	n, err := t.db.Assume(ctx, stmtDropSaga, 1, int64(s.Ref), s.Version)
	if err != nil {
		return fmt.Errorf("finishing a saga: %w", err)
	}
	if n == 0 {
		return mint.ErrSagaTaken
	}
	return nil
}

func (t *tx) AbandonSaga(ctx context.Context, s *mint.Saga) error {
	if err := t.FinishSaga(ctx, s); err != nil {
		return err
	}
	if _, err := t.db.Assume(ctx, stmtDropOperation, 1, int64(s.Ref)); err != nil {
		return fmt.Errorf("dropping an operation: %w", err)
	}
	return nil
}

// operationRow is the columns of an operation, on their way out of a row.
type operationRow struct {
	op        mint.Operation
	ref       int64
	id, quote []byte
	kind      uint8
	created   int64
}

func (r *operationRow) columns() []any {
	return []any{&r.ref, &r.id, &r.kind, &r.op.Inputs, &r.op.Outputs, &r.created, &r.quote}
}

func (r *operationRow) operation() (mint.Operation, error) {
	id, err := uuid.FromBytes(r.id)
	if err != nil {
		return mint.Operation{}, errors.New("an operation in the database has no id")
	}
	r.op.Ref, r.op.ID, r.op.Kind = mint.OperationRef(r.ref), id, mint.OperationKind(r.kind)
	r.op.Created = fromMillis(r.created)
	if quotes := strings.Split(string(r.quote), "\n"); len(quotes) > 1 {
		r.op.Batch = quotes
	} else {
		r.op.QuoteID = string(r.quote)
	}
	return r.op, nil
}

// joinQuotes is the quotes of an operation as they are kept: with line feeds
// between them, which no id of a quote has.
func joinQuotes(op mint.Operation) string {
	if len(op.Batch) > 0 {
		return strings.Join(op.Batch, "\n")
	}
	return op.QuoteID
}

func scanSaga(scan func(dest ...any) error) (s mint.Saga, err error) {
	var (
		row            operationRow
		state          uint8
		owner          []byte
		lease, updated int64
	)
	if err = scan(append(row.columns(), &state, &s.Version, &owner, &lease, &updated)...); err != nil {
		return s, err
	}
	s.Operation, err = row.operation()
	s.State, s.Owner = mint.SagaState(state), string(owner)
	s.LeaseUntil, s.Updated = fromMillis(lease), fromMillis(updated)
	return s, err
}

func (t *tx) Sagas(ctx context.Context) ([]mint.Saga, error) {
	sagas := []mint.Saga{}
	err := t.db.Query(ctx, stmtListSagas, func(scan sqldb.Scan) error {
		s, err := scanSaga(scan)
		sagas = append(sagas, s)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("listing sagas: %w", err)
	}
	return sagas, nil
}

func (t *tx) Saga(ctx context.Context, ref mint.OperationRef) (mint.Saga, error) {
	s, err := scanSaga(t.db.QueryRow(ctx, stmtGetSaga, int64(ref)).Scan)
	if err != nil {
		return mint.Saga{}, fmt.Errorf("reading a saga: %w", found(err))
	}
	return s, nil
}

func (t *tx) Operation(ctx context.Context, ref mint.OperationRef) (mint.Operation, error) {
	var row operationRow
	if err := t.db.QueryRow(ctx, stmtGetOperation, int64(ref)).Scan(row.columns()...); err != nil {
		return mint.Operation{}, fmt.Errorf("reading an operation: %w", found(err))
	}
	return row.operation()
}

func (t *tx) Facts(ctx context.Context, ref mint.OperationRef) (f mint.OperationFacts, err error) {
	if err := t.db.QueryRow(ctx, stmtFacts, int64(ref)).Scan(&f.ProofsPending, &f.OutputsUnsigned); err != nil {
		return mint.OperationFacts{}, fmt.Errorf("reading the facts of an operation: %w", err)
	}
	return f, nil
}

// found turns "no rows" into the mint's word for it.
func found(err error) error {
	if errors.Is(err, sqldb.ErrNoRows) {
		return mint.ErrNotFound
	}
	return err
}
