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

func stmtBudgetOf() sqldb.Stmt {
	return sqldb.Stmt{Name: "budgets.of", SQL: `
SELECT client, unit, keyset, bucket, value, count FROM budgets WHERE (bucket = 0 OR bucket >= $1) AND client = $2
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
	err := ks.db.Read(ctx, func(tx sqldb.Tx) (err error) {
		counters, err = readBudget(ctx, tx, stmtBudgets(), sinceBucket)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the budgets: %w", err)
	}
	return counters, nil
}

func readBudget(ctx context.Context, tx sqldb.Tx, s sqldb.Stmt, args ...any) (counters []BudgetCounter, err error) {
	err = tx.Query(ctx, s, func(scan sqldb.Scan) error {
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
	}, args...)
	return counters, err
}

// ReserveBudget lets decide see the stored counters of a client, those of all time
// and those of buckets that began at sinceBucket or later, and stores what it
// returns. Nobody else changes a counter meanwhile, in no process. When it returns,
// all of it is on the disk, or with an error none. A counter never goes down: the
// larger of the stored and the given number stays. Older buckets, of any client,
// are forgotten. decide may be called twice.
func (ks *Keystore) ReserveBudget(ctx context.Context, client string, sinceBucket int64, decide func([]BudgetCounter) ([]BudgetCounter, error)) error {
	err := ks.write(ctx, func(tx sqldb.Tx) error {
		stored, err := readBudget(ctx, tx, stmtBudgetOf(), sinceBucket, client)
		if err != nil {
			return err
		}
		counters, err := decide(stored)
		if err != nil {
			return err
		}
		for _, c := range counters {
			if err := saveCounter(ctx, tx, c); err != nil {
				return err
			}
		}
		_, err = tx.Exec(ctx, stmtPruneBudgets(), sinceBucket)
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
