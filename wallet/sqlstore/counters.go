package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"math"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

// What is returned is the counter after the step, in the statement that takes it:
// nobody can come in between.
var (
	stmtGetCounter  = sqldb.Stmt{Name: "counters.get", SQL: `SELECT next FROM counters WHERE keyset = $1`}
	stmtTakeCounter = sqldb.Stmt{Name: "counters.take", SQL: `
		INSERT INTO counters (keyset, next) VALUES ($1, $2)
		ON CONFLICT (keyset) DO UPDATE SET next = counters.next + excluded.next RETURNING next`}
	stmtAdvanceCounter = sqldb.Stmt{Name: "counters.advance", SQL: `
		INSERT INTO counters (keyset, next, signed) VALUES ($1, $2, $2)
		ON CONFLICT (keyset) DO UPDATE SET
			next = CASE WHEN counters.next < excluded.next THEN excluded.next ELSE counters.next END,
			signed = excluded.signed
		WHERE counters.signed < excluded.signed`}
	stmtSignedCounter = sqldb.Stmt{Name: "counters.signed", SQL: `SELECT signed FROM counters WHERE keyset = $1`}
	stmtRestored      = sqldb.Stmt{Name: "counters.restored", SQL: `SELECT restored FROM counters WHERE keyset = $1`}
	stmtSetRestored   = sqldb.Stmt{Name: "counters.set_restored", SQL: `
		INSERT INTO counters (keyset, next, restored) VALUES ($1, 0, $2)
		ON CONFLICT (keyset) DO UPDATE SET restored = excluded.restored`}
	stmtReturnCounter = sqldb.Stmt{Name: "counters.return", SQL: `UPDATE counters SET next = $1 WHERE keyset = $2 AND next = $3`}
	stmtGetKeyIndex   = sqldb.Stmt{Name: "key_indexes.get", SQL: `SELECT next FROM key_indexes WHERE purpose = $1`}
	stmtTakeKeyIndex  = sqldb.Stmt{Name: "key_indexes.take", SQL: `
		INSERT INTO key_indexes (purpose, next) VALUES ($1, 1)
		ON CONFLICT (purpose) DO UPDATE SET next = key_indexes.next + 1 RETURNING next`}
)

// maxCounter is where non-hardened child numbers of BIP32 end (NUT-13).
const maxCounter = math.MaxInt32

var errCounters = errors.New("the keyset has no counters left")

func (t *tx) Counter(ctx context.Context, id cashu.KeysetID) (uint32, error) {
	var next uint32
	err := t.db.QueryRow(ctx, stmtGetCounter, id.Bytes()).Scan(&next)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, fmt.Errorf("reading a counter: %w", err)
	}
	return next, nil
}

func (t *tx) SignedCounter(ctx context.Context, id cashu.KeysetID) (uint32, error) {
	var signed uint32
	err := t.db.QueryRow(ctx, stmtSignedCounter, id.Bytes()).Scan(&signed)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, fmt.Errorf("reading a counter: %w", err)
	}
	return signed, nil
}

func (t *tx) Restored(ctx context.Context, id cashu.KeysetID) (uint32, error) {
	var next uint32
	err := t.db.QueryRow(ctx, stmtRestored, id.Bytes()).Scan(&next)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, fmt.Errorf("reading how far a restore has come: %w", err)
	}
	return next, nil
}

func (t *tx) SetRestored(ctx context.Context, id cashu.KeysetID, next uint32) error {
	if _, err := t.db.Exec(ctx, stmtSetRestored, id.Bytes(), next); err != nil {
		return fmt.Errorf("noting how far a restore has come: %w", err)
	}
	return nil
}

func (t *tx) TakeCounters(ctx context.Context, id cashu.KeysetID, n uint32) (uint32, error) {
	var next int64
	if err := t.db.QueryRow(ctx, stmtTakeCounter, id.Bytes(), n).Scan(&next); err != nil {
		return 0, fmt.Errorf("taking counters: %w", err)
	}
	if next > maxCounter+1 {
		return 0, t.fail(errCounters)
	}
	return uint32(next - int64(n)), nil
}

func (t *tx) AdvanceCounter(ctx context.Context, id cashu.KeysetID, atLeast uint32) error {
	if _, err := t.db.Exec(ctx, stmtAdvanceCounter, id.Bytes(), atLeast); err != nil {
		return fmt.Errorf("advancing a counter: %w", err)
	}
	return nil
}

func (t *tx) ReturnCounters(ctx context.Context, id cashu.KeysetID, start, n uint32) (bool, error) {
	changed, err := t.db.Exec(ctx, stmtReturnCounter, start, id.Bytes(), int64(start)+int64(n))
	if err != nil {
		return false, fmt.Errorf("returning counters: %w", err)
	}
	return changed == 1, nil
}

func (t *tx) KeyIndex(ctx context.Context, purpose string) (uint32, error) {
	var next uint32
	err := t.db.QueryRow(ctx, stmtGetKeyIndex, text(purpose)).Scan(&next)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return 0, fmt.Errorf("reading the index of a key: %w", err)
	}
	return next, nil
}

func (t *tx) TakeKeyIndex(ctx context.Context, purpose string) (uint32, error) {
	var next int64
	if err := t.db.QueryRow(ctx, stmtTakeKeyIndex, text(purpose)).Scan(&next); err != nil {
		return 0, fmt.Errorf("taking the index of a key: %w", err)
	}
	if next > maxCounter+1 {
		return 0, t.fail(errors.New("no index of a key is left"))
	}
	return uint32(next - 1), nil
}
