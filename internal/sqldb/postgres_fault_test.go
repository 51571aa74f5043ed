package sqldb_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
)

func TestALostAnswerToACommitIsAnUnknownOutcome(t *testing.T) {
	t.Parallel()
	db, proxy := proxied(t, sqldb.Config{})
	runs := 0
	put := func(id int) error {
		runs = 0
		return db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { runs++; return add(t.Context(), tx, id) })
	}
	proxy.CutBefore("COMMIT\x00", 1)
	if err := put(1); !errors.Is(err, sqldb.ErrUnknownOutcome) || runs != 1 {
		t.Errorf("the server has not heard it: %v after %d runs", err, runs)
	}
	proxy.CutAfter("COMMIT\x00", 1)
	if err := put(2); !errors.Is(err, sqldb.ErrUnknownOutcome) || runs != 1 {
		t.Errorf("the server has heard it: %v after %d runs", err, runs)
	}
	if err := put(3); err != nil {
		t.Errorf("the next: %v", err)
	}
	if got := ids(t, db); !slices.Equal(got, []int{2, 3}) {
		t.Errorf("coins %v", got)
	}
}

func TestAConnectionLostBeforeTheCommitIsNoError(t *testing.T) {
	t.Parallel()
	db, proxy := proxied(t, sqldb.Config{})
	for i, cut := range []func(string, int){proxy.CutBefore, proxy.CutAfter} {
		coins(t, db, 10*i) // so that there is a connection, and the statement is known to it
		runs := 0
		cut("BEGIN", 1)
		err := db.Write(t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error { runs++; return add(t.Context(), tx, 10*i+1) })
		if err != nil {
			t.Errorf("a write: %v after %d runs", err, runs)
		}
	}
	if got := ids(t, db); !slices.Equal(got, []int{0, 1, 10, 11}) {
		t.Errorf("coins %v", got)
	}
}

func TestAReadIsTriedOnceMore(t *testing.T) {
	t.Parallel()
	db, proxy := proxied(t, sqldb.Config{})
	coins(t, db, 1)
	count := func() error {
		return db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), countCoin).Scan(nil) })
	}
	if err := count(); err != nil {
		t.Fatal(err)
	}
	proxy.CutAll()
	if err := count(); err != nil {
		t.Errorf("after a cut: %v", err)
	}
	proxy.CutBefore("", 100) // whatever is said
	start := time.Now()
	if err := count(); !errors.Is(err, sqldb.ErrUnavailable) {
		t.Errorf("while all is cut: %v", err)
	}
	if d := time.Since(start); d > 10*time.Second {
		t.Errorf("it took %v", d)
	}
	proxy.CutBefore("", 0)
	if err := count(); err != nil {
		t.Errorf("when all is well again: %v", err)
	}
}

// load writes coins until stop is closed and returns how each ended.
func load(ctx context.Context, db *sqldb.DB, workers int, stop chan struct{}) (outcomes map[int]error) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	outcomes = map[int]error{}
	for w := range workers {
		wg.Go(func() {
			for i := 0; ; i++ {
				select {
				case <-stop:
					return
				default:
				}
				id := w*1_000_000 + i
				err := db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error { return add(ctx, tx, id) })
				mu.Lock()
				outcomes[id] = err
				mu.Unlock()
				if err != nil {
					time.Sleep(5 * time.Millisecond)
				}
			}
		})
	}
	wg.Wait()
	return outcomes
}

