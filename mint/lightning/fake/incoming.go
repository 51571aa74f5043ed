package fake

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
)

// ErrExpired: the invoice cannot be paid any more.
var ErrExpired = errors.New("invoice has expired")

const (
	// watchBatch is how many payments are delivered before the node notes that
	// they were, and so the most that come again after a crash.
	watchBatch = 100
	// watchPause is the longest time between two looks, for clocks that jump
	// while a timer runs.
	watchPause = 10 * time.Second
)

// CheckIncoming implements lightning.Receiver. With SettleOnCheck, asking is
// paying.
func (b *Backend) CheckIncoming(ctx context.Context, method, lookupID string) ([]lightning.Incoming, error) {
	const doing = "check invoice"
	if method != lightning.MethodBolt11 {
		list, err := b.checkRequest(ctx, method, lookupID)
		return list, wrap(doing, err)
	}
	hash, err := parseLookupID(lookupID)
	if err != nil {
		return nil, wrap(doing, err)
	}
	var row invoiceRow
	err = b.db.Read(ctx, func(tx sqldb.Tx) (err error) {
		row, err = findInvoice(ctx, tx, hash)
		return err
	})
	if err == nil && b.cfg.SettleOnCheck && !row.paidBy(b.now()) {
		row, err = b.settle(ctx, hash)
		if errors.Is(err, ErrExpired) {
			err = nil
		}
	}
	if err != nil {
		return nil, wrap(doing, err)
	}
	if !row.paidBy(b.now()) {
		return nil, nil
	}
	return []lightning.Incoming{row.incoming()}, nil
}

// Pay pays an invoice now, as a customer would. Paying it again changes nothing.
// It fails with lightning.ErrUnknownRequest or ErrExpired.
func (b *Backend) Pay(ctx context.Context, lookupID string) error {
	hash, err := parseLookupID(lookupID)
	if err == nil {
		_, err = b.settle(ctx, hash)
	}
	if errors.Is(err, lightning.ErrUnknownRequest) {
		return b.Deposit(ctx, lookupID, 0)
	}
	return wrap("pay invoice", err)
}

// CancelInvoice implements lightning.Canceller.
func (b *Backend) CancelInvoice(ctx context.Context, method, lookupID string) error {
	if method != lightning.MethodBolt11 {
		return nil // it can be paid again and again
	}
	hash, err := parseLookupID(lookupID)
	if err == nil {
		err = b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
			_, err := tx.Exec(ctx, stmtCancel, hash, b.now().UnixMilli())
			return err
		})
	}
	return wrap("cancel invoice", err)
}

// settle moves the moment of payment to now, unless that has passed.
func (b *Backend) settle(ctx context.Context, hash []byte) (invoiceRow, error) {
	var row invoiceRow
	err := b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) (err error) {
		if row, err = findInvoice(ctx, tx, hash); err != nil {
			return err
		}
		now := b.now()
		if row.paidBy(now) {
			return nil
		}
		if !now.Before(row.expires) {
			return ErrExpired
		}
		row.paid = now
		return setPaid(ctx, tx, row)
	})
	if err == nil {
		b.ring()
	}
	return row, err
}

// WatchIncoming implements lightning.Receiver.
func (b *Backend) WatchIncoming(ctx context.Context, deliver func(lightning.Incoming) error) error {
	const doing = "watch invoices"
	_, leave, err := b.life.Watch(ctx)
	if err != nil {
		return wrap(doing, err)
	}
	defer leave()
	for {
		pause, err := b.deliverDue(ctx, deliver)
		if err != nil {
			return wrap(doing, err)
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
		case <-b.wake:
		case <-ctx.Done():
			err = ctx.Err()
		case <-b.life.Done():
			err = lightning.ErrClosed
		}
		timer.Stop()
		if err != nil {
			return wrap(doing, err)
		}
	}
}

// deliverDue delivers one batch of what is due and returns how long there is
// nothing to do.
func (b *Backend) deliverDue(ctx context.Context, deliver func(lightning.Incoming) error) (time.Duration, error) {
	list, err := b.undelivered(ctx)
	if err != nil {
		return 0, err
	}
	pause, now := watchPause, b.now()
	delivered := map[*sqldb.Stmt][][]any{}
	n := 0
	for _, p := range list {
		if p.At.After(now) {
			pause = min(pause, p.At.Sub(now))
			break
		}
		if err = b.stopped(ctx); err == nil {
			err = deliver(p.Incoming)
		}
		if err != nil {
			break
		}
		delivered[p.note] = append(delivered[p.note], []any{p.key})
		n++
	}
	if n == watchBatch {
		pause = 0
	}
	// Noted even when ctx has ended: what was taken need not come again.
	return pause, errors.Join(err, b.noteDelivered(context.WithoutCancel(ctx), delivered))
}

// waiting is a payment that nobody took yet, and how to note that somebody has.
type waiting struct {
	lightning.Incoming
	note *sqldb.Stmt
	key  any
}

// undelivered lists the oldest payments that nobody took yet, due or not.
func (b *Backend) undelivered(ctx context.Context) (list []waiting, err error) {
	err = b.db.Read(ctx, func(tx sqldb.Tx) error {
		rows, err := undelivered(ctx, tx, watchBatch)
		if err != nil {
			return err
		}
		list = nil
		for _, r := range rows {
			list = append(list, waiting{r.incoming(), &stmtSetDelivered, r.hash})
		}
		return tx.Query(ctx, stmtUndeliveredDeposits, func(scan sqldb.Scan) error {
			p, err := scanDeposit(scan)
			list = append(list, waiting{p, &stmtDepositDelivered, p.PaymentID})
			return err
		}, watchBatch)
	})
	slices.SortStableFunc(list, func(a, b waiting) int { return a.At.Compare(b.At) })
	return list[:min(len(list), watchBatch)], err
}

func (b *Backend) noteDelivered(ctx context.Context, delivered map[*sqldb.Stmt][][]any) error {
	if len(delivered) == 0 {
		return nil
	}
	return b.db.Write(ctx, sqldb.Deferred, func(tx sqldb.Tx) error {
		for stmt, keys := range delivered {
			if _, err := tx.ExecMany(ctx, *stmt, keys); err != nil {
				return err
			}
		}
		return nil
	})
}

// stopped says why the watcher has to end.
func (b *Backend) stopped(ctx context.Context) error {
	if b.life.Over() {
		return lightning.ErrClosed
	}
	return ctx.Err()
}

// ring makes the watcher look again.
func (b *Backend) ring() {
	select {
	case b.wake <- struct{}{}:
	default:
	}
}

func parseLookupID(s string) ([]byte, error) {
	hash, err := hex.DecodeString(s)
	if err != nil || len(hash) != 32 || s != hex.EncodeToString(hash) {
		return nil, fmt.Errorf("%w: not a payment hash", lightning.ErrUnknownRequest)
	}
	return hash, nil
}
