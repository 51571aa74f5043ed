package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
)

// errTaken: the debt is another attempt's.
var errTaken = fmt.Errorf("%w: another attempt pays this, or has paid it", lightning.ErrRefused)

// Answer is what the node said when it was ordered to pay.
type Answer uint8

// The answers to an order.
const (
	Silent  Answer = 0 // none yet, or one that proves nothing
	Begun   Answer = 1 // the node has begun with this very attempt
	Refused Answer = 2 // the node says that it has not paid
	// Claimed: the node has said that it has paid, and not so that it could be believed.
	// This stays: whatever it says later, nobody knows that it has not.
	Claimed Answer = 3
)

// Attempt is an attempt to pay.
type Attempt struct {
	ID     string // the mint's
	Method string
	Unit   cashu.Unit
	Amount cashu.Amount
	MaxFee cashu.Amount
	// Debt is what the node knows the payment by before it is made, such as a
	// payment hash: two attempts of one debt may be taken for one another.
	Debt string
	// Identifier is what the node has to be asked with; it may be known only when
	// the node has answered.
	Identifier string
	// Quote is the node's name of what was quoted, if it has one.
	Quote string
	// Said is what the node is told, in words that only the backend reads.
	Said string
	// Part: only a part of the debt is paid.
	Part bool
	// Rival: there was an attempt of the same debt before this one.
	Rival  bool
	Begun  time.Time
	Answer Answer
	// State is PaymentPending, or PaymentPaid or PaymentFailed for ever.
	State lightning.PaymentState
	Spent cashu.Amount
	Proof string
}

// Outgoing is the attempt as the mint wants to know it.
func (a Attempt) Outgoing() lightning.Outgoing {
	return lightning.Outgoing{State: a.State, Spent: a.Spent, Proof: a.Proof}
}

// Begin writes down an attempt, durably, unless one of its ID is there. It returns
// the one that is there, and whether it is new: only then may the node hear of it,
// and only once. ErrDuplicate: another attempt of the debt is open or has paid, be it
// all or a part of it; then nothing is begun.
func (j *Journal) Begin(ctx context.Context, a Attempt) (stored Attempt, fresh bool, err error) {
	err = j.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) (err error) {
		fresh = false
		stored, err = scanAttempt(tx.QueryRow(ctx, stmtAttempt, a.ID).Scan)
		if !errors.Is(err, sqldb.ErrNoRows) {
			return err
		}
		var taken, rivals int64
		if err := tx.QueryRow(ctx, stmtTaken, a.Debt).Scan(&taken); err != nil {
			return err
		}
		if taken > 0 {
			return ErrDuplicate
		}
		if err := tx.QueryRow(ctx, stmtRivals, a.Debt).Scan(&rivals); err != nil {
			return err
		}
		n, err := tx.Exec(ctx, stmtBegin, a.ID, a.Method, string(a.Unit), uint64(a.Amount), uint64(a.MaxFee), a.Debt, a.Identifier,
			a.Quote, a.Said, bit(a.Part), bit(rivals > 0), ms(j.Now()))
		if err != nil {
			return err
		}
		fresh = n > 0
		stored, err = scanAttempt(tx.QueryRow(ctx, stmtAttempt, a.ID).Scan)
		if errors.Is(err, sqldb.ErrNoRows) {
			err = ErrDuplicate
		}
		return err
	})
	return stored, fresh && err == nil, wrap("begin a payment", err)
}

// Attempt reads an attempt, or ErrNotFound: it was never begun.
func (j *Journal) Attempt(ctx context.Context, id string) (a Attempt, err error) {
	err = j.db.Read(ctx, func(tx sqldb.Tx) (err error) {
		a, err = scanAttempt(tx.QueryRow(ctx, stmtAttempt, id).Scan)
		return err
	})
	return a, wrap("read a payment", err)
}

// OpenAttempts lists the attempts of a quote that have not ended, the latest first.
func (j *Journal) OpenAttempts(ctx context.Context, quote string) (list []Attempt, err error) {
	err = j.db.Read(ctx, func(tx sqldb.Tx) error {
		list = nil
		return tx.Query(ctx, stmtOpenAttempts, func(scan sqldb.Scan) error {
			a, err := scanAttempt(scan)
			list = append(list, a)
			return err
		}, quote)
	})
	return list, wrap("list payments", err)
}

// Answer notes what the node answered to the order, and what it knows the payment by.
func (j *Journal) Answer(ctx context.Context, id string, answer Answer, identifier string) error {
	return wrap("note an answer", j.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		_, err := tx.Exec(ctx, stmtAnswer, id, uint8(answer), identifier)
		return err
	}))
}

// errNoEnd: what is to be written is no end.
var errNoEnd = errors.New("not the end of a payment")

// End writes down, durably, how an attempt has ended, unless that is known. It returns
// the attempt as it is then: the first end is the end. One whose answer is Claimed does not
// end as failed, and is still pending then: who says so may not have known.
func (j *Journal) End(ctx context.Context, id string, out lightning.Outgoing) (a Attempt, err error) {
	const doing = "end a payment"
	if out.State != lightning.PaymentPaid && out.State != lightning.PaymentFailed {
		return a, wrap(doing, errNoEnd)
	}
	err = j.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) (err error) {
		if _, err := tx.Exec(ctx, stmtEnd, id, uint8(out.State), uint64(out.Spent), out.Proof); err != nil {
			return err
		}
		a, err = scanAttempt(tx.QueryRow(ctx, stmtAttempt, id).Scan)
		return err
	})
	return a, wrap(doing, err)
}

func scanAttempt(scan func(dest ...any) error) (a Attempt, err error) {
	var unit string
	var amount, maxFee, spent uint64
	var part, rival, begun int64
	var answer, state uint8
	err = scan(&a.ID, &a.Method, &unit, &amount, &maxFee, &a.Debt, &a.Identifier, &a.Quote, &a.Said, &part, &rival, &begun, &answer, &state, &spent, &a.Proof)
	if err != nil {
		return a, err
	}
	a.Unit, a.Amount, a.MaxFee, a.Spent = cashu.Unit(unit), cashu.Amount(amount), cashu.Amount(maxFee), cashu.Amount(spent)
	a.Part, a.Rival, a.Begun, a.Answer, a.State = part != 0, rival != 0, fromMs(begun), Answer(answer), lightning.PaymentState(state)
	return a, nil
}
