package sqldb_test

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"mintmark/internal/sqldb"
)

var synchronous = sqldb.Stmt{Name: "test.synchronous", SQL: "PRAGMA synchronous"}

// crowd holds the writer with one operation, lets others gather behind it, and
// sees them through.
type crowd struct {
	t       *testing.T
	db      *sqldb.DB
	held    chan struct{}
	letGo   chan struct{}
	done    sync.WaitGroup
	results map[string]error
	mu      sync.Mutex
}

// gather starts with an operation that is not durable, so that durable ones
// behind it need a batch of their own.
func gather(t *testing.T, db *sqldb.DB, first sqldb.Durability) *crowd {
	c := &crowd{t: t, db: db, held: make(chan struct{}), letGo: make(chan struct{}), results: map[string]error{}}
	c.join("first", t.Context(), first, func(sqldb.Tx) error {
		close(c.held)
		<-c.letGo
		return nil
	})
	<-c.held
	return c
}

// join queues an operation and waits until it is in the queue, as far as one can
// tell from outside.
func (c *crowd) join(name string, ctx context.Context, d sqldb.Durability, fn func(sqldb.Tx) error) {
	started := make(chan struct{})
	c.done.Go(func() {
		close(started)
		err := c.db.Write(ctx, d, fn)
		c.mu.Lock()
		defer c.mu.Unlock()
		c.results[name] = err
	})
	<-started
	for range 10 {
		runtime.Gosched()
	}
	time.Sleep(5 * time.Millisecond)
}

func (c *crowd) release() map[string]error {
	close(c.letGo)
	c.done.Wait()
	return c.results
}

func TestOneFailingOperationOfABatchFailsAlone(t *testing.T) {
	eachSQLite(t, func(t *testing.T, path string) {
		var mu sync.Mutex
		commits := 0
		db := open(t, sqldb.Config{Path: path, Observe: func(name string, _ time.Duration, _ error) {
			mu.Lock()
			defer mu.Unlock()
			if name == "sqldb.commit.durable" || name == "sqldb.commit.deferred" {
				commits++
			}
		}})
		boom := errors.New("boom")
		c := gather(t, db, sqldb.Deferred)
		mu.Lock()
		commits = 0
		mu.Unlock()
		c.join("one", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
		c.join("same", t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error {
			if err := add(t.Context(), tx, 10); err != nil {
				return err
			}
			return add(t.Context(), tx, 1)
		})
		c.join("boom", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
			if err := add(t.Context(), tx, 2); err != nil {
				return err
			}
			return boom
		})
		c.join("panic", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
			if err := add(t.Context(), tx, 3); err != nil {
				return err
			}
			panic("x")
		})
		c.join("last", t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error { return add(t.Context(), tx, 2) })
		results := c.release()
		for name, want := range map[string]error{"first": nil, "one": nil, "same": sqldb.ErrUnique, "boom": boom, "panic": sqldb.ErrPanic, "last": nil} {
			if !errors.Is(results[name], want) {
				t.Errorf("%s: got %v, want %v", name, results[name], want)
			}
		}
		if got := ids(t, db); !slices.Equal(got, []int{1, 2}) {
			t.Errorf("coins %v", got)
		}
		mu.Lock()
		defer mu.Unlock()
		if commits != 2 {
			t.Errorf("%d commits, want one for the first and one for the rest", commits)
		}
	})
}

func TestDurabilityIsChosenForEachBatch(t *testing.T) {
	t.Parallel()
	for _, always := range []bool{false, true} {
		db := open(t, sqldb.Config{AlwaysDurable: always})
		level := func(got *int) func(tx sqldb.Tx) error {
			return func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), synchronous).Scan(got) }
		}
		for _, d := range []sqldb.Durability{sqldb.Deferred, sqldb.Durable, sqldb.Durable, sqldb.Deferred} {
			var got int
			if err := db.Write(t.Context(), d, level(&got)); err != nil {
				t.Fatal(err)
			}
			want := 1 // NORMAL
			if always || d == sqldb.Durable {
				want = 2 // FULL
			}
			if got != want {
				t.Errorf("always durable: %t, durability %d: synchronous is %d", always, d, got)
			}
		}
		var alone, first, second int
		c := gather(t, db, sqldb.Deferred)
		c.join("deferred", t.Context(), sqldb.Deferred, level(&alone))
		c.join("durable", t.Context(), sqldb.Durable, level(&first))
		c.join("behind", t.Context(), sqldb.Deferred, level(&second))
		c.release()
		want := []int{1, 2, 2} // the first joins the batch that has begun
		if always {
			want[0] = 2
		}
		if got := []int{alone, first, second}; !slices.Equal(got, want) {
			t.Errorf("always durable: %t: synchronous was %v, want %v", always, got, want)
		}
	}
}

func TestFailedCommitFailsTheWholeBatchAndNothingElse(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{})
	later := sqldb.Stmt{Name: "test.later", SQL: "PRAGMA defer_foreign_keys = ON"}
	c := gather(t, db, sqldb.Deferred)
	c.join("innocent", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
	c.join("guilty", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
		if _, err := tx.Exec(t.Context(), later); err != nil {
			return err
		}
		_, err := tx.Exec(t.Context(), addNote, 99) // found out by the commit
		return err
	})
	c.join("own failure", t.Context(), sqldb.Durable, func(sqldb.Tx) error { return context.DeadlineExceeded })
	results := c.release()
	for name, want := range map[string]error{"innocent": sqldb.ErrConstraint, "guilty": sqldb.ErrConstraint, "own failure": context.DeadlineExceeded} {
		if !errors.Is(results[name], want) {
			t.Errorf("%s: got %v, want %v", name, results[name], want)
		}
	}
	if got := ids(t, db); len(got) != 0 {
		t.Errorf("coins %v", got)
	}
	write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
}