// judge compares what was said with what is there.
func judge(t *testing.T, db *sqldb.DB, outcomes map[int]error) {
	t.Helper()
	there := map[int]bool{}
	for _, id := range ids(t, db) {
		there[id] = true
	}
	kinds := map[string]int{}
	for id, err := range outcomes {
		switch {
		case err == nil:
			kinds["done"]++
			if !there[id] {
				t.Errorf("coin %d was committed and is gone", id)
			}
		case errors.Is(err, sqldb.ErrUnknownOutcome):
			kinds["unknown"]++
		case errors.Is(err, sqldb.ErrUnavailable), errors.Is(err, sqldb.ErrTimeout):
			kinds["not done"]++
			if there[id] {
				t.Errorf("coin %d failed with %v and is there", id, err)
			}
		default:
			t.Errorf("coin %d: %v", id, err)
		}
		delete(there, id)
	}
	for id := range there {
		t.Errorf("coin %d was never written", id)
	}
	t.Logf("%v", kinds)
	if kinds["done"] == 0 {
		t.Error("nothing was written")
	}
}

func TestARestartOfTheServerUnderLoadIsSurvived(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(*pgtest.Server, testing.TB)
	}{
		{"in order", (*pgtest.Server).Stop},
		{"by kill -9", (*pgtest.Server).Kill},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Start(t, pgtest.Options{Fsync: true})
			db := open(t, sqldb.Config{Path: server.Database(t), Postgres: sqldb.Postgres{Writers: 8, ConnectTimeout: 2 * time.Second}})
			stop, done := make(chan struct{}), make(chan map[int]error)
			go func() { done <- load(t.Context(), db, 16, stop) }()
			for range 2 {
				time.Sleep(300 * time.Millisecond)
				test.end(server, t)
				time.Sleep(100 * time.Millisecond)
				server.Restart(t)
			}
			time.Sleep(300 * time.Millisecond)
			close(stop)
			outcomes := <-done
			coins(t, db, -1)
			outcomes[-1] = nil
			judge(t, db, outcomes)
		})
	}
}

func TestARestartWhileNothingRunsIsNotNoticed(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	db := open(t, sqldb.Config{Path: server.Database(t)})
	var wg sync.WaitGroup
	for i := range 8 { // a connection each
		wg.Go(func() {
			_ = db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
				time.Sleep(100 * time.Millisecond)
				return add(t.Context(), tx, i)
			})
		})
	}
	wg.Wait()
	_ = ids(t, db)
	server.Stop(t)
	server.Restart(t)
	for i := range 8 {
		coins(t, db, 100+i)
	}
	if got := len(ids(t, db)); got != 16 {
		t.Errorf("%d coins", got)
	}
}

func TestAFrozenServerIsWaitedForInBounds(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	db := open(t, sqldb.Config{Path: server.Database(t), Postgres: sqldb.Postgres{
		ConnectTimeout: time.Second, StatementTimeout: time.Second, LockTimeout: time.Second,
	}})
	coins(t, db, 1)
	server.Freeze(t)
	start := time.Now()
	errs := make([]error, 20)
	var wg sync.WaitGroup
	for i := range errs {
		wg.Go(func() {
			if i%2 == 0 {
				errs[i] = db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { return add(t.Context(), tx, 10+i) })
			} else {
				errs[i] = db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), countCoin).Scan(nil) })
			}
		})
	}
	wg.Wait()
	if d := time.Since(start); d > 8*time.Second {
		t.Errorf("the callers waited for %v", d)
	}
	for i, err := range errs {
		if !errors.Is(err, sqldb.ErrTimeout) && !errors.Is(err, sqldb.ErrUnavailable) && !errors.Is(err, sqldb.ErrUnknownOutcome) {
			t.Errorf("caller %d: %v", i, err)
		}
	}
	// A caller with less patience than we have gets its own error in its own time.
	ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
	defer cancel()
	start = time.Now()
	err := db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error { return add(ctx, tx, 50) })
	if d := time.Since(start); !errors.Is(err, context.DeadlineExceeded) || d > time.Second {
		t.Errorf("an impatient caller: %v after %v", err, d)
	}
	server.Thaw(t)
	deadline := time.Now().Add(10 * time.Second)
	for err = errors.New("not tried"); err != nil && time.Now().Before(deadline); {
		err = db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { return add(t.Context(), tx, 99) })
	}
	if err != nil {
		t.Errorf("after the thaw: %v", err)
	}
}
