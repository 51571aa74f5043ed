package sqlstore

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// The totals of a keyset are spread over shards, so that operations that finish
// at the same time do not all wait for one row. A shard holds a part of what was
// issued and of what was redeemed. As long as a shard has issued more than it is
// asked to redeem, nobody needs to look at the others; when it has not, all are
// locked, in order, added up, and what is outstanding is spread over them again.
// A transaction that finds this out holds a shard already, so where others write
// at the same time it starts over and locks in order from the beginning.
//
// Amounts are unsigned and are added in Go, under the row's lock.

var (
	stmtGetTotals = sqldb.Stmt{Name: "keyset_totals.get", SQL: `
		SELECT issued, redeemed FROM keyset_totals WHERE keyset = $1 AND shard = $2 {lock keyset_totals}`}
	stmtListShards = sqldb.Stmt{Name: "keyset_totals.shards", SQL: `
		SELECT shard, issued, redeemed FROM keyset_totals WHERE keyset = $1 ORDER BY shard {lock keyset_totals}`}
	stmtAddShards = sqldb.Stmt{Name: "keyset_totals.add", SQL: `
		INSERT INTO keyset_totals (keyset, shard, issued, redeemed)
		SELECT $1, k.i, 0, 0 FROM {keys $2} AS k WHERE true ON CONFLICT (keyset, shard) DO NOTHING`}
	stmtSetTotals = sqldb.Stmt{Name: "keyset_totals.set", SQL: `
		INSERT INTO keyset_totals (keyset, shard, issued, redeemed) VALUES ($1, $2, $3, $4)
		ON CONFLICT (keyset, shard) DO UPDATE SET issued = excluded.issued, redeemed = excluded.redeemed`}
	stmtListTotals = sqldb.Stmt{Name: "keyset_totals.list", SQL: `
		SELECT keyset, issued, redeemed FROM keyset_totals ORDER BY keyset, shard {lock keyset_totals}`}

	// For the recount, which reads everything: by amount, because amounts must
	// not be added in SQL.
	stmtRecountIssued = sqldb.Stmt{Name: "outputs.recount", SQL: `
		SELECT o.keyset, o.amount, count(*) FROM outputs AS o
		WHERE NOT EXISTS (SELECT 1 FROM unsigned_outputs AS u WHERE u.operation = o.operation AND u.position = o.position)
		GROUP BY o.keyset, o.amount`}
	stmtRecountRedeemed = sqldb.Stmt{Name: "proofs.recount", SQL: `
		SELECT p.keyset, p.amount, count(*) FROM proofs AS p
		WHERE NOT EXISTS (SELECT 1 FROM pending_proofs AS u WHERE u.operation = p.operation AND u.y = p.y)
		GROUP BY p.keyset, p.amount`}
)

// shard is one row of totals.
type shard struct {
	number           int64
	issued, redeemed cashu.Amount
}

// plus adds to a shard; false when it would overflow.
func (s shard) plus(a mint.KeysetTotals) (shard, bool) {
	issued, err := s.issued.Add(a.Issued)
	if err != nil {
		return s, false
	}
	redeemed, err := s.redeemed.Add(a.Redeemed)
	return shard{s.number, issued, redeemed}, err == nil
}

// AddTotals adds to the shard of the operation, in the order of keysets, so that
// no two transactions wait for each other in a circle.
func (t *tx) AddTotals(ctx context.Context, ref mint.OperationRef, add []mint.KeysetTotals, force bool) error {
	type numbered struct {
		number int64
		mint.KeysetTotals
	}
	list := make([]numbered, len(add))
	for i, a := range add {
		n, err := t.keysetNumber(ctx, a.KeysetID)
		if err != nil {
			return err
		}
		list[i] = numbered{n, a}
	}
	slices.SortFunc(list, func(a, b numbered) int { return cmp.Compare(a.number, b.number) })
	for _, a := range list {
		if err := t.addTotals(ctx, a.number, int64(ref)%int64(t.store.dialect.shards), a.KeysetTotals, force); err != nil {
			return fmt.Errorf("adding to the totals of a keyset: %w", err)
		}
	}
	return nil
}

