package sqlstore

import (
	"context"
	"fmt"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

const quoteColumns = `direction, mint_url, id, method, unit, amount, fee_reserve, request, state, paid, issued,
		expiry, key_index, proof, used_by, created, updated, version, key, asked, terms, fee_index`

var (
	stmtAddQuote = sqldb.Stmt{Name: "quotes.add", SQL: `
		INSERT INTO quotes (` + quoteColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22)
		ON CONFLICT DO NOTHING`}
	stmtGetQuote = sqldb.Stmt{Name: "quotes.get", SQL: `
		SELECT ` + quoteColumns + ` FROM quotes WHERE direction = $1 AND mint_url = $2 AND id = $3 {lock quotes}`}
	stmtQuoteByKey  = sqldb.Stmt{Name: "quotes.by_key", SQL: `SELECT ` + quoteColumns + ` FROM quotes WHERE key = $1 {lock quotes}`}
	stmtListQuotes  = sqldb.Stmt{Name: "quotes.list", SQL: `SELECT ` + quoteColumns + ` FROM quotes ORDER BY created, id`}
	stmtUpdateQuote = sqldb.Stmt{Name: "quotes.update", SQL: `
		UPDATE quotes SET method = $1, unit = $2, amount = $3, fee_reserve = $4, request = $5, state = $6, paid = $7, issued = $8,
			expiry = $9, key_index = $10, proof = $11, updated = $12, asked = $13, version = version + 1
		WHERE direction = $14 AND mint_url = $15 AND id = $16 AND version = $17`}
	stmtReserveQuote = sqldb.Stmt{Name: "quotes.reserve", SQL: `
		UPDATE quotes SET used_by = $1, version = version + 1
		WHERE direction = $2 AND mint_url = $3 AND id = $4 AND used_by IS NULL`}
	stmtReleaseQuotes = sqldb.Stmt{Name: "quotes.release", SQL: `
		UPDATE quotes SET used_by = NULL, version = version + 1 WHERE used_by = $1`}
)

func (t *tx) AddQuote(ctx context.Context, q wallet.Quote) error {
	n, err := t.db.Exec(ctx, stmtAddQuote, string(q.Direction), text(q.MintURL), text(q.ID), text(q.Method), text(q.Unit),
		uint64(q.Amount), uint64(q.FeeReserve), text(q.Request), text(q.State), uint64(q.Paid), uint64(q.Issued),
		q.Expiry, number(q.KeyIndex), maybe(string(q.Proof)), maybeID(q.UsedBy), q.Created, q.Updated, q.Version, maybe(q.Key), q.Asked, maybe(q.Terms), number(q.FeeIndex))
	if err != nil {
		return fmt.Errorf("adding a quote: %w", err)
	}
	if n == 0 {
		return t.fail(fmt.Errorf("adding a quote: it %w", wallet.ErrExists))
	}
	return nil
}

func (t *tx) UpdateQuote(ctx context.Context, q wallet.Quote) error {
	n, err := t.db.Exec(ctx, stmtUpdateQuote, text(q.Method), text(q.Unit), uint64(q.Amount), uint64(q.FeeReserve),
		text(q.Request), text(q.State), uint64(q.Paid), uint64(q.Issued), q.Expiry, number(q.KeyIndex), maybe(string(q.Proof)),
		q.Updated, q.Asked, string(q.Direction), text(q.MintURL), text(q.ID), q.Version)
	if err != nil {
		return fmt.Errorf("updating a quote: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("updating a quote: %w", wallet.ErrTakenOver)
	}
	return nil
}

func (t *tx) ReserveQuote(ctx context.Context, d wallet.QuoteDirection, mintURL, id string, op uuid.UUID) error {
	n, err := t.db.Exec(ctx, stmtReserveQuote, op[:], string(d), text(mintURL), text(id))
	if err != nil {
		return fmt.Errorf("reserving a quote: %w", err)
	}
	if n == 0 {
		return fmt.Errorf("reserving a quote: %w", wallet.ErrTakenOver)
	}
	return nil
}

func (t *tx) ReleaseQuotes(ctx context.Context, op uuid.UUID) (int, error) {
	n, err := t.db.Exec(ctx, stmtReleaseQuotes, op[:])
	if err != nil {
		return 0, fmt.Errorf("releasing quotes: %w", err)
	}
	return int(n), nil
}

func scanQuote(scan func(dest ...any) error) (q wallet.Quote, err error) {
	var (
		direction, unit, proof           string
		usedBy                           []byte
		amount, feeReserve, paid, issued uint64
		keyIndex, feeIndex               int64
	)
	err = scan(&direction, &q.MintURL, &q.ID, &q.Method, &unit, &amount, &feeReserve, &q.Request, &q.State, &paid, &issued,
		&q.Expiry, &keyIndex, &proof, &usedBy, &q.Created, &q.Updated, &q.Version, &q.Key, &q.Asked, &q.Terms, &feeIndex)
	if err != nil {
		return q, found(err)
	}
	q.Direction, q.Unit, q.Proof = wallet.QuoteDirection(direction), cashu.Unit(unit), wallet.Secret(proof)
	q.Amount, q.FeeReserve, q.Paid, q.Issued = cashu.Amount(amount), cashu.Amount(feeReserve), cashu.Amount(paid), cashu.Amount(issued)
	q.KeyIndex, q.FeeIndex = parseNumber(keyIndex), parseNumber(feeIndex)
	q.UsedBy, err = parseID(usedBy)
	return q, err
}

func (t *tx) Quote(ctx context.Context, d wallet.QuoteDirection, mintURL, id string) (wallet.Quote, error) {
	q, err := scanQuote(t.db.QueryRow(ctx, stmtGetQuote, string(d), text(mintURL), text(id)).Scan)
	if err != nil {
		return wallet.Quote{}, fmt.Errorf("reading a quote: %w", err)
	}
	return q, nil
}

func (t *tx) QuoteByKey(ctx context.Context, key string) (wallet.Quote, error) {
	q, err := scanQuote(t.db.QueryRow(ctx, stmtQuoteByKey, text(key)).Scan)
	if err != nil {
		return wallet.Quote{}, fmt.Errorf("finding a quote by its key: %w", err)
	}
	return q, nil
}

func (t *tx) Quotes(ctx context.Context) ([]wallet.Quote, error) {
	list := []wallet.Quote{}
	err := t.db.Query(ctx, stmtListQuotes, func(scan sqldb.Scan) error {
		q, err := scanQuote(scan)
		list = append(list, q)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading quotes: %w", err)
	}
	return list, nil
}
