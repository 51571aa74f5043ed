package journal

import (
	"context"
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
)

// Request is something that was given out to be paid.
type Request struct {
	Method, LookupID string
	// Identifier is the node's own name of it, unique for ever.
	Identifier string
	Unit       cashu.Unit
	Amount     cashu.Amount // 0: the payer decides
	// Once: it can be paid but once.
	Once    bool
	Created time.Time
	Expires time.Time // zero: never
}

// AddRequest writes down a request, durably. Its payments are to be asked for at
// first at the given time. ErrDuplicate: one of its names is taken.
func (j *Journal) AddRequest(ctx context.Context, r Request, ask time.Time) error {
	const doing = "add a request"
	return wrap(doing, j.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		n, err := tx.Exec(ctx, stmtAddRequest, r.Method, r.LookupID, r.Identifier, string(r.Unit), uint64(r.Amount), bit(r.Once),
			ms(r.Created), ms(r.Expires), ms(ask))
		if err == nil && n == 0 {
			err = ErrDuplicate
		}
		return err
	}))
}

// Request reads a request by the mint's name, or ErrNotFound.
func (j *Journal) Request(ctx context.Context, method, lookupID string) (Request, error) {
	return j.request(ctx, stmtRequest, method, lookupID)
}

// RequestOf reads a request by the node's name, or ErrNotFound.
func (j *Journal) RequestOf(ctx context.Context, identifier string) (Request, error) {
	return j.request(ctx, stmtRequestOf, identifier)
}

func (j *Journal) request(ctx context.Context, s sqldb.Stmt, args ...any) (r Request, err error) {
	err = j.db.Read(ctx, func(tx sqldb.Tx) (err error) {
		r, err = scanRequest(tx.QueryRow(ctx, s, args...).Scan)
		return err
	})
	return r, wrap("read a request", err)
}

// Due lists requests whose payments are to be asked for by now, limit at most, those
// that wait longest first.
func (j *Journal) Due(ctx context.Context, now time.Time, limit int) (list []Request, err error) {
	err = j.db.Read(ctx, func(tx sqldb.Tx) error {
		list = nil
		return tx.Query(ctx, stmtDue, func(scan sqldb.Scan) error {
			r, err := scanRequest(scan)
			list = append(list, r)
			return err
		}, ms(now), limit)
	})
	return list, wrap("list requests", err)
}

// AskAgain says when to ask for the payments of a request the next time; zero is
// never.
func (j *Journal) AskAgain(ctx context.Context, r Request, at time.Time) error {
	return wrap("note when to ask", j.db.Write(ctx, sqldb.Deferred, func(tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, stmtAskAgain, r.Method, r.LookupID, ms(at))
		return err
	}))
}

// AskAll makes every request due that is asked for at all.
func (j *Journal) AskAll(ctx context.Context, now time.Time) error {
	return wrap("ask for everything", j.db.Write(ctx, sqldb.Deferred, func(tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, stmtAskAll, ms(now))
		return err
	}))
}

// Receive writes down payments, durably; what was there stays as it is. It returns
// how many were new.
func (j *Journal) Receive(ctx context.Context, payments []lightning.Incoming) (fresh int, err error) {
	err = j.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		fresh = 0
		for _, p := range payments {
			n, err := tx.Exec(ctx, stmtReceive, p.Method, p.LookupID, p.PaymentID, string(p.Unit), uint64(p.Amount), ms(p.At))
			if err != nil {
				return err
			}
			fresh += int(n)
		}
		return nil
	})
	return fresh, wrap("receive", err)
}

// Received lists the payments of a request, oldest first.
func (j *Journal) Received(ctx context.Context, r Request) ([]lightning.Incoming, error) {
	return j.payments(ctx, stmtReceived, r.Method, r.LookupID)
}

// Undelivered lists payments that the mint has not heard of for certain, limit at
// most, oldest first.
func (j *Journal) Undelivered(ctx context.Context, limit int) ([]lightning.Incoming, error) {
	return j.payments(ctx, stmtUndelivered, limit)
}

func (j *Journal) payments(ctx context.Context, s sqldb.Stmt, args ...any) (list []lightning.Incoming, err error) {
	err = j.db.Read(ctx, func(tx sqldb.Tx) error {
		list = nil
		return tx.Query(ctx, s, func(scan sqldb.Scan) error {
			var p lightning.Incoming
			var unit string
			var amount uint64
			var at int64
			err := scan(&p.Method, &p.LookupID, &p.PaymentID, &unit, &amount, &at)
			p.Unit, p.Amount, p.At = cashu.Unit(unit), cashu.Amount(amount), fromMs(at)
			list = append(list, p)
			return err
		}, args...)
	})
	return list, wrap("list payments", err)
}

// Delivered notes that the mint has made the payments durable. If that is lost in a
// power cut, it hears of them again.
func (j *Journal) Delivered(ctx context.Context, payments []lightning.Incoming) error {
	return wrap("note a delivery", j.db.Write(ctx, sqldb.Deferred, func(tx sqldb.Tx) error {
		for _, p := range payments {
			if _, err := tx.Exec(ctx, stmtDelivered, p.Method, p.LookupID, p.PaymentID); err != nil {
				return err
			}
		}
		return nil
	}))
}

func scanRequest(scan func(dest ...any) error) (r Request, err error) {
	var unit string
	var amount uint64
	var once, created, expires int64
	if err := scan(&r.Method, &r.LookupID, &r.Identifier, &unit, &amount, &once, &created, &expires); err != nil {
		return r, err
	}
	r.Unit, r.Amount, r.Once = cashu.Unit(unit), cashu.Amount(amount), once != 0
	r.Created, r.Expires = fromMs(created), fromMs(expires)
	return r, nil
}

func bit(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// String names the request in a log, without what a payer would need.
func (r Request) String() string { return fmt.Sprintf("%s request of %s", r.Method, r.Created) }
