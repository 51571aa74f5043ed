package sqlstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

const coinColumns = `y, mint_url, unit, keyset, amount, secret, c, witness, dleq, e, counter, state, used_by, created_by, created`

var (
	stmtAddCoin = sqldb.Stmt{Name: "coins.add", SQL: `
		INSERT INTO coins (` + coinColumns + `) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
		ON CONFLICT (y) DO NOTHING`}
	stmtReserveCoin = sqldb.Stmt{Name: "coins.reserve", SQL: `
		UPDATE coins SET state = 'RESERVED', used_by = $1 WHERE y = $2 AND state = 'UNSPENT' AND used_by IS NULL`}
	stmtReleaseCoins = sqldb.Stmt{Name: "coins.release", SQL: `
		UPDATE coins SET state = 'UNSPENT', used_by = NULL WHERE used_by = $1 AND state IN ('RESERVED', 'PENDING')`}
	stmtMoveCoin = sqldb.Stmt{Name: "coins.move", SQL: `
		UPDATE coins SET state = $1, used_by = $2 WHERE y = $3 AND used_by = $4 AND state = $5`}
	stmtHandCoin = sqldb.Stmt{Name: "coins.hand", SQL: `UPDATE coins SET used_by = $1 WHERE y = $2 AND used_by = $3`}

	stmtCoinsByY = sqldb.Stmt{Name: "coins.by_y", SQL: `
		SELECT k.i, ` + prefixed("p.", coinColumns) + ` FROM {keys $1} AS k CROSS JOIN coins AS p WHERE p.y = k.key {lock p}`}
	stmtCoinsByState = sqldb.Stmt{Name: "coins.by_state", SQL: `SELECT ` + coinColumns + ` FROM coins WHERE state = $1 {lock coins}`}
	stmtCoinsByMint  = sqldb.Stmt{Name: "coins.by_mint", SQL: `
		SELECT ` + coinColumns + ` FROM coins WHERE state = $1 AND mint_url = $2 AND unit = $3 {lock coins}`}
	stmtCoinsByUser = sqldb.Stmt{Name: "coins.by_user", SQL: `SELECT ` + coinColumns + ` FROM coins WHERE used_by = $1 {lock coins}`}
	stmtBalances    = sqldb.Stmt{Name: "coins.balances", SQL: `
		SELECT mint_url, unit, state, amount, count(*) FROM coins WHERE state <> 'SPENT'
		GROUP BY mint_url, unit, state, amount ORDER BY mint_url, unit, state`}
)

func prefixed(prefix, columns string) string {
	return prefix + strings.ReplaceAll(columns, ", ", ", "+prefix)
}

// key is the name of a coin in the database.
func key(y bdhke.Point) []byte {
	b := y.Bytes()
	return b[:]
}

// sorted is the keys in the order in which every transaction touches coins, so
// that none can wait for each other in a circle.
func sorted(ys []bdhke.Point) [][]byte {
	keys := make([][]byte, len(ys))
	for i, y := range ys {
		keys[i] = key(y)
	}
	slices.SortFunc(keys, bytes.Compare)
	return keys
}

