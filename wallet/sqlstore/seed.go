package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

var (
	stmtGetSeed = sqldb.Stmt{Name: "seed.get", SQL: `SELECT mark FROM seed WHERE one = 1`}
	stmtAddSeed = sqldb.Stmt{Name: "seed.add", SQL: `INSERT INTO seed (one, mark) VALUES (1, $1) ON CONFLICT (one) DO NOTHING`}
)

func (t *tx) SeedMark(ctx context.Context) ([]byte, error) {
	var mark []byte
	err := t.db.QueryRow(ctx, stmtGetSeed).Scan(&mark)
	if errors.Is(err, sqldb.ErrNoRows) {
		return nil, wallet.ErrNotFound
	}
	if err != nil {
		return nil, fmt.Errorf("reading the mark of the seed: %w", err)
	}
	return mark, nil
}

func (t *tx) AddSeedMark(ctx context.Context, mark []byte) (bool, error) {
	n, err := t.db.Exec(ctx, stmtAddSeed, mark)
	if err != nil {
		return false, fmt.Errorf("writing the mark of the seed: %w", err)
	}
	return n == 1, nil
}
