package sqlstore

import (
	"context"
	"fmt"

	"mintmark/internal/sqldb"
)

// Reads of a transaction lock what they return. For most that is a word at the end
// of the statement. Two kinds need more where others write at the same time: what
// may be absent, and what is pending, which is told by a second table.

// lockTable keeps others from writing to a small table that is rarely written,
// so that not even a row that is not there can appear. They can read it.
func (t *tx) lockTable(ctx context.Context, s sqldb.Stmt) error {
	if !t.locks {
		return nil
	}
	if _, err := t.db.Exec(ctx, s); err != nil {
		return fmt.Errorf("locking a table: %w", err)
	}
	return nil
}

// lockMarks reads, by read, records of which pending tells that they have a mark
// in a second table. Without the mark's lock, a record could lose it to somebody
// else. It reads again when a mark has appeared between the locking and the read.
func lockMarks[T any](ctx context.Context, t *tx, lock sqldb.Stmt, keys sqldb.Keys, pending func(T) bool, read func() ([]T, error)) ([]T, error) {
	for {
		held := map[int]bool{}
		if t.locks {
			err := t.db.Query(ctx, lock, func(scan sqldb.Scan) error {
				var i int
				err := scan(&i)
				held[i] = true
				return err
			}, keys)
			if err != nil {
				return nil, fmt.Errorf("locking: %w", err)
			}
		}
		records, err := read()
		if err != nil || !t.locks {
			return records, err
		}
		complete := true
		for i, r := range records {
			complete = complete && (held[i] || !pending(r))
		}
		if complete {
			return records, nil
		}
	}
}
