package sqlstore_test

import (
	"io"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// A database that an older program has made keeps its coins and its history, and has
// room for what came later.
func TestAnOlderDatabaseKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	for engine, place := range map[string]func() string{
		"sqlite":   func() string { return filepath.Join(t.TempDir(), "wallet.db") },
		"postgres": func() string { return postgres.Schema(t) },
	} {
		t.Run(engine, func(t *testing.T) {
			path := place()
			steps, err := sqldb.ReadMigrations(os.DirFS(".").(fs.ReadDirFS), "migrations/"+engine)
			if err != nil {
				t.Fatal(err)
			}
			old, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Migrations: steps[:3], Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
			if err != nil {
				t.Fatal(err)
			}
			point, err := bdhke.HashToCurve([]byte("secret"))
			if err != nil {
				t.Fatal(err)
			}
			y, op, melt := point.Bytes(), uuid.New(), uuid.New()
			err = old.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
				_, err := tx.Exec(t.Context(), sqldb.Stmt{Name: "test.coin", SQL: `INSERT INTO coins (y, mint_url, unit, keyset, amount, secret, c, counter, state, created)
					VALUES ($1, $2, $3, $4, $5, $6, $7, $8, 'UNSPENT', $9)`},
					y[:], []byte("https://mint"), []byte("sat"), make([]byte, 8), uint64(64), []byte("secret"), y[:], int64(7), int64(1))
				if err != nil {
					return err
				}
				_, err = tx.Exec(t.Context(), sqldb.Stmt{Name: "test.history", SQL: `INSERT INTO transactions
					(operation, kind, mint_url, unit, amount, fee, incoming, status, memo, quote_id, request, token, proof, at)
					VALUES ($1, 'send', $2, $3, $4, $5, $6, 'failed', $7, $7, $7, $7, $7, $8)`},
					op[:], []byte("https://mint"), []byte("sat"), uint64(5), uint64(1), false, []byte{}, int64(1))
				if err != nil {
					return err
				}
				_, err = tx.Exec(t.Context(), sqldb.Stmt{Name: "test.payment", SQL: `INSERT INTO transactions
					(operation, kind, mint_url, unit, amount, fee, incoming, status, memo, quote_id, request, token, proof, at)
					VALUES ($1, 'melt', $2, $3, $4, $5, $6, 'completed', $7, $7, $8, $7, $7, $9)`},
					melt[:], []byte("https://mint"), []byte("sat"), uint64(5), uint64(1), false, []byte{}, []byte("lnbc"), int64(1))
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
			if err := old.Close(); err != nil {
				t.Fatal(err)
			}
			s := open(t, path)
			coins, err := s.Coins(t.Context(), wallet.CoinFilter{})
			if err != nil || len(coins) != 1 || coins[0].Amount != 64 || coins[0].Y != point || *coins[0].Counter != 6 {
				t.Errorf("coins: %d, %v", len(coins), err)
			}
			if e, err := s.Transaction(t.Context(), op); err != nil || e.Status != wallet.StatusTakenBack || e.Amount != 5 {
				t.Errorf("history: %q, %v", e.Status, err)
			}
			if list, err := s.Payments(t.Context(), "lnbc"); err != nil || len(list) != 1 || list[0].Operation != melt {
				t.Errorf("what was paid: %d, %v", len(list), err)
			}
			err = s.Update(t.Context(), func(tx wallet.Tx) error {
				if err := tx.ReserveCoins(t.Context(), []bdhke.Point{point}, op); err != nil {
					return err
				}
				return tx.MoveCoins(t.Context(), []bdhke.Point{point}, op, []wallet.CoinState{wallet.CoinReserved}, wallet.CoinAbandoned)
			})
			if err != nil {
				t.Error(err)
			}
		})
	}
}
