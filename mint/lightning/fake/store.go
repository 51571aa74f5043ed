package fake

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
)

// Times are Unix milliseconds. paid is the moment from which an invoice counts
// as paid, which may lie ahead; NULL is never.
var migrations = []sqldb.Migration{{
	Name: "0001_incoming",
	SQL: `
CREATE TABLE node (
  id  INTEGER PRIMARY KEY CHECK (id = 1),
  key BLOB NOT NULL
);
CREATE TABLE invoices (
  id        INTEGER PRIMARY KEY,
  hash      BLOB NOT NULL UNIQUE,
  preimage  BLOB NOT NULL,
  unit      TEXT NOT NULL,
  amount    INTEGER NOT NULL,
  created   INTEGER NOT NULL,
  expires   INTEGER NOT NULL,
  paid      INTEGER,
  delivered INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX invoices_undelivered ON invoices (paid, id) WHERE delivered = 0 AND paid IS NOT NULL;
`,
}, {
	// One row for each attempt to pay. debt names what is owed, the payment hash
	// of an invoice or the hash of another request, and counted is how much of it this attempt may have paid, in
	// thousandths of a satoshi. returns and checks are what SendPayment and
	// CheckPayment say when ends has come; -1 is an error.
	Name: "0002_outgoing",
	SQL: `
CREATE TABLE payments (
  id       TEXT NOT NULL PRIMARY KEY,
  method   TEXT NOT NULL,
  debt     BLOB,
  counted  INTEGER NOT NULL,
  unit     TEXT NOT NULL,
  amount   INTEGER NOT NULL,
  fee      INTEGER NOT NULL,
  begun    INTEGER NOT NULL,
  ends     INTEGER NOT NULL,
  returns  INTEGER NOT NULL,
  checks   INTEGER NOT NULL,
  proof    TEXT NOT NULL,
  again    INTEGER NOT NULL
) STRICT;
CREATE INDEX payments_debt ON payments (debt) WHERE debt IS NOT NULL;
`,
}, {
	// Requests that can be paid again and again, and their payments. counts is the
	// moment from which a payment counts, which may lie ahead.
	Name: "0003_requests",
	SQL: `
CREATE TABLE requests (
  id      INTEGER PRIMARY KEY,
  lookup  TEXT NOT NULL UNIQUE,
  method  TEXT NOT NULL,
  unit    TEXT NOT NULL,
  amount  INTEGER NOT NULL,
  expires INTEGER NOT NULL
) STRICT;
CREATE TABLE deposits (
  id        INTEGER PRIMARY KEY,
  request   INTEGER NOT NULL,
  payment   TEXT NOT NULL UNIQUE,
  amount    INTEGER NOT NULL,
  counts    INTEGER NOT NULL,
  delivered INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX deposits_of ON deposits (request, counts, id);
CREATE INDEX deposits_undelivered ON deposits (counts, id) WHERE delivered = 0;
`,
}}

var (
	stmtFindKey = sqldb.Stmt{Name: "fake.find_key", SQL: `SELECT key FROM node WHERE id = 1`}
	stmtAddKey  = sqldb.Stmt{Name: "fake.add_key", SQL: `INSERT INTO node (id, key) VALUES (1, $1)`}

	stmtAddInvoice = sqldb.Stmt{Name: "fake.add_invoice", SQL: `
INSERT INTO invoices (hash, preimage, unit, amount, created, expires, paid) VALUES ($1, $2, $3, $4, $5, $6, $7)`}
	stmtFindInvoice = sqldb.Stmt{Name: "fake.find_invoice", SQL: `
SELECT hash, unit, amount, expires, COALESCE(paid, 0), preimage FROM invoices WHERE hash = $1`}
	stmtUndelivered = sqldb.Stmt{Name: "fake.undelivered", SQL: `
SELECT hash, unit, amount, expires, paid, preimage FROM invoices
WHERE delivered = 0 AND paid IS NOT NULL ORDER BY paid, id LIMIT $1`}
	stmtCancel = sqldb.Stmt{Name: "fake.cancel", SQL: `
UPDATE invoices SET paid = NULL, expires = min(expires, $2) WHERE hash = $1 AND (paid IS NULL OR paid > $2)`}
	stmtListPaid = sqldb.Stmt{Name: "fake.list_paid", SQL: `
SELECT hash, unit, amount, expires, paid, preimage FROM invoices WHERE paid IS NOT NULL`}
	stmtSetPaid      = sqldb.Stmt{Name: "fake.set_paid", SQL: `UPDATE invoices SET paid = $2 WHERE hash = $1`}
	stmtSetDelivered = sqldb.Stmt{Name: "fake.set_delivered", SQL: `UPDATE invoices SET delivered = 1 WHERE hash = $1`}
)

