package fake

import (
	"context"
	"errors"
	"fmt"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
)

// Requests that can be paid again and again: offers, addresses, and those of custom
// methods. Like the payment of an invoice, a deposit is a point in time.

var (
	stmtAddRequest = sqldb.Stmt{Name: "fake.add_request", SQL: `
INSERT INTO requests (lookup, method, unit, amount, expires) VALUES ($1, $2, $3, $4, $5)`}
	stmtFindRequest = sqldb.Stmt{Name: "fake.find_request", SQL: `
SELECT id, lookup, method, unit, amount, expires FROM requests WHERE lookup = $1`}
	stmtAddDeposit = sqldb.Stmt{Name: "fake.add_deposit", SQL: `
INSERT INTO deposits (request, payment, amount, counts) VALUES ($1, $2, $3, $4)`}
	stmtHastenDeposits = sqldb.Stmt{Name: "fake.hasten_deposits", SQL: `
UPDATE deposits SET counts = $2 WHERE request = $1 AND counts > $2`}
	stmtListDeposits = sqldb.Stmt{Name: "fake.list_deposits", SQL: `
SELECT r.method, r.lookup, r.unit, d.payment, d.amount, d.counts
FROM deposits AS d CROSS JOIN requests AS r WHERE d.request = $1 AND r.id = d.request ORDER BY d.counts, d.id`}
	stmtUndeliveredDeposits = sqldb.Stmt{Name: "fake.undelivered_deposits", SQL: `
SELECT r.method, r.lookup, r.unit, d.payment, d.amount, d.counts
FROM deposits AS d CROSS JOIN requests AS r WHERE d.delivered = 0 AND r.id = d.request ORDER BY d.counts, d.id LIMIT $1`}
	stmtDepositDelivered = sqldb.Stmt{Name: "fake.deposit_delivered", SQL: `
UPDATE deposits SET delivered = 1 WHERE payment = $1`}
)

// requestRow is a request that the node made.
type requestRow struct {
	id      int64
	lookup  string
	method  string
	unit    cashu.Unit
	amount  cashu.Amount // 0: the payer decides
	expires time.Time    // zero: never
}

// createRequest makes a request of another method than bolt11.
func (b *Backend) createRequest(ctx context.Context, r lightning.InvoiceRequest) (lightning.Invoice, error) {
	now := b.now()
	row := requestRow{method: r.Method, unit: r.Unit, amount: r.Amount}
	if !r.Expiry.IsZero() {
		row.expires = r.Expiry.Truncate(time.Second)
		if !row.expires.After(now) {
			return lightning.Invoice{}, fmt.Errorf("%w: it would be expired already", lightning.ErrRefused)
		}
	}
	request, err := b.writeRequest(&row, r.Description)
	if err != nil {
		return lightning.Invoice{}, err
	}
	err = b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, stmtAddRequest, row.lookup, row.method, string(row.unit), uint64(row.amount), unixMilli(row.expires))
		if err != nil || b.cfg.IncomingDelay <= 0 || r.Description == leaveUnpaid {
			return err
		}
		return b.deposit(ctx, tx, row.lookup, 0, now.Add(b.cfg.IncomingDelay))
	})
	if err != nil {
		return lightning.Invoice{}, err
	}
	b.ring()
	return lightning.Invoice{Request: request, LookupID: row.lookup, Expiry: row.expires}, nil
}

// writeRequest makes what the payer reads, and names it.
func (b *Backend) writeRequest(row *requestRow, description string) (request string, err error) {
	msat, err := b.cfg.msat(row.amount, row.unit)
	if err != nil {
		return "", err
	}
	if len(description) > maxOffer/4 || !utf8.ValidString(description) {
		return "", fmt.Errorf("%w: description is too long or not UTF-8", lightning.ErrRefused)
	}
	switch row.method {
	case lightning.MethodBolt12:
		if request, err = newOffer(msat, description, row.expires); err == nil {
			var o offer
			o, err = readOffer(request)
			row.lookup = o.id
		}
	case lightning.MethodOnchain:
		request, err = newAddress()
		row.lookup = request
	default:
		request = row.method + ":" + uuid.NewString()
		row.lookup = request
	}
	return request, err
}