func (t *tx) AddCoins(ctx context.Context, coins []wallet.StoredCoin) error {
	coins = slices.Clone(coins)
	slices.SortFunc(coins, func(a, b wallet.StoredCoin) int { return bytes.Compare(key(a.Y), key(b.Y)) })
	signed := map[cashu.KeysetID]uint32{}
	for _, c := range coins {
		if c.Counter != nil {
			signed[c.ID] = max(signed[c.ID], *c.Counter+1)
		}
	}
	for id, next := range signed {
		if err := t.AdvanceCounter(ctx, id, next); err != nil {
			return err
		}
	}
	for _, c := range coins {
		n, err := t.db.Exec(ctx, stmtAddCoin, key(c.Y), text(c.MintURL), text(c.Unit), c.ID.Bytes(), uint64(c.Amount),
			text(c.Secret), pointBytes(c.C), maybe(c.Witness), dleqBytes(c.DLEQ), pointBytes(c.E), number(c.Counter),
			string(c.State), maybeID(c.UsedBy), maybeID(c.CreatedBy), c.Created)
		if err != nil {
			return fmt.Errorf("adding coins: %w", err)
		}
		if n == 1 {
			continue
		}
		known, err := t.CoinsByY(ctx, []bdhke.Point{c.Y})
		if err != nil {
			return err
		}
		if k := known[0]; k.MintURL != c.MintURL || k.Unit != c.Unit || k.ID != c.ID || k.Amount != c.Amount || k.Secret != c.Secret || k.C != c.C {
			return t.fail(fmt.Errorf("adding coins: another coin of this secret %w", wallet.ErrExists))
		}
	}
	return nil
}

func (t *tx) ReserveCoins(ctx context.Context, ys []bdhke.Point, op uuid.UUID) error {
	for _, y := range sorted(ys) {
		n, err := t.db.Exec(ctx, stmtReserveCoin, op[:], y)
		if err != nil {
			return fmt.Errorf("reserving coins: %w", err)
		}
		if n == 0 {
			return t.fail(fmt.Errorf("reserving coins: %w", wallet.ErrCoinsTaken))
		}
	}
	return nil
}

func (t *tx) ReleaseCoins(ctx context.Context, op uuid.UUID) (int, error) {
	n, err := t.db.Exec(ctx, stmtReleaseCoins, op[:])
	if err != nil {
		return 0, fmt.Errorf("releasing coins: %w", err)
	}
	return int(n), nil
}

func (t *tx) MoveCoins(ctx context.Context, ys []bdhke.Point, op uuid.UUID, from []wallet.CoinState, to wallet.CoinState) error {
	holder := op[:]
	if to == wallet.CoinUnspent {
		holder = nil
	}
	for _, y := range sorted(ys) {
		moved := false
		for _, state := range from {
			n, err := t.db.Exec(ctx, stmtMoveCoin, string(to), holder, y, op[:], string(state))
			if err != nil {
				return fmt.Errorf("moving coins to %s: %w", to, err)
			}
			if moved = n == 1; moved {
				break
			}
		}
		if !moved {
			return t.fail(fmt.Errorf("moving coins to %s: %w", to, wallet.ErrCoinsTaken))
		}
	}
	return nil
}

func (t *tx) HandCoins(ctx context.Context, ys []bdhke.Point, from, to uuid.UUID) error {
	for _, y := range sorted(ys) {
		n, err := t.db.Exec(ctx, stmtHandCoin, to[:], y, from[:])
		if err != nil {
			return fmt.Errorf("handing coins over: %w", err)
		}
		if n == 0 {
			return t.fail(fmt.Errorf("handing coins over: %w", wallet.ErrCoinsTaken))
		}
	}
	return nil
}

func scanCoin(scan func(dest ...any) error, first ...any) (c wallet.StoredCoin, err error) {
	var (
		y, keyset, secret, sig, witness, dleq, e, usedBy, createdBy []byte
		mintURL, unit, state                                        string
		amount                                                      uint64
		counter                                                     int64
	)
	err = scan(append(first, &y, &mintURL, &unit, &keyset, &amount, &secret, &sig, &witness, &dleq, &e, &counter, &state, &usedBy, &createdBy, &c.Created)...)
	if err != nil {
		return c, found(err)
	}
	c.MintURL, c.Unit, c.Amount, c.Secret, c.Witness = mintURL, cashu.Unit(unit), cashu.Amount(amount), string(secret), string(witness)
	c.State, c.Counter = wallet.CoinState(state), parseNumber(counter)
	for _, p := range []struct {
		from []byte
		into *bdhke.Point
	}{{y, &c.Y}, {sig, &c.C}, {e, &c.E}} {
		if *p.into, err = parsePoint(p.from); err != nil {
			return c, err
		}
	}
	if c.ID, err = cashu.KeysetIDFromBytes(keyset); err != nil {
		return c, err
	}
	if c.DLEQ, err = parseDLEQ(dleq); err != nil {
		return c, err
	}
	if c.UsedBy, err = parseID(usedBy); err != nil {
		return c, err
	}
	c.CreatedBy, err = parseID(createdBy)
	return c, err
}

