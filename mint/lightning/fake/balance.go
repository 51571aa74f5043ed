package fake

import (
	"context"
	"fmt"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint/lightning"
)

// What went in and what went out. A payment under way counts as gone, like money that
// is locked in a channel; one that may have been made counts as made.
var (
	stmtCameIn = sqldb.Stmt{Name: "fake.came_in", SQL: `
SELECT unit, sum(amount) FROM (
  SELECT unit, amount FROM invoices WHERE paid IS NOT NULL AND paid <= $1
  UNION ALL
  SELECT r.unit, d.amount FROM deposits AS d CROSS JOIN requests AS r WHERE d.counts <= $1 AND r.id = d.request
) GROUP BY unit`}
	stmtWentOut = sqldb.Stmt{Name: "fake.went_out", SQL: `
SELECT unit, sum(amount + fee) FROM payments WHERE counted > 0 GROUP BY unit`}
)

// Balance implements lightning.Balancer: Config.Funds, what came in, and not what went
// out. It adds up all rows.
func (b *Backend) Balance(ctx context.Context, unit cashu.Unit) (cashu.Amount, error) {
	const doing = "balance"
	var msat int64
	err := b.db.Read(ctx, func(tx sqldb.Tx) error {
		msat = b.cfg.Funds * msatPerSat
		add := func(sign int64) func(sqldb.Scan) error {
			return func(scan sqldb.Scan) error {
				var name string
				var sum uint64
				if err := scan(&name, &sum); err != nil {
					return err
				}
				value, err := b.cfg.msat(cashu.Amount(sum), cashu.Unit(name))
				msat += sign * int64(value) // below all bitcoin
				return err
			}
		}
		if err := tx.Query(ctx, stmtCameIn, add(1), b.now().UnixMilli()); err != nil {
			return err
		}
		return tx.Query(ctx, stmtWentOut, add(-1))
	})
	if err != nil {
		return 0, wrap(doing, err)
	}
	held, err := b.cfg.received(uint64(max(msat, 0)), unit)
	return held, wrap(doing, err)
}

// checkFunds refuses funds that nobody can have.
func (c *Config) checkFunds() error {
	if c.Funds > maxMsat/msatPerSat || c.Funds < -maxMsat/msatPerSat {
		return fmt.Errorf("%w: funds of %d sat are more than all bitcoin", lightning.ErrRefused, c.Funds)
	}
	return nil
}
