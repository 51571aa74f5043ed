package sqldb_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
)

// ears is what somebody heard on the channel "coins".
type ears struct {
	mu     sync.Mutex
	heard  []string
	missed int
	ended  chan error
	stop   context.CancelFunc
}

// listen starts to listen, and returns when nothing more is missed.
func listen(t testing.TB, db *sqldb.DB) *ears {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	e := &ears{ended: make(chan error, 1), stop: cancel}
	go func() {
		e.ended <- db.Listen(ctx, "coins", func(n sqldb.Notice) {
			e.mu.Lock()
			defer e.mu.Unlock()
			if n.Missed {
				e.missed++
				return
			}
			e.heard = append(e.heard, n.Payload)
		})
	}()
	t.Cleanup(cancel)
	e.awaitMissed(t, 1)
	return e
}

func (e *ears) awaitMissed(t testing.TB, n int) {
	t.Helper()
	eventually(t, fmt.Sprintf("hears that notices may be missed, %d times", n), func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		return e.missed >= n
	})
}

func (e *ears) await(t testing.TB, want ...string) {
	t.Helper()
	var got []string
	defer func() {
		if t.Failed() {
			t.Logf("heard %q, want %q", got, want)
		}
	}()
	eventually(t, "hears the notices", func() bool {
		e.mu.Lock()
		defer e.mu.Unlock()
		got = slices.Clone(e.heard)
		return slices.Equal(got, want)
	})
}

func eventually(t testing.TB, what string, yes func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); !yes(); time.Sleep(2 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain: %s", what)
		}
	}
}

func notify(t testing.TB, db *sqldb.DB, payloads ...string) {
	t.Helper()
	write(t, db, func(tx sqldb.Tx) error {
		for _, p := range payloads {
			if err := tx.Notify(t.Context(), "coins", p); err != nil {
				return err
			}
		}
		return nil
	})
}

func TestANoticeIsHeardAfterItsCommitAndNotWithoutOne(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		first, second := listen(t, db), listen(t, db)
		failed := errors.New("changed my mind")
		err := db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error {
			return errors.Join(add(t.Context(), tx, 1), tx.Notify(t.Context(), "coins", "rolled back"), failed)
		})
		if !errors.Is(err, failed) {
			t.Fatal(err)
		}
		write(t, db, func(tx sqldb.Tx) error {
			if err := tx.Notify(t.Context(), "coins", "one"); err != nil {
				return err
			}
			time.Sleep(50 * time.Millisecond)
			first.mu.Lock()
			defer first.mu.Unlock()
			if len(first.heard) != 0 {
				t.Errorf("before the commit %q was heard", first.heard)
			}
			return add(t.Context(), tx, 2)
		})
		// What is read after a notice is what the transaction wrote.
		first.await(t, "one")
		if got := ids(t, db); !slices.Equal(got, []int{2}) {
			t.Errorf("coins %v", got)
		}
		notify(t, db, "two", "", "three")
		write(t, db, func(tx sqldb.Tx) error { return tx.Notify(t.Context(), "other", "not for you") })
		long := strings.Repeat("ü", sqldb.MaxNotice/2) + "x"
		notify(t, db, long)
		for _, e := range []*ears{first, second} {
			e.await(t, "one", "two", "", "three", long)
		}
	})
}

func TestNoticesThatNoEngineCouldCarryAreRefused(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		for _, bad := range []struct{ channel, payload string }{
			{"", "x"}, {"Coins", "x"}, {"a b", "x"}, {strings.Repeat("x", 31), "x"},
			{"coins", strings.Repeat("x", sqldb.MaxNotice+1)}, {"coins", "a\x00b"}, {"coins", "\xff"},
		} {
			err := db.Write(t.Context(), sqldb.Durable, func(tx sqldb.Tx) error { return tx.Notify(t.Context(), bad.channel, bad.payload) })
			if err == nil {
				t.Errorf("channel %q, payload %.10q of %d bytes: accepted", bad.channel, bad.payload, len(bad.payload))
			}
		}
		err := db.Read(t.Context(), func(tx sqldb.Tx) error { return tx.Notify(t.Context(), "coins", "x") })
		if !errors.Is(err, sqldb.ErrReadOnly) {
			t.Errorf("in a read: %v", err)
		}
		if err := db.Listen(t.Context(), "no name", func(sqldb.Notice) {}); err == nil {
			t.Error("a channel without a proper name")
		}
	})
}

