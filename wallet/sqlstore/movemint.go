package sqlstore

import (
	"context"
	"errors"
	"fmt"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// moveMint is every place where the address of a mint stands. An operation gets a new
// version: whoever works on it has to notice.
var moveMint = []sqldb.Stmt{
	{Name: "mints.readdress", SQL: `UPDATE mints SET url = $2 WHERE url = $1`},
	{Name: "keysets.readdress", SQL: `UPDATE keysets SET mint_url = $2 WHERE mint_url = $1`},
	{Name: "coins.readdress", SQL: `UPDATE coins SET mint_url = $2 WHERE mint_url = $1`},
	{Name: "quotes.readdress", SQL: `UPDATE quotes SET mint_url = $2, version = version + 1 WHERE mint_url = $1`},
	{Name: "transactions.readdress", SQL: `UPDATE transactions SET mint_url = $2 WHERE mint_url = $1`},
	{Name: "inbox.readdress", SQL: `UPDATE inbox SET mint_url = $2 WHERE mint_url = $1`},
	{Name: "auth_keys.readdress", SQL: `
		UPDATE auth_keys SET mint_url = $2 WHERE mint_url = $1
			AND NOT EXISTS (SELECT 1 FROM auth_keys AS known WHERE known.mint_url = $2 AND known.keyset = auth_keys.keyset)`},
	{Name: "sagas.readdress", SQL: `UPDATE sagas SET mint_url = $2, version = version + 1 WHERE mint_url = $1`},
}

// leaveMint is what does not move: a login was made for the old address.
var leaveMint = []sqldb.Stmt{
	{Name: "logins.leave", SQL: `DELETE FROM logins WHERE mint_url = $1`},
	stmtDropAllAuthTokens,
}

func (t *tx) MoveMint(ctx context.Context, from, to string) error {
	if _, err := t.Mint(ctx, from); err != nil {
		return err
	}
	if _, err := t.Mint(ctx, to); !errors.Is(err, wallet.ErrNotFound) {
		return t.fail(errors.Join(err, fmt.Errorf("the mint %s %w", to, wallet.ErrExists)))
	}
	for _, stmt := range moveMint {
		if _, err := t.db.Exec(ctx, stmt, text(from), text(to)); err != nil {
			return fmt.Errorf("giving a mint another address: %w", err)
		}
	}
	for _, stmt := range leaveMint {
		if _, err := t.db.Exec(ctx, stmt, text(from)); err != nil {
			return fmt.Errorf("giving a mint another address: %w", err)
		}
	}
	return nil
}
