package sqlstore

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

const meltColumns = `id, method, unit, request, lookup_id, terms, amount, fee_reserve, state, operation, input_fee,
			spent, proof, change, expiry, created, paid, updated, fee_options, fee_index, backend`

var (
	stmtGetMelt = sqldb.Stmt{Name: "melt_quotes.get", SQL: `
		SELECT number, ` + meltColumns + ` FROM melt_quotes WHERE id = $1 {lock melt_quotes}`}
	stmtAddMelt = sqldb.Stmt{Name: "melt_quotes.add", SQL: `
		INSERT INTO melt_quotes (` + meltColumns + `, polled)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, 0)`}
	stmtAddRequest = sqldb.Stmt{Name: "melt_requests.add", SQL: `
		INSERT INTO melt_requests (lookup_id, method, operation, paid, expiry)
		VALUES ($1, $2, 0, 0, $3) ON CONFLICT (lookup_id, method) DO NOTHING`}
	stmtGetRequest = sqldb.Stmt{Name: "melt_requests.get", SQL: `
		SELECT operation, paid, expiry FROM melt_requests WHERE lookup_id = $1 AND method = $2 {lock melt_requests}`}
	stmtRenewRequest = sqldb.Stmt{Name: "melt_requests.renew", SQL: `
		UPDATE melt_requests SET expiry = $3 WHERE lookup_id = $1 AND method = $2 AND operation = 0`}
	stmtChooseFee = sqldb.Stmt{Name: "melt_quotes.choose_fee", SQL: `
		UPDATE melt_quotes SET fee_index = $2, fee_reserve = $3 WHERE id = $1 AND state = 0`}
	stmtClaimMeltPoll = sqldb.Stmt{Name: "melt_quotes.claim_poll", SQL: `
		UPDATE melt_quotes SET polled = $2 WHERE id = $1 AND (polled <= $3 OR polled > $2)`}
)

// meltRow is a quote and its number.
type meltRow struct {
	number int64
	mint.MeltQuote
}

func scanMelt(scan func(dest ...any) error) (q meltRow, err error) {
	var (
		id, method, unit, request, lookupID, terms, proof, change, options, backend []byte
		amount, feeReserve, inputFee, spent                                         uint64
		state                                                                       uint8
		operation, expiry, created, paid, updated, feeIndex                         int64
	)
	err = scan(&q.number, &id, &method, &unit, &request, &lookupID, &terms, &amount, &feeReserve, &state, &operation, &inputFee,
		&spent, &proof, &change, &expiry, &created, &paid, &updated,
		&options, &feeIndex, &backend)
	if err != nil {
		return q, found(err)
	}
	q.ID, q.Method, q.Unit = string(id), string(method), cashu.Unit(unit)
	q.Request, q.LookupID, q.Terms, q.Backend = string(request), string(lookupID), string(terms), string(backend)
	q.Amount, q.FeeReserve, q.InputFee = cashu.Amount(amount), cashu.Amount(feeReserve), cashu.Amount(inputFee)
	q.State, q.Operation = mint.MeltState(state), mint.OperationRef(operation)
	q.Settlement = mint.Settlement{Spent: cashu.Amount(spent), Proof: string(proof)}
	q.Expiry, q.Created, q.Paid, q.Updated = fromMillis(expiry), fromMillis(created), fromMillis(paid), fromMillis(updated)
	q.FeeIndex = uint32(feeIndex)
	q.Change, err = parsePoints(change)
	if err == nil {
		q.Options, err = parseOptions(options)
	}
	return q, err
}

// joinPoints writes points one after the other, parsePoints reads them.
func joinPoints(points []bdhke.Point) []byte {
	b := make([]byte, 0, len(points)*bdhke.PointSize)
	for _, p := range points {
		b = p.AppendBytes(b)
	}
	return b
}

func parsePoints(b []byte) (points []bdhke.Point, err error) {
	if len(b)%bdhke.PointSize != 0 {
		return nil, errors.New("points in the database have a wrong length")
	}
	for ; len(b) > 0; b = b[bdhke.PointSize:] {
		p, err := parsePoint(b[:bdhke.PointSize])
		if err != nil {
			return nil, err
		}
		points = append(points, p)
	}
	return points, nil
}

// optionSize is what a fee option takes: index, blocks and reserve, big endian.
const optionSize = 4 + 4 + 8

