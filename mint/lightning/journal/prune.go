package journal

import (
	"context"
	"time"

	"mintmark/internal/sqldb"
)

// Forget removes requests that nobody can pay any more, and what arrived for them, limit
// at most, and returns how many there were. Such a request could be paid but once, ended
// before the given time, was asked for to its end and is not asked for any more, and the
// mint has heard of all that arrived. An address or an offer can be paid again, and stays.
// Attempts to pay stay for ever: what is not in the journal was never begun.
func (j *Journal) Forget(ctx context.Context, before time.Time, limit int) (n int, err error) {
	type name struct{ method, lookup string }
	err = j.db.Write(ctx, sqldb.Deferred, func(tx sqldb.Tx) error {
		n = 0
		var over []name
		err := tx.Query(ctx, stmtOver, func(scan sqldb.Scan) error {
			var v name
			err := scan(&v.method, &v.lookup)
			over = append(over, v)
			return err
		}, ms(before), limit)
		if err != nil {
			return err
		}
		for _, v := range over {
			gone, err := tx.Exec(ctx, stmtForgetRequest, v.method, v.lookup)
			if err != nil {
				return err
			}
			if _, err := tx.Exec(ctx, stmtForgetReceived, v.method, v.lookup); err != nil {
				return err
			}
			n += int(gone)
		}
		return nil
	})
	return n, wrap("forget requests", err)
}
