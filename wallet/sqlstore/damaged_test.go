package sqlstore_test

import (
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// An operation whose row cannot be read is named, and hides none of the others.
func TestADamagedOperationIsNamedAndHidesNoOther(t *testing.T) {
	onBoth(t, func(t *testing.T, path string) {
		s := open(t, path)
		var ids []uuid.UUID
		for range 3 {
			saga, err := wallet.NewSaga(uuid.New(), wallet.SwapProofsReserved, 1, "https://mint.example", "sat", &wallet.SwapData{}, time.Now())
			if err != nil {
				t.Fatal(err)
			}
			ids = append(ids, saga.ID)
			if err := s.Update(t.Context(), func(tx wallet.Tx) error { return tx.AddSaga(t.Context(), saga) }); err != nil {
				t.Fatal(err)
			}
		}
		engine := "sqlite"
		if sqldb.IsServer(path) {
			engine = "postgres"
		}
		steps, err := sqldb.ReadMigrations(os.DirFS(".").(fs.ReadDirFS), "migrations/"+engine)
		if err != nil {
			t.Fatal(err)
		}
		raw, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Migrations: steps, Logger: slog.New(slog.NewTextHandler(io.Discard, nil))})
		if err != nil {
			t.Fatal(err)
		}
		defer raw.Close()
		for what, column := range map[string]string{"its data": "data = 'x'", "its state": "state = 'x'", "its kind": "kind = 'send'"} {
			damage := sqldb.Stmt{Name: "test.damage", SQL: `UPDATE sagas SET ` + strings.Replace(column, "data = 'x'", "data = $2", 1) + ` WHERE id = $1`}
			args := []any{ids[1][:]}
			if strings.Contains(damage.SQL, "$2") {
				args = append(args, []byte("x"))
			}
			if err := raw.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
				_, err := tx.Exec(t.Context(), damage, args...)
				return err
			}); err != nil {
				t.Fatal(err)
			}
			list, err := s.Sagas(t.Context())
			unreadable, ok := errors.AsType[*wallet.UnreadableError](err)
			if !ok || len(unreadable.Rows) != 1 || !strings.Contains(err.Error(), ids[1].String()) || strings.Contains(err.Error(), ids[0].String()) {
				t.Errorf("%s: got %v", what, err)
			}
			if len(list) != 2 {
				t.Errorf("%s: of two others %d are there", what, len(list))
			}
			if _, err := s.Saga(t.Context(), ids[1]); err == nil || errors.Is(err, wallet.ErrNotFound) {
				t.Errorf("%s: asked for alone: %v", what, err)
			}
			if _, err := s.Saga(t.Context(), ids[0]); err != nil {
				t.Errorf("%s: another: %v", what, err)
			}
		}
	})
}
