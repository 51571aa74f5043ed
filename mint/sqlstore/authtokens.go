package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

var (
	stmtUseAuthToken = sqldb.Stmt{Name: "auth_tokens.use", SQL: `
		INSERT INTO auth_tokens (keyset, y) VALUES ($1, $2) ON CONFLICT (keyset, y) DO NOTHING`}
	stmtReturnAuthToken = sqldb.Stmt{Name: "auth_tokens.return", SQL: `
		DELETE FROM auth_tokens WHERE keyset = $1 AND y = $2`}
	stmtForgetAuthTokens = sqldb.Stmt{Name: "auth_tokens.forget", SQL: `
		DELETE FROM auth_tokens WHERE keyset = $1 AND y IN (SELECT y FROM auth_tokens WHERE keyset = $1 ORDER BY y LIMIT $2)`}
)

func (t *tx) UseAuthToken(ctx context.Context, id cashu.KeysetID, y bdhke.Point) error {
	if y.IsZero() {
		return errors.New("using an authentication token without Y")
	}
	keyset, err := t.keysetNumber(ctx, id)
	if err != nil {
		return err
	}
	n, err := t.db.Exec(ctx, stmtUseAuthToken, keyset, yKey(y))
	if err != nil {
		return fmt.Errorf("using an authentication token: %w", err)
	}
	if n == 0 {
		return mint.ErrProofKnown
	}
	return nil
}

func (t *tx) ReturnAuthToken(ctx context.Context, id cashu.KeysetID, y bdhke.Point) error {
	keyset, err := t.keysetNumber(ctx, id)
	if err != nil {
		return err
	}
	if _, err := t.db.Exec(ctx, stmtReturnAuthToken, keyset, yKey(y)); err != nil {
		return fmt.Errorf("returning an authentication token: %w", err)
	}
	return nil
}

func (t *tx) ForgetAuthTokens(ctx context.Context, id cashu.KeysetID, limit int) (int, error) {
	keyset, err := t.keysetNumber(ctx, id)
	if err != nil {
		return 0, err
	}
	n, err := t.db.Exec(ctx, stmtForgetAuthTokens, keyset, limit)
	if err != nil {
		return 0, fmt.Errorf("forgetting authentication tokens: %w", err)
	}
	return int(n), nil
}
