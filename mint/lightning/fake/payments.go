package fake

import (
	"context"
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
)

const paymentColumns = `id, method, debt, counted, unit, amount, fee, begun, ends, returns, checks, proof, again`

var (
	stmtAddPayment = sqldb.Stmt{Name: "fake.add_payment", SQL: `
INSERT INTO payments (` + paymentColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)`}
	stmtFindPayment = sqldb.Stmt{Name: "fake.find_payment", SQL: `
SELECT ` + paymentColumns + ` FROM payments WHERE id = $1`}
	stmtPaidOf = sqldb.Stmt{Name: "fake.paid_of", SQL: `
SELECT COALESCE(sum(counted), 0) FROM payments WHERE debt = $1`}
	stmtListPayments = sqldb.Stmt{Name: "fake.list_payments", SQL: `
SELECT ` + paymentColumns + ` FROM payments ORDER BY begun, id`}
)

// paymentRow is an attempt to pay.
type paymentRow struct {
	id, method string
	debt       []byte // the payment hash, or the hash of what is no invoice
	counted    uint64 // msat of the debt that this may have paid
	unit       cashu.Unit
	amount     cashu.Amount
	fee        cashu.Amount
	begun      time.Time
	ends       time.Time
	returns    outcome // of SendPayment
	checks     outcome // of CheckPayment
	proof      string
	again      bool // the debt was paid before
}

func addPayment(ctx context.Context, tx sqldb.Tx, r paymentRow) error {
	_, err := tx.Exec(ctx, stmtAddPayment, r.id, r.method, r.debt, r.counted, string(r.unit), uint64(r.amount), uint64(r.fee),
		r.begun.UnixMilli(), r.ends.UnixMilli(), int(r.returns), int(r.checks), r.proof, r.again)
	return err
}

func findPayment(ctx context.Context, tx sqldb.Tx, id string) (paymentRow, error) {
	return scanPayment(tx.QueryRow(ctx, stmtFindPayment, id).Scan)
}

func scanPayment(scan func(dest ...any) error) (r paymentRow, err error) {
	var (
		unit            string
		amount, fee     uint64
		begun, ends     int64
		returns, checks int
	)
	err = scan(&r.id, &r.method, &r.debt, &r.counted, &unit, &amount, &fee, &begun, &ends, &returns, &checks, &r.proof, &r.again)
	r.unit, r.amount, r.fee = cashu.Unit(unit), cashu.Amount(amount), cashu.Amount(fee)
	r.begun, r.ends = time.UnixMilli(begun).UTC(), time.UnixMilli(ends).UTC()
	r.returns, r.checks = outcome(returns), outcome(checks)
	return r, err
}

// paidOf is how much of a debt is paid, or may be, in msat.
func paidOf(ctx context.Context, tx sqldb.Tx, debt []byte) (msat uint64, err error) {
	err = tx.QueryRow(ctx, stmtPaidOf, debt).Scan(&msat)
	return msat, err
}

// Entry is one attempt to pay, as the payee saw it.
type Entry struct {
	ID     string // of the attempt
	Debt   string // payment hash in hex; of what is no invoice, the SHA256 of the request
	Amount cashu.Amount
	Fee    cashu.Amount
	// Msat is how much of the debt this has paid, or may have, and Ends is when.
	Msat uint64
	Ends time.Time
	// Paid: the money is gone. Open: it may be. Neither: it is not.
	Paid, Open bool
	// Again: somebody tried to pay a debt that was paid already.
	Again bool
}

// Ledger reads what the node of this database was ordered to pay, oldest first,
// also while another process runs it. It is a witness that trusts no mint.
func Ledger(ctx context.Context, path string) ([]Entry, error) {
	db, err := sqldb.Open(ctx, sqldb.Config{Path: path, Migrations: migrations, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("fake lightning: %w", err)
	}
	var list []Entry
	err = db.Read(ctx, func(tx sqldb.Tx) error {
		list = nil
		return tx.Query(ctx, stmtListPayments, func(scan sqldb.Scan) error {
			r, err := scanPayment(scan)
			list = append(list, r.entry())
			return err
		})
	})
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	return list, wrap("read the ledger", err)
}

// Received reads which invoices the node of this database got the money of, or
// will get it of, by payment hash in hex. Like Ledger it is a witness.
func Received(ctx context.Context, path string) (map[string]cashu.Amount, error) {
	db, err := sqldb.Open(ctx, sqldb.Config{Path: path, Migrations: migrations, ReadOnly: true})
	if err != nil {
		return nil, fmt.Errorf("fake lightning: %w", err)
	}
	var amounts map[string]cashu.Amount
	err = db.Read(ctx, func(tx sqldb.Tx) error {
		amounts = map[string]cashu.Amount{}
		return tx.Query(ctx, stmtListPaid, func(scan sqldb.Scan) error {
			r, err := scanInvoice(scan)
			amounts[fmt.Sprintf("%x", r.hash)] = r.amount
			return err
		})
	})
	if closeErr := db.Close(); err == nil {
		err = closeErr
	}
	return amounts, wrap("read what was received", err)
}

func (r paymentRow) entry() Entry {
	paid := outcome(lightning.PaymentPaid)
	e := Entry{ID: r.id, Debt: fmt.Sprintf("%x", r.debt), Amount: r.amount, Fee: r.fee, Msat: r.counted, Ends: r.ends, Again: r.again}
	e.Paid = r.returns == paid || r.checks == paid
	e.Open = !e.Paid && r.counted > 0
	return e
}
