package keystore

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

// budgetSchema: an empty keyset stands for none. Counters are uint64 kept in the
// 64 bits of an int64: SQL must not compare or add them.
const budgetSchema = `
CREATE TABLE budgets (
	client TEXT   NOT NULL,
	unit   TEXT   NOT NULL,
	keyset BLOB   NOT NULL,
	bucket BIGINT NOT NULL,
	value  BIGINT NOT NULL,
	count  BIGINT NOT NULL,
	PRIMARY KEY (client, unit, keyset, bucket)
) WITHOUT ROWID;
CREATE INDEX budgets_bucket ON budgets (bucket);`

// BudgetCounter says that at least this much may have been used by a client.
type BudgetCounter struct {
	Client string
	Unit   cashu.Unit
	// Keyset is zero for the windows of a unit.
	Keyset cashu.KeysetID
	// Bucket is when the counted time began, in unix minutes; 0 = all time.
	Bucket int64
	Value  cashu.Amount
	Count  uint64
}

func stmtBudgets() sqldb.Stmt {
	return sqldb.Stmt{Name: "budgets.since", SQL: `
SELECT client, unit, keyset, bucket, value, count FROM budgets WHERE bucket = 0 OR bucket >= $1
ORDER BY client, unit, keyset, bucket`}
}

func stmtBudget() sqldb.Stmt {
	return sqldb.Stmt{Name: "budgets.one", SQL: `
SELECT value, count FROM budgets WHERE client = $1 AND unit = $2 AND keyset = $3 AND bucket = $4`}
}

func stmtSetBudget() sqldb.Stmt {
	return sqldb.Stmt{Name: "budgets.set", SQL: `
INSERT INTO budgets (client, unit, keyset, bucket, value, count) VALUES ($1, $2, $3, $4, $5, $6)
ON CONFLICT (client, unit, keyset, bucket) DO UPDATE SET value = excluded.value, count = excluded.count`}
}

func stmtPruneBudgets() sqldb.Stmt {
	return sqldb.Stmt{Name: "budgets.prune", SQL: `DELETE FROM budgets WHERE bucket <> 0 AND bucket < $1`}
}

// LoadBudget reads the counters of all time, and those of buckets that began at
// sinceBucket or later.
func (ks *Keystore) LoadBudget(ctx context.Context, sinceBucket int64) ([]BudgetCounter, error) {
	var counters []BudgetCounter
	err := ks.db.Read(ctx, func(tx sqldb.Tx) error {
		counters = nil
		return tx.Query(ctx, stmtBudgets(), func(scan sqldb.Scan) error {
			var (
				c     BudgetCounter
				unit  string
				id    []byte
				value uint64
				err   error
			)
			if err := scan(&c.Client, &unit, &id, &c.Bucket, &value, &c.Count); err != nil {
				return err
			}
			c.Unit, c.Value = cashu.Unit(unit), cashu.Amount(value)
			if len(id) > 0 {
				if c.Keyset, err = cashu.KeysetIDFromBytes(id); err != nil {
					return fmt.Errorf("a budget of %q: %w", c.Client, err)
				}
			}
			counters = append(counters, c)
			return nil
		}, sinceBucket)
	})
	if err != nil {
		return nil, fmt.Errorf("reading the budgets: %w", err)
	}
	return counters, nil
}

// SaveBudget stores the counters, all or none, and returns when they are on the
// disk. A counter never goes down: the larger number of the stored and the given
// one stays. Buckets that began before pruneBefore are forgotten; those of all
// time (0) never are.
func (ks *Keystore) SaveBudget(ctx context.Context, counters []BudgetCounter, pruneBefore int64) error {
	err := ks.db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		for _, c := range counters {
			if err := saveCounter(ctx, tx, c); err != nil {
				return err
			}
		}
		_, err := tx.Exec(ctx, stmtPruneBudgets(), pruneBefore)
		return err
	})
	if err != nil {
		return fmt.Errorf("storing the budgets: %w", err)
	}
	return nil
}

func saveCounter(ctx context.Context, tx sqldb.Tx, c BudgetCounter) error {
	id := []byte{}
	if !c.Keyset.IsZero() {
		id = c.Keyset.Bytes()
	}
	var value, count uint64
	err := tx.QueryRow(ctx, stmtBudget(), c.Client, string(c.Unit), id, c.Bucket).Scan(&value, &count)
	if err != nil && !errors.Is(err, sqldb.ErrNoRows) {
		return err
	}
	_, err = tx.Exec(ctx, stmtSetBudget(), c.Client, string(c.Unit), id, c.Bucket, max(value, uint64(c.Value)), max(count, c.Count))
	return err
}
