package sqlstore

import (
	"cmp"
	"context"
	"fmt"
	"slices"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// Totals adds the shards up.
func (t *tx) Totals(ctx context.Context) ([]mint.KeysetTotals, error) {
	sums := newSums(t)
	err := t.db.Query(ctx, stmtListTotals, func(scan sqldb.Scan) error {
		var keyset int64
		var issued, redeemed uint64
		if err := scan(&keyset, &issued, &redeemed); err != nil {
			return err
		}
		return sums.add(keyset, cashu.Amount(issued), cashu.Amount(redeemed), 1)
	})
	if err != nil {
		return nil, fmt.Errorf("reading totals: %w", err)
	}
	return sums.list(ctx)
}

// Recount adds up the rows themselves.
func (t *tx) Recount(ctx context.Context) ([]mint.KeysetTotals, error) {
	sums := newSums(t)
	for _, side := range []struct {
		stmt             sqldb.Stmt
		issued, redeemed cashu.Amount // 1 for the side that counts
	}{{stmtRecountIssued, 1, 0}, {stmtRecountRedeemed, 0, 1}} {
		err := t.db.Query(ctx, side.stmt, func(scan sqldb.Scan) error {
			var keyset, rows int64
			var amount uint64
			if err := scan(&keyset, &amount, &rows); err != nil {
				return err
			}
			a := cashu.Amount(amount)
			return sums.add(keyset, a*side.issued, a*side.redeemed, rows)
		})
		if err != nil {
			return nil, fmt.Errorf("recounting: %w", err)
		}
	}
	return sums.list(ctx)
}

// sums gathers totals by the number of the keyset.
type sums struct {
	t        *tx
	byKeyset map[int64]mint.KeysetTotals
}

func newSums(t *tx) *sums { return &sums{t, map[int64]mint.KeysetTotals{}} }

func (s *sums) add(keyset int64, issued, redeemed cashu.Amount, times int64) error {
	sum := shard{issued: s.byKeyset[keyset].Issued, redeemed: s.byKeyset[keyset].Redeemed}
	i, err := issued.Mul(uint64(times))
	if err != nil {
		return err
	}
	r, err := redeemed.Mul(uint64(times))
	if err != nil {
		return err
	}
	next, ok := sum.plus(mint.KeysetTotals{Issued: i, Redeemed: r})
	if !ok {
		return cashu.ErrAmountOverflow
	}
	s.byKeyset[keyset] = mint.KeysetTotals{Issued: next.issued, Redeemed: next.redeemed}
	return nil
}

func (s *sums) list(ctx context.Context) ([]mint.KeysetTotals, error) {
	list := make([]mint.KeysetTotals, 0, len(s.byKeyset))
	for number, sum := range s.byKeyset {
		id, err := s.t.keysetID(ctx, number)
		if err != nil {
			return nil, err
		}
		sum.KeysetID = id
		list = append(list, sum)
	}
	slices.SortFunc(list, func(a, b mint.KeysetTotals) int { return cmp.Compare(a.KeysetID.String(), b.KeysetID.String()) })
	return list, nil
}
