package sqldb_test

import (
	"errors"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/internal/sqldb"
)

func TestSavepointsCostNothingUntilSomethingFails(t *testing.T) {
	t.Parallel()
	var savepoints atomic.Int64
	db := open(t, sqldb.Config{Observe: func(name string, _ time.Duration, _ error) {
		if name == "sqldb.savepoint" {
			savepoints.Add(1)
		}
	}})
	boom := errors.New("boom")
	next := 0
	succeed := func() {
		next++
		write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, next) })
	}
	for range 5 {
		succeed()
	}
	if n := savepoints.Load(); n != 0 {
		t.Errorf("%d savepoints before the first failure", n)
	}
	if err := db.Write(t.Context(), sqldb.Durable, func(sqldb.Tx) error { return boom }); !errors.Is(err, boom) {
		t.Fatal(err)
	}
	for range 100 {
		succeed()
	}
	if n := savepoints.Load(); n < 10 || n > 50 {
		t.Errorf("%d savepoints in 100 batches after a failure", n)
	}
}

func TestWhatRanBeforeAFailureRunsAgain(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{})
	runs := map[string]int{}
	counted := func(name string, fn func(sqldb.Tx) error) func(sqldb.Tx) error {
		return func(tx sqldb.Tx) error {
			runs[name]++
			return fn(tx)
		}
	}
	boom := errors.New("boom")
	c := gather(t, db, sqldb.Deferred)
	c.join("before", t.Context(), sqldb.Durable, counted("before", func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) }))
	c.join("fails", t.Context(), sqldb.Durable, counted("fails", func(tx sqldb.Tx) error {
		if err := add(t.Context(), tx, 2); err != nil {
			return err
		}
		return boom
	}))
	c.join("behind", t.Context(), sqldb.Durable, counted("behind", func(tx sqldb.Tx) error { return add(t.Context(), tx, 3) }))
	results := c.release()
	if results["before"] != nil || results["behind"] != nil || !errors.Is(results["fails"], boom) {
		t.Errorf("results %v", results)
	}
	if runs["before"] != 2 || runs["fails"] != 2 || runs["behind"] != 1 {
		t.Errorf("runs %v", runs)
	}
	if got := ids(t, db); !slices.Equal(got, []int{1, 3}) {
		t.Errorf("coins %v", got)
	}
}

func TestAFailureWithNothingBeforeItRunsOnce(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{})
	runs := 0
	boom := errors.New("boom")
	err := db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
		runs++
		if err := add(t.Context(), tx, 1); err != nil {
			return err
		}
		return boom
	})
	if !errors.Is(err, boom) || runs != 1 || len(ids(t, db)) != 0 {
		t.Errorf("%d runs, coins %v, %v", runs, ids(t, db), err)
	}
}
