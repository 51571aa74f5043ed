package sqlstore

import (
	"context"
	"fmt"
	"sync"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

var (
	stmtListKeysetIDs = sqldb.Stmt{Name: "keyset_ids.list", SQL: `
		SELECT number, id FROM keyset_ids ORDER BY number`}
	stmtGetKeysetID = sqldb.Stmt{Name: "keyset_ids.get", SQL: `
		SELECT number FROM keyset_ids WHERE id = $1`}
)

// keysetID is an id and the small number that rows carry instead. The first is
// number 0, which SQLite keeps in no bytes at all.
type keysetID struct {
	number int64
	id     cashu.KeysetID
}

// keysetIDs remembers the committed numbers. They never change, and there are
// few.
type keysetIDs struct {
	mu      sync.RWMutex
	numbers map[cashu.KeysetID]int64
	ids     map[int64]cashu.KeysetID
}

func (k *keysetIDs) learn(rows []keysetID) {
	if len(rows) == 0 {
		return
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.numbers == nil {
		k.numbers, k.ids = map[cashu.KeysetID]int64{}, map[int64]cashu.KeysetID{}
	}
	for _, row := range rows {
		k.numbers[row.id], k.ids[row.number] = row.number, row.id
	}
}

func (k *keysetIDs) number(id cashu.KeysetID) (int64, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	n, ok := k.numbers[id]
	return n, ok
}

func (k *keysetIDs) id(number int64) (cashu.KeysetID, bool) {
	k.mu.RLock()
	defer k.mu.RUnlock()
	id, ok := k.ids[number]
	return id, ok
}

// keysetNumber finds or gives the number of a keyset. A number given here is not
// remembered before the commit: a rollback takes it back.
func (t *tx) keysetNumber(ctx context.Context, id cashu.KeysetID) (int64, error) {
	if n, ok := t.store.ids.number(id); ok {
		return n, nil
	}
	for _, row := range t.ids {
		if row.id == id {
			return row.number, nil
		}
	}
	raw := id.Bytes()
	if raw == nil {
		raw = []byte{} // no keyset at all has a number, too
	}
	if _, err := t.db.Exec(ctx, t.store.dialect.addKeysetID, raw); err != nil {
		return 0, fmt.Errorf("numbering a keyset: %w", err)
	}
	row := keysetID{id: id}
	if err := t.db.QueryRow(ctx, stmtGetKeysetID, raw).Scan(&row.number); err != nil {
		return 0, fmt.Errorf("numbering a keyset: %w", err)
	}
	t.ids = append(t.ids, row)
	return row.number, nil
}

// keysetID finds the keyset of a number that a row carries.
func (t *tx) keysetID(ctx context.Context, number int64) (cashu.KeysetID, error) {
	if id, ok := t.store.ids.id(number); ok {
		return id, nil
	}
	rows, err := readKeysetIDs(ctx, t.db)
	if err != nil {
		return cashu.KeysetID{}, err
	}
	t.ids = rows // learned if this transaction commits
	for _, row := range rows {
		if row.number == number {
			return row.id, nil
		}
	}
	return cashu.KeysetID{}, fmt.Errorf("keyset number %d is not in the database", number)
}

func readKeysetIDs(ctx context.Context, db sqldb.Tx) ([]keysetID, error) {
	var rows []keysetID
	err := db.Query(ctx, stmtListKeysetIDs, func(scan sqldb.Scan) (err error) {
		var row keysetID
		var raw []byte
		if err := scan(&row.number, &raw); err != nil {
			return err
		}
		if len(raw) > 0 {
			row.id, err = cashu.KeysetIDFromBytes(raw)
		}
		rows = append(rows, row)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the numbers of keysets: %w", err)
	}
	return rows, nil
}
