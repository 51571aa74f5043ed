package sqlstore

import (
	"context"
	"fmt"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

const quoteColumns = `id, method, unit, amount, request, lookup_id, pubkey, amount_paid, amount_issued,
			pending, expiry, created, paid, issued, updated, backend`

var (
	stmtGetQuote = sqldb.Stmt{Name: "mint_quotes.get", SQL: `
		SELECT number, ` + quoteColumns + ` FROM mint_quotes WHERE id = $1 {lock mint_quotes}`}
	stmtGetQuoteByLookup = sqldb.Stmt{Name: "mint_quotes.by_lookup", SQL: `
		SELECT number, ` + quoteColumns + ` FROM mint_quotes WHERE lookup_id = $1 AND method = $2 {lock mint_quotes}`}
	stmtAddQuote = sqldb.Stmt{Name: "mint_quotes.add", SQL: `
		INSERT INTO mint_quotes (` + quoteColumns + `, polled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 0)`}
)

// quoteRow is a quote and its number.
type quoteRow struct {
	number int64
	mint.MintQuote
}

func scanQuote(scan func(dest ...any) error) (q quoteRow, err error) {
	var (
		id, method, unit, request, lookupID, pubkey, backend []byte
		amount, amountPaid, amountIssued                     uint64
		pending, expiry, created, paid, issued, updated      int64
	)
	err = scan(&q.number, &id, &method, &unit, &amount, &request, &lookupID, &pubkey, &amountPaid, &amountIssued,
		&pending, &expiry, &created, &paid, &issued, &updated, &backend)
	if err != nil {
		return q, found(err)
	}
	q.ID, q.Method, q.Unit = string(id), string(method), cashu.Unit(unit)
	q.Request, q.LookupID, q.Backend = string(request), string(lookupID), string(backend)
	q.Amount, q.AmountPaid, q.AmountIssued = cashu.Amount(amount), cashu.Amount(amountPaid), cashu.Amount(amountIssued)
	q.Pending = mint.OperationRef(pending)
	q.Expiry, q.Created, q.Paid = fromMillis(expiry), fromMillis(created), fromMillis(paid)
	q.Issued, q.Updated = fromMillis(issued), fromMillis(updated)
	q.Pubkey, err = parsePoint(pubkey)
	return q, err
}

// quote reads a quote of any method.
func (t *tx) quote(ctx context.Context, id string) (quoteRow, error) {
	q, err := scanQuote(t.db.QueryRow(ctx, stmtGetQuote, []byte(id)).Scan)
	if err != nil {
		return quoteRow{}, fmt.Errorf("reading a mint quote: %w", err)
	}
	return q, nil
}

func (t *tx) MintQuote(ctx context.Context, method, id string) (mint.MintQuote, error) {
	q, err := t.quote(ctx, id)
	if err != nil {
		return mint.MintQuote{}, err
	}
	if q.Method != method {
		return mint.MintQuote{}, mint.ErrNotFound
	}
	return q.MintQuote, nil
}

func (t *tx) MintQuoteByLookup(ctx context.Context, method, lookupID string) (mint.MintQuote, error) {
	q, err := scanQuote(t.db.QueryRow(ctx, stmtGetQuoteByLookup, []byte(lookupID), []byte(method)).Scan)
	if err != nil {
		return mint.MintQuote{}, fmt.Errorf("finding a mint quote: %w", err)
	}
	return q.MintQuote, nil
}

func (t *tx) AddMintQuote(ctx context.Context, q mint.MintQuote) error {
	_, err := t.db.Exec(ctx, stmtAddQuote, []byte(q.ID), []byte(q.Method), []byte(q.Unit), uint64(q.Amount),
		[]byte(q.Request), maybe(q.LookupID), pointBytes(q.Pubkey), uint64(q.AmountPaid), uint64(q.AmountIssued),
		int64(q.Pending), millis(q.Expiry), millis(q.Created), millis(q.Paid), millis(q.Issued), millis(q.Updated), maybe(q.Backend))
	if err != nil {
		return fmt.Errorf("adding a mint quote: %w", err)
	}
	return nil
}