// invoiceRow is an invoice that the node made.
type invoiceRow struct {
	hash     []byte
	preimage []byte
	unit     cashu.Unit
	amount   cashu.Amount // that is or will be paid
	created  time.Time    // only when written
	expires  time.Time
	paid     time.Time // zero = never
}

func (r invoiceRow) paidBy(now time.Time) bool {
	return !r.paid.IsZero() && !now.Before(r.paid)
}

func (r invoiceRow) incoming() lightning.Incoming {
	id := hex.EncodeToString(r.hash)
	return lightning.Incoming{Method: lightning.MethodBolt11, LookupID: id, PaymentID: id, Amount: r.amount, Unit: r.unit, At: r.paid}
}

// nodeKey returns the key of the node, making it once.
func nodeKey(ctx context.Context, db *sqldb.DB) (bolt11.Key, error) {
	fresh, err := bolt11.GenerateKey()
	if err != nil {
		return bolt11.Key{}, err
	}
	var stored []byte
	err = db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		err := tx.QueryRow(ctx, stmtFindKey).Scan(&stored)
		if !errors.Is(err, sqldb.ErrNoRows) {
			return err
		}
		stored = fresh.Secret()
		_, err = tx.Exec(ctx, stmtAddKey, stored)
		return err
	})
	if err != nil {
		return bolt11.Key{}, fmt.Errorf("node key: %w", err)
	}
	return bolt11.ParseKey(stored)
}

func addInvoice(ctx context.Context, tx sqldb.Tx, r invoiceRow) error {
	_, err := tx.Exec(ctx, stmtAddInvoice, r.hash, r.preimage, string(r.unit), uint64(r.amount),
		r.created.UnixMilli(), r.expires.UnixMilli(), millisOrNil(r.paid))
	return err
}

func findInvoice(ctx context.Context, tx sqldb.Tx, hash []byte) (invoiceRow, error) {
	row := tx.QueryRow(ctx, stmtFindInvoice, hash)
	r, err := scanInvoice(row.Scan)
	if errors.Is(err, sqldb.ErrNoRows) {
		return invoiceRow{}, lightning.ErrUnknownRequest
	}
	return r, err
}

// undelivered lists payments that nobody took yet, due or not, oldest first.
func undelivered(ctx context.Context, tx sqldb.Tx, limit int) ([]invoiceRow, error) {
	var rows []invoiceRow
	err := tx.Query(ctx, stmtUndelivered, func(scan sqldb.Scan) error {
		r, err := scanInvoice(scan)
		rows = append(rows, r)
		return err
	}, limit)
	return rows, err
}

func setPaid(ctx context.Context, tx sqldb.Tx, r invoiceRow) error {
	_, err := tx.Exec(ctx, stmtSetPaid, r.hash, r.paid.UnixMilli())
	return err
}

func scanInvoice(scan sqldb.Scan) (invoiceRow, error) {
	var (
		r             invoiceRow
		unit          string
		amount        uint64
		expires, paid int64
	)
	if err := scan(&r.hash, &unit, &amount, &expires, &paid, &r.preimage); err != nil {
		return invoiceRow{}, err
	}
	r.unit, r.amount, r.expires = cashu.Unit(unit), cashu.Amount(amount), time.UnixMilli(expires).UTC()
	if paid != 0 {
		r.paid = time.UnixMilli(paid).UTC()
	}
	return r, nil
}

func millisOrNil(t time.Time) any {
	if t.IsZero() {
		return nil
	}
	return t.UnixMilli()
}