// joinOptions writes fee options one after the other, NULL for none; parseOptions
// reads them.
func joinOptions(options []mint.FeeOption) (b []byte) {
	for _, o := range options {
		b = binary.BigEndian.AppendUint32(b, o.Index)
		b = binary.BigEndian.AppendUint32(b, o.Blocks)
		b = binary.BigEndian.AppendUint64(b, uint64(o.Reserve))
	}
	return b
}

func parseOptions(b []byte) (options []mint.FeeOption, err error) {
	if len(b)%optionSize != 0 {
		return nil, errors.New("fee options in the database have a wrong length")
	}
	for ; len(b) > 0; b = b[optionSize:] {
		options = append(options, mint.FeeOption{
			Index: binary.BigEndian.Uint32(b), Blocks: binary.BigEndian.Uint32(b[4:]), Reserve: cashu.Amount(binary.BigEndian.Uint64(b[8:])),
		})
	}
	return options, nil
}

func (t *tx) ChooseFee(ctx context.Context, id string, o mint.FeeOption) error {
	n, err := t.db.Exec(ctx, stmtChooseFee, []byte(id), int64(o.Index), uint64(o.Reserve))
	return one("choosing a fee", n, err)
}

func (t *tx) melt(ctx context.Context, id string) (meltRow, error) {
	q, err := scanMelt(t.db.QueryRow(ctx, stmtGetMelt, []byte(id)).Scan)
	if err != nil {
		return meltRow{}, fmt.Errorf("reading a melt quote: %w", err)
	}
	return q, nil
}

func (t *tx) MeltQuote(ctx context.Context, id string) (mint.MeltQuote, error) {
	q, err := t.melt(ctx, id)
	return q.MeltQuote, err
}

func (t *tx) AddMeltQuote(ctx context.Context, q mint.MeltQuote) error {
	if q.LookupID != "" {
		if err := t.quoteRequest(ctx, q); err != nil {
			return err
		}
	}
	_, err := t.db.Exec(ctx, stmtAddMelt, []byte(q.ID), []byte(q.Method), []byte(q.Unit), []byte(q.Request), maybe(q.LookupID),
		[]byte(q.Terms), uint64(q.Amount), uint64(q.FeeReserve), uint8(q.State), int64(q.Operation), uint64(q.InputFee),
		uint64(q.Spent), []byte(q.Proof), joinPoints(q.Change), millis(q.Expiry), millis(q.Created), millis(q.Paid), millis(q.Updated),
		joinOptions(q.Options), int64(q.FeeIndex), maybe(q.Backend))
	if err != nil {
		return fmt.Errorf("adding a melt quote: %w", err)
	}
	return nil
}

// quoteRequest makes q the newest quote of its request, if there may be one. The
// row of the request is the lock that all its quotes share.
func (t *tx) quoteRequest(ctx context.Context, q mint.MeltQuote) error {
	n, err := t.db.Exec(ctx, stmtAddRequest, []byte(q.LookupID), []byte(q.Method), millis(q.Expiry))
	if err != nil {
		return fmt.Errorf("adding a payment request: %w", err)
	}
	if n == 1 {
		return nil
	}
	var operation, paid, expiry int64
	err = found(t.db.QueryRow(ctx, stmtGetRequest, []byte(q.LookupID), []byte(q.Method)).Scan(&operation, &paid, &expiry))
	if errors.Is(err, mint.ErrNotFound) { // it was forgotten between the two statements
		n, err = t.db.Exec(ctx, stmtAddRequest, []byte(q.LookupID), []byte(q.Method), millis(q.Expiry))
		return one("adding a payment request", n, err)
	}
	if err != nil {
		return fmt.Errorf("reading a payment request: %w", err)
	}
	switch {
	case paid != 0:
		return mint.ErrRequestPaid
	case operation != 0:
		return mint.ErrRequestPending
	case q.Created.Before(fromMillis(expiry)):
		return mint.RequestQuoted{Until: fromMillis(expiry)}
	}
	n, err = t.db.Exec(ctx, stmtRenewRequest, []byte(q.LookupID), []byte(q.Method), millis(q.Expiry))
	return one("renewing a payment request", n, err)
}

func (t *tx) ClaimMeltPoll(ctx context.Context, id string, now time.Time, interval time.Duration) (bool, error) {
	n, err := t.db.Exec(ctx, stmtClaimMeltPoll, []byte(id), millis(now), millis(now.Add(-interval)))
	if err != nil {
		return false, fmt.Errorf("claiming a poll: %w", err)
	}
	return n == 1, nil
}