func TestCallerThatGivesUpInTheQueueIsSkipped(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{})
	ctx, cancel := context.WithCancel(t.Context())
	c := gather(t, db, sqldb.Deferred)
	ran := false
	c.join("gone", ctx, sqldb.Deferred, func(tx sqldb.Tx) error { ran = true; return add(t.Context(), tx, 1) })
	c.join("stays", t.Context(), sqldb.Deferred, func(tx sqldb.Tx) error { return add(t.Context(), tx, 2) })
	cancel()
	deadline := time.Now().Add(10 * time.Second)
	for {
		c.mu.Lock()
		err, answered := c.results["gone"]
		c.mu.Unlock()
		if answered {
			if !errors.Is(err, context.Canceled) {
				t.Errorf("got %v", err)
			}
			break
		}
		if time.Now().After(deadline) {
			t.Fatal("the caller was not let go while it waited")
		}
		time.Sleep(time.Millisecond)
	}
	if err := c.release()["stays"]; err != nil {
		t.Error(err)
	}
	if got := ids(t, db); ran || !slices.Equal(got, []int{2}) {
		t.Errorf("ran: %t, coins %v", ran, got)
	}
}

func TestCallerThatGivesUpLaterHearsTheOutcome(t *testing.T) {
	t.Parallel()
	db := open(t, sqldb.Config{})
	for i := range 50 {
		ctx, cancel := context.WithCancel(t.Context())
		err := db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
			defer cancel()
			return add(ctx, tx, i)
		})
		if err != nil {
			t.Fatalf("round %d: %v", i, err)
		}
	}
	ctx, cancel := context.WithCancel(t.Context())
	err := db.Write(ctx, sqldb.Durable, func(tx sqldb.Tx) error {
		if err := add(ctx, tx, 100); err != nil {
			return err
		}
		cancel()
		return add(ctx, tx, 101)
	})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if got := len(ids(t, db)); got != 50 {
		t.Errorf("%d coins, want 50", got)
	}
}

func TestFunctionThatEndsItsGoroutineStopsNobodyElse(t *testing.T) {
	eachSQLite(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		c := gather(t, db, sqldb.Deferred)
		c.join("before", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { return add(t.Context(), tx, 1) })
		c.join("exits", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
			_ = add(t.Context(), tx, 2)
			runtime.Goexit()
			return nil
		})
		c.join("after", t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { return add(t.Context(), tx, 3) })
		results := c.release()
		if !errors.Is(results["exits"], sqldb.ErrPanic) || results["after"] != nil {
			t.Errorf("got %v", results)
		}
		want := []int{3}
		if results["before"] == nil {
			want = []int{1, 3}
		}
		if got := ids(t, db); !slices.Equal(got, want) {
			t.Errorf("coins %v, want %v", got, want)
		}
		write(t, db, func(tx sqldb.Tx) error { return add(t.Context(), tx, 4) })
	})
}

func TestCloseWaitsForWhatIsQueued(t *testing.T) {
	eachSQLite(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		c := gather(t, db, sqldb.Deferred)
		for _, name := range []string{"a", "b", "c"} {
			c.join(name, t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
				n := 0
				if err := tx.QueryRow(t.Context(), countCoin).Scan(&n); err != nil {
					return err
				}
				return add(t.Context(), tx, n)
			})
		}
		closed := make(chan error, 1)
		go func() { closed <- db.Close() }()
		select {
		case err := <-closed:
			t.Fatalf("closed while an operation ran: %v", err)
		case <-time.After(20 * time.Millisecond):
		}
		for name, err := range c.release() {
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := <-closed; err != nil {
			t.Error(err)
		}
		if err := db.Write(t.Context(), sqldb.Deferred, func(sqldb.Tx) error { return nil }); !errors.Is(err, sqldb.ErrClosed) {
			t.Errorf("write: %v", err)
		}
		if err := db.Read(t.Context(), func(sqldb.Tx) error { return nil }); !errors.Is(err, sqldb.ErrClosed) {
			t.Errorf("read: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Errorf("the second close: %v", err)
		}
	})
}

func TestManyWritersAndReadersAtOnce(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path, Readers: 3})
		var wg sync.WaitGroup
		for w := range 20 {
			wg.Go(func() {
				for i := range 25 {
					err := db.Write(t.Context(), sqldb.Durability(i%2), func(tx sqldb.Tx) error { return add(t.Context(), tx, w*100+i) })
					if err != nil {
						t.Error(err)
					}
				}
			})
			wg.Go(func() {
				last := 0
				for range 25 {
					n := 0
					err := db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.QueryRow(t.Context(), countCoin).Scan(&n) })
					if err != nil || n < last {
						t.Errorf("%d coins after %d, %v", n, last, err)
					}
					last = n
				}
			})
		}
		wg.Wait()
		if got := len(ids(t, db)); got != 500 {
			t.Errorf("%d coins, want 500", got)
		}
	})
}