// Deposit pays a request now, as a customer would, with this much; 0 is what it asks
// for. It fails with lightning.ErrUnknownRequest or ErrExpired.
func (b *Backend) Deposit(ctx context.Context, lookupID string, amount cashu.Amount) error {
	err := b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error { return b.deposit(ctx, tx, lookupID, amount, b.now()) })
	if err == nil {
		b.ring()
	}
	return wrap("pay a request", err)
}

// deposit adds a payment that is seen at this time. It counts when it is confirmed.
func (b *Backend) deposit(ctx context.Context, tx sqldb.Tx, lookup string, amount cashu.Amount, seen time.Time) error {
	row, err := findRequest(ctx, tx, lookup)
	if err != nil {
		return err
	}
	if amount == 0 {
		if amount = row.amount; amount == 0 {
			amount = b.cfg.OpenAmount
		}
	}
	switch {
	case !row.expires.IsZero() && !seen.Before(row.expires):
		return ErrExpired
	case row.method == lightning.MethodOnchain && amount < b.cfg.MinAmount:
		return nil // such a coin never counts, alone or with others (NUT-30)
	}
	_, err = tx.Exec(ctx, stmtAddDeposit, row.id, row.method+"/"+uuid.NewString(), uint64(amount), seen.Add(b.confirming(row.method)).UnixMilli())
	return err
}

// confirming is how long it takes until a payment counts.
func (b *Backend) confirming(method string) time.Duration {
	if method != lightning.MethodOnchain {
		return 0
	}
	return time.Duration(b.cfg.Confirmations) * max(b.cfg.BlockTime, 0)
}

// checkRequest is CheckIncoming for a request. What SettleOnCheck settles is its first
// payment.
func (b *Backend) checkRequest(ctx context.Context, method, lookup string) (due []lightning.Incoming, err error) {
	list, row, err := b.deposits(ctx, lookup)
	if err == nil && row.method != method {
		return nil, lightning.ErrUnknownRequest
	}
	if err == nil && b.cfg.SettleOnCheck && (len(list) == 0 || list[0].At.After(b.now())) {
		err = b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
			if len(list) == 0 {
				return b.deposit(ctx, tx, lookup, 0, b.now().Add(-b.confirming(row.method)))
			}
			_, err := tx.Exec(ctx, stmtHastenDeposits, row.id, b.now().UnixMilli())
			return err
		})
		if errors.Is(err, ErrExpired) {
			return nil, nil
		}
		b.ring()
		if err == nil {
			list, _, err = b.deposits(ctx, lookup)
		}
	}
	for _, p := range list {
		if !p.At.After(b.now()) {
			due = append(due, p)
		}
	}
	return due, err
}

// deposits lists those of a request, due or not.
func (b *Backend) deposits(ctx context.Context, lookup string) (list []lightning.Incoming, row requestRow, err error) {
	err = b.db.Read(ctx, func(tx sqldb.Tx) error {
		list = nil
		if row, err = findRequest(ctx, tx, lookup); err != nil {
			return err
		}
		return tx.Query(ctx, stmtListDeposits, func(scan sqldb.Scan) error {
			p, err := scanDeposit(scan)
			list = append(list, p)
			return err
		}, row.id)
	})
	return list, row, err
}

func findRequest(ctx context.Context, tx sqldb.Tx, lookup string) (r requestRow, err error) {
	var unit string
	var amount uint64
	var expires int64
	err = tx.QueryRow(ctx, stmtFindRequest, lookup).Scan(&r.id, &r.lookup, &r.method, &unit, &amount, &expires)
	if errors.Is(err, sqldb.ErrNoRows) {
		return r, lightning.ErrUnknownRequest
	}
	r.unit, r.amount = cashu.Unit(unit), cashu.Amount(amount)
	if expires != 0 {
		r.expires = time.UnixMilli(expires).UTC()
	}
	return r, err
}

func scanDeposit(scan sqldb.Scan) (p lightning.Incoming, err error) {
	var unit string
	var amount uint64
	var counts int64
	err = scan(&p.Method, &p.LookupID, &unit, &p.PaymentID, &amount, &counts)
	p.Unit, p.Amount, p.At = cashu.Unit(unit), cashu.Amount(amount), time.UnixMilli(counts).UTC()
	return p, err
}

func unixMilli(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}