func (t *tx) addTotals(ctx context.Context, keyset, number int64, add mint.KeysetTotals, force bool) error {
	if t.locks && t.ordered {
		return t.spreadTotals(ctx, keyset, add, force)
	}
	s, err := t.shard(ctx, keyset, number)
	if err != nil {
		return err
	}
	next, ok := s.plus(add)
	if ok && (next.redeemed <= next.issued || force) {
		return t.setTotals(ctx, keyset, next)
	}
	if !t.ordered {
		t.again = errOrder
		return errOrder
	}
	return t.spreadTotals(ctx, keyset, add, force)
}

// errOrder ends a transaction that has to lock all shards from the beginning.
var errOrder = errors.New("totals have to be locked in order")

// shard reads one row of totals. The first look at a keyset makes all of its
// rows, so that whoever locks them locks them all.
func (t *tx) shard(ctx context.Context, keyset, number int64) (shard, error) {
	s := shard{number: number}
	for try := 0; ; try++ {
		var issued, redeemed uint64
		err := t.db.QueryRow(ctx, stmtGetTotals, keyset, number).Scan(&issued, &redeemed)
		if err == nil || try > 0 || !errors.Is(err, sqldb.ErrNoRows) {
			s.issued, s.redeemed = cashu.Amount(issued), cashu.Amount(redeemed)
			return s, err
		}
		if err := t.addShards(ctx, keyset); err != nil {
			return s, err
		}
	}
}

func (t *tx) addShards(ctx context.Context, keyset int64) error {
	_, err := t.db.Exec(ctx, stmtAddShards, keyset, make(sqldb.Keys, t.store.dialect.shards))
	return err
}

func (t *tx) setTotals(ctx context.Context, keyset int64, s shard) error {
	n, err := t.db.Assume(ctx, stmtSetTotals, 1, keyset, s.number, uint64(s.issued), uint64(s.redeemed))
	return one("writing totals", n, err)
}

// spreadTotals adds all shards up, and the new amounts to them, and writes them
// back evenly.
func (t *tx) spreadTotals(ctx context.Context, keyset int64, add mint.KeysetTotals, force bool) error {
	if t.locks {
		if err := t.addShards(ctx, keyset); err != nil {
			return err
		}
	}
	var sum shard
	overflow := false
	err := t.db.Query(ctx, stmtListShards, func(scan sqldb.Scan) error {
		var issued, redeemed uint64
		if err := scan(nil, &issued, &redeemed); err != nil {
			return err
		}
		next, ok := sum.plus(mint.KeysetTotals{Issued: cashu.Amount(issued), Redeemed: cashu.Amount(redeemed)})
		sum, overflow = next, overflow || !ok
		return nil
	}, keyset)
	if err != nil {
		return err
	}
	sum, ok := sum.plus(add)
	if overflow || !ok {
		return fmt.Errorf("totals beyond what an amount can hold: %w", cashu.ErrAmountOverflow)
	}
	if sum.redeemed > sum.issued && !force {
		return mint.ErrOverRedeemed
	}
	var rows [][]any
	for _, part := range sum.divide(t.store.dialect.shards) {
		rows = append(rows, []any{keyset, part.number, uint64(part.issued), uint64(part.redeemed)})
	}
	if n, err := t.db.ExecMany(ctx, stmtSetTotals, rows); err != nil || n != len(rows) {
		return fmt.Errorf("writing totals: %d of %d written: %w", n, len(rows), err)
	}
	return nil
}

// divide makes n shards of one, each with its part of what is outstanding. What
// is overdrawn stays together.
func (s shard) divide(n int) []shard {
	parts := make([]shard, n)
	for i := range parts {
		parts[i].number = int64(i)
	}
	if s.redeemed > s.issued {
		parts[0].issued, parts[0].redeemed = s.issued, s.redeemed
		return parts
	}
	outstanding, count := s.issued-s.redeemed, cashu.Amount(n)
	for i := range parts {
		parts[i].redeemed = s.redeemed / count
		parts[i].issued = parts[i].redeemed + outstanding/count
	}
	parts[0].redeemed += s.redeemed % count
	parts[0].issued += s.redeemed%count + outstanding%count
	return parts
}
