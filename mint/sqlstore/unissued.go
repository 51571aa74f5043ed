package sqlstore

import (
	"context"
	"fmt"
	"math"
	"math/big"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
)

// Amounts are unsigned and are kept in columns that are not, so that the database cannot
// add them up as they are. Their halves it can.
var stmtUnissued = sqldb.Stmt{Name: "mint_quotes.unissued", SQL: `
		SELECT CAST(coalesce(sum(((amount_paid >> 32) & 4294967295) - ((amount_issued >> 32) & 4294967295)), 0) AS bigint),
		CAST(coalesce(sum((amount_paid & 4294967295) - (amount_issued & 4294967295)), 0) AS bigint)
		FROM mint_quotes WHERE unit = $1 AND amount_paid <> amount_issued`}

func (t *tx) Unissued(ctx context.Context, unit cashu.Unit) (cashu.Amount, error) {
	var high, low int64
	if err := t.db.QueryRow(ctx, stmtUnissued, []byte(unit)).Scan(&high, &low); err != nil {
		return 0, fmt.Errorf("adding up what is not issued yet: %w", err)
	}
	return joined(high, low), nil
}

// joined is the sum of what is counted in 2^32 and of what is counted in 1, within the
// bounds of an amount.
func joined(high, low int64) cashu.Amount {
	sum := new(big.Int).Lsh(big.NewInt(high), 32)
	switch sum.Add(sum, big.NewInt(low)); {
	case sum.Sign() < 0:
		return 0
	case !sum.IsUint64():
		return math.MaxUint64
	}
	return cashu.Amount(sum.Uint64())
}