func (t *tx) CoinsByY(ctx context.Context, ys []bdhke.Point) ([]wallet.StoredCoin, error) {
	keys := make(sqldb.Keys, len(ys))
	for i, y := range ys {
		keys[i] = key(y)
	}
	coins, seen := make([]wallet.StoredCoin, len(ys)), make([]bool, len(ys))
	err := t.db.Query(ctx, stmtCoinsByY, func(scan sqldb.Scan) error {
		var i int
		c, err := scanCoin(scan, &i)
		if err == nil {
			coins[i], seen[i] = c, true
		}
		return err
	}, keys)
	if err != nil {
		return nil, fmt.Errorf("reading coins: %w", err)
	}
	if slices.Contains(seen, false) {
		return nil, fmt.Errorf("reading coins: %w", wallet.ErrNotFound)
	}
	return coins, nil
}

func (t *tx) Coins(ctx context.Context, f wallet.CoinFilter) ([]wallet.StoredCoin, error) {
	states := f.States
	if len(states) == 0 {
		states = []wallet.CoinState{wallet.CoinUnspent, wallet.CoinReserved, wallet.CoinPending, wallet.CoinPendingSpent, wallet.CoinSpent, wallet.CoinAbandoned}
	}
	coins := []wallet.StoredCoin{}
	keep := func(scan sqldb.Scan) error {
		c, err := scanCoin(scan)
		fits := (f.MintURL == "" || c.MintURL == f.MintURL) && (f.Unit == "" || c.Unit == f.Unit) &&
			(f.UsedBy == uuid.Nil || c.UsedBy == f.UsedBy) && slices.Contains(states, c.State)
		if err == nil && fits {
			coins = append(coins, c)
		}
		return err
	}
	if f.UsedBy != uuid.Nil {
		if err := t.db.Query(ctx, stmtCoinsByUser, keep, f.UsedBy[:]); err != nil {
			return nil, fmt.Errorf("reading coins: %w", err)
		}
		return coins, nil
	}
	for _, s := range states {
		stmt, args := stmtCoinsByState, []any{string(s)}
		if f.MintURL != "" && f.Unit != "" {
			stmt, args = stmtCoinsByMint, append(args, text(f.MintURL), text(f.Unit))
		}
		if err := t.db.Query(ctx, stmt, keep, args...); err != nil {
			return nil, fmt.Errorf("reading coins: %w", err)
		}
	}
	return coins, nil
}

func (t *tx) Balances(ctx context.Context) ([]wallet.Balance, error) {
	var list []wallet.Balance
	err := t.db.Query(ctx, stmtBalances, func(scan sqldb.Scan) error {
		var (
			b           wallet.Balance
			unit, state string
			amount      uint64
			count       int
		)
		if err := scan(&b.MintURL, &unit, &state, &amount, &count); err != nil {
			return err
		}
		b.Unit, b.State = cashu.Unit(unit), wallet.CoinState(state)
		sum, err := cashu.Amount(amount).Mul(uint64(count))
		if err != nil {
			return err
		}
		if n := len(list); n > 0 && list[n-1].MintURL == b.MintURL && list[n-1].Unit == b.Unit && list[n-1].State == b.State {
			list[n-1].Coins += count
			list[n-1].Amount, err = list[n-1].Amount.Add(sum)
			return err
		}
		b.Amount, b.Coins = sum, count
		list = append(list, b)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("adding coins up: %w", err)
	}
	return list, nil
}
