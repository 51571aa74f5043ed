package sqlstore

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

var (
	stmtPutMint = sqldb.Stmt{Name: "mints.put", SQL: `
		INSERT INTO mints (url, name, trusted, info, fetched, left_out) VALUES ($1, $2, $3, $4, $5, $6)
		ON CONFLICT (url) DO UPDATE SET name = excluded.name, trusted = excluded.trusted, info = excluded.info, fetched = excluded.fetched,
			left_out = excluded.left_out`}
	stmtGetMint    = sqldb.Stmt{Name: "mints.get", SQL: `SELECT url, name, trusted, info, fetched, left_out FROM mints WHERE url = $1 {lock mints}`}
	stmtListMints  = sqldb.Stmt{Name: "mints.list", SQL: `SELECT url, name, trusted, info, fetched, left_out FROM mints ORDER BY url`}
	stmtRemoveMint = sqldb.Stmt{Name: "mints.remove", SQL: `
		DELETE FROM mints WHERE url = $1
			AND NOT EXISTS (SELECT 1 FROM coins WHERE mint_url = $1 AND state <> 'SPENT')
			AND NOT EXISTS (SELECT 1 FROM sagas WHERE mint_url = $1)`}

	stmtPutKeyset = sqldb.Stmt{Name: "keysets.put", SQL: `
		INSERT INTO keysets (mint_url, id, unit, active, input_fee_ppk, final_expiry, keys) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (mint_url, id) DO UPDATE SET active = excluded.active, input_fee_ppk = excluded.input_fee_ppk,
			final_expiry = excluded.final_expiry
		WHERE keysets.keys = excluded.keys AND keysets.unit = excluded.unit`}
	stmtListKeysets = sqldb.Stmt{Name: "keysets.list", SQL: `
		SELECT id, unit, active, input_fee_ppk, final_expiry, keys FROM keysets WHERE mint_url = $1 ORDER BY id`}
)

func (t *tx) PutMint(ctx context.Context, m wallet.KnownMint) error {
	if _, err := t.db.Exec(ctx, stmtPutMint, text(m.URL), text(m.Name), m.Trusted, text(string(m.Info)), m.Fetched, maybe(strings.Join(m.LeftOut, "\n"))); err != nil {
		return fmt.Errorf("remembering a mint: %w", err)
	}
	return nil
}

func scanMint(scan func(dest ...any) error) (m wallet.KnownMint, err error) {
	var leftOut string
	if err = scan(&m.URL, &m.Name, &m.Trusted, &m.Info, &m.Fetched, &leftOut); leftOut != "" {
		m.LeftOut = strings.Split(leftOut, "\n")
	}
	return m, found(err)
}

func (t *tx) Mint(ctx context.Context, url string) (wallet.KnownMint, error) {
	m, err := scanMint(t.db.QueryRow(ctx, stmtGetMint, text(url)).Scan)
	if err != nil {
		return wallet.KnownMint{}, fmt.Errorf("reading a mint: %w", err)
	}
	return m, nil
}

func (t *tx) Mints(ctx context.Context) ([]wallet.KnownMint, error) {
	list := []wallet.KnownMint{}
	err := t.db.Query(ctx, stmtListMints, func(scan sqldb.Scan) error {
		m, err := scanMint(scan)
		list = append(list, m)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading mints: %w", err)
	}
	return list, nil
}

func (t *tx) RemoveMint(ctx context.Context, url string) error {
	n, err := t.db.Exec(ctx, stmtRemoveMint, text(url))
	if err != nil {
		return fmt.Errorf("forgetting a mint: %w", err)
	}
	if n == 1 {
		return nil
	}
	if _, err := t.Mint(ctx, url); errors.Is(err, wallet.ErrNotFound) {
		return err
	}
	return fmt.Errorf("forgetting a mint that still has something of this wallet: %w", wallet.ErrCoinsTaken)
}

func (t *tx) PutKeysets(ctx context.Context, mintURL string, keysets []cashu.Keyset) error {
	for _, k := range keysets {
		n, err := t.db.Exec(ctx, stmtPutKeyset, text(mintURL), k.ID.Bytes(), text(k.Unit), k.Active, k.InputFeePPK, k.FinalExpiry, keysBytes(k.Keys))
		if err != nil {
			return fmt.Errorf("remembering keysets: %w", err)
		}
		if n == 0 {
			return t.fail(fmt.Errorf("the keyset %v %w with other keys", k.ID, wallet.ErrExists))
		}
	}
	return nil
}

func (t *tx) Keysets(ctx context.Context, mintURL string) ([]cashu.Keyset, error) {
	list := []cashu.Keyset{}
	err := t.db.Query(ctx, stmtListKeysets, func(scan sqldb.Scan) error {
		var k cashu.Keyset
		var id, keys []byte
		var unit string
		err := scan(&id, &unit, &k.Active, &k.InputFeePPK, &k.FinalExpiry, &keys)
		if err != nil {
			return err
		}
		k.Unit = cashu.Unit(unit)
		if k.ID, err = cashu.KeysetIDFromBytes(id); err != nil {
			return err
		}
		k.Keys, err = parseKeys(keys)
		list = append(list, k)
		return err
	}, text(mintURL))
	if err != nil {
		return nil, fmt.Errorf("reading keysets: %w", err)
	}
	return list, nil
}
