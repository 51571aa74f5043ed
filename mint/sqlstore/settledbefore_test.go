package sqlstore_test

import (
	"fmt"
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"mintmark/cashu"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

// Before 0010 a settled payment was known from its decision alone, and money was given back
// for it.
func TestWhatWasSettledBeforeSettledRowsWereKeptIsSettled(t *testing.T) {
	t.Parallel()
	for engine, place := range map[string]func(t *testing.T) string{
		"sqlite":   func(t *testing.T) string { return filepath.Join(t.TempDir(), "mint.db") },
		"postgres": func(t *testing.T) string { return postgres.Schema(t) },
	} {
		for n, name := range []string{9: "0009_set_aside", 10: "0010_settled"} {
			if name == "" {
				continue
			}
			t.Run(engine+"/"+name, func(t *testing.T) {
				t.Parallel()
				path := place(t)
				db, err := sqldb.Open(t.Context(), sqldb.Config{Path: path, Migrations: steps(t, engine)[:n]})
				if err != nil {
					t.Fatal(err)
				}
				at := time.Unix(1_800_000_000, 0)
				aside := func(id string, amount cashu.Amount) mint.SetAside {
					return mint.SetAside{Backend: "node", Method: "bolt11", LookupID: `of "é"`, PaymentID: id, Unit: "sat", Amount: amount, Why: "it's odd", At: at}
				}
				settled := []mint.SetAside{aside("a", 5), aside("a", 5), aside("huge", math.MaxUint64), aside("open\n", 7), aside("zero\x00", 1), aside("changed", 7)}
				exec := sqldb.Stmt{Name: "test.decide", SQL: `INSERT INTO decisions (at, about, decision, why, evidence) VALUES ($1, $2, $3, $4, $5)`}
				keep := sqldb.Stmt{Name: "test.keep", SQL: `INSERT INTO payments_aside (backend, method, lookup_id, payment_id, unit, amount, why, at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)`}
				err = db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
					for i, p := range settled {
						evidence, err := json.Marshal(p)
						if err != nil {
							return err
						}
						if _, err := tx.Exec(t.Context(), exec, at.Add(time.Duration(i)*time.Hour).UnixMilli(), []byte("payment "+p.PaymentID), []byte("settle"), []byte("given back"), evidence); err != nil {
							return err
						}
					}
					if _, err := tx.Exec(t.Context(), exec, at.UnixMilli(), []byte("an operation"), []byte("release"), []byte("seen"), []byte(`{"saga":{}}`)); err != nil {
						return err
					}
					for _, p := range []mint.SetAside{settled[3], aside("other", 3), aside("changed", 8)} { // set aside again; never settled; another one
						if _, err := tx.Exec(t.Context(), keep, []byte(p.Backend), []byte(p.Method), []byte(p.LookupID), []byte(p.PaymentID), []byte(p.Unit), uint64(p.Amount), []byte(p.Why), at.UnixMilli()); err != nil {
							return err
						}
					}
					return nil
				})
				if err != nil {
					t.Fatal(err)
				}
				if err := db.Close(); err != nil {
					t.Fatal(err)
				}
				s := open(t, path)
				for id, hours := range map[string]time.Duration{"a": 1, "huge": 2, "open\n": 3} {
					want := aside(id, map[string]cashu.Amount{"a": 5, "huge": math.MaxUint64, "open\n": 7}[id])
					want.Settled = at.Add(hours * time.Hour)
					got, err := s.PaymentAside(t.Context(), want)
					if got.At = want.At; err != nil || fmt.Sprint(got) != fmt.Sprint(want) {
						t.Errorf("%q is %+v, %v", id, got, err)
					}
				}
				list, err := s.PaymentsAside(t.Context(), 99)
				if err != nil || len(list) != 2 || list[0].PaymentID != "changed" || list[1].PaymentID != "other" {
					t.Errorf("open are %+v, %v", list, err)
				}
			})
		}
	}
}