func TestListeningEndsWithItsContextAndWithTheDatabase(t *testing.T) {
	eachKind(t, func(t *testing.T, path string) {
		db := open(t, sqldb.Config{Path: path})
		one, two := listen(t, db), listen(t, db)
		one.stop()
		if err := <-one.ended; !errors.Is(err, context.Canceled) {
			t.Errorf("after its context: %v", err)
		}
		if err := db.Close(); err != nil {
			t.Error(err)
		}
		if err := <-two.ended; !errors.Is(err, sqldb.ErrClosed) {
			t.Errorf("after the database: %v", err)
		}
	})
}

func TestOneWhoHearsTooSlowlyIsToldThatNoticesAreMissed(t *testing.T) {
	db := open(t, sqldb.Config{Path: sqldb.Memory})
	hold, missed := make(chan struct{}), 0
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	last := ""
	go func() {
		ended <- db.Listen(ctx, "coins", func(n sqldb.Notice) {
			if n.Missed {
				missed++
			}
			<-hold
			if last = n.Payload; last == "last" {
				cancel()
			}
		})
	}()
	many := make([]string, 10_000)
	for i := range many {
		many[i] = "again"
	}
	notify(t, db, many...)
	notify(t, db, "last")
	close(hold)
	if err := <-ended; !errors.Is(err, context.Canceled) || missed < 2 || last != "last" {
		t.Errorf("ended with %v after %q, and %d times told that something is missed", err, last, missed)
	}
}

func TestNoticesReachOtherProcessesOfTheSchemaAndNobodyElse(t *testing.T) {
	t.Parallel()
	url := postgres.Schema(t)
	a, b := open(t, sqldb.Config{Path: url}), open(t, sqldb.Config{Path: url})
	stranger := listen(t, open(t, sqldb.Config{Path: postgres.Schema(t)}))
	ears := listen(t, b)
	notify(t, a, "from a")
	notify(t, b, "from b")
	ears.await(t, "from a", "from b")
	time.Sleep(50 * time.Millisecond)
	stranger.await(t)
}

func TestAListenerComesBackAfterItsServerAndSaysThatItMissedSomething(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		end  func(*pgtest.Server, testing.TB)
	}{{"in order", (*pgtest.Server).Stop}, {"by kill -9", (*pgtest.Server).Kill}} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Start(t, pgtest.Options{})
			db := open(t, sqldb.Config{Path: server.Database(t)})
			ears := listen(t, db)
			notify(t, db, "before")
			ears.await(t, "before")
			test.end(server, t)
			server.Restart(t)
			ears.awaitMissed(t, 2)
			notify(t, db, "after")
			ears.await(t, "before", "after")
		})
	}
}

func TestAListenerWhoseConnectionIsCutComesBackAndSaysSo(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	url := server.Database(t)
	proxy := pgtest.NewProxy(t, server)
	other := open(t, sqldb.Config{Path: url})
	ears := listen(t, open(t, sqldb.Config{Path: proxy.URL(url)}))
	for i := range 3 {
		proxy.CutAll()
		ears.awaitMissed(t, i+2)
	}
	notify(t, other, "after")
	ears.await(t, "after")
}

// A server that is there and says nothing looks like one where nothing happens.
func TestAListenerOfASilentServerAsksWhetherItIsStillThere(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	db := open(t, sqldb.Config{Path: server.Database(t), Postgres: sqldb.Postgres{ConnectTimeout: time.Second}})
	ears := listen(t, db)
	server.Freeze(t)
	time.Sleep(12 * time.Second) // it asks after 10 s
	server.Thaw(t)
	ears.awaitMissed(t, 2)
	notify(t, db, "after")
	ears.await(t, "after")
}
