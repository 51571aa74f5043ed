package fake

import (
	"context"
	"fmt"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
)

const (
	// forever is how long a payment takes that the payee holds.
	forever = 100 * 365 * 24 * time.Hour
	// holdPause is the time between two looks whether a payee has let go.
	holdPause = 20 * time.Millisecond
)

var stmtRelease = sqldb.Stmt{Name: "fake.release", SQL: `
UPDATE payments SET ends = $2, returns = $3, checks = $3, counted = CASE $4 WHEN 1 THEN counted ELSE 0 END
WHERE debt = $1 AND ends - begun >= $5`}

// Release ends what a payee holds, whose invoice has the description "hold the
// payment": he takes the money, or he does not.
func (b *Backend) Release(ctx context.Context, request string, take bool) error {
	const doing = "release a payment"
	v, err := decode(request)
	if err != nil {
		return wrap(doing, err)
	}
	end, counts := lightning.PaymentFailed, 0
	if take {
		end, counts = lightning.PaymentPaid, 1
	}
	var n int64
	err = b.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) (err error) {
		n, err = tx.Exec(ctx, stmtRelease, v.PaymentHash[:], b.now().UnixMilli(), int(end), counts, forever.Milliseconds())
		return err
	})
	if err == nil && n == 0 {
		err = fmt.Errorf("nobody pays that: %w", lightning.ErrUnknownRequest)
	}
	return wrap(doing, err)
}

// glance is how long a waiting caller sleeps until he looks at the payment again.
func (r paymentRow) glance(wait time.Duration) time.Duration {
	if wait > forever/2 {
		return holdPause
	}
	return wait
}
