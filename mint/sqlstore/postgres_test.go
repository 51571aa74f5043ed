package sqlstore_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
	"mintmark/mint"
	"mintmark/mint/sqlstore"
	"mintmark/mint/storetest"
)

// openOwned opens a store under the name of a process of its own.
func openOwned(t testing.TB, path, owner string, settings sqldb.Postgres) *sqlstore.Store {
	t.Helper()
	s, err := sqlstore.Open(t.Context(), sqlstore.Config{
		Path: path, Owner: owner, Postgres: settings, Logger: slog.New(slog.NewTextHandler(io.Discard, nil)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return s
}

// replicas is several stores on one database that pretend to be one: reads go to
// the first, each change to the next.
type replicas struct {
	mint.Reads
	stores []*sqlstore.Store
	next   atomic.Int64
}

func openReplicas(t testing.TB, n int) *replicas {
	t.Helper()
	url := postgres.Schema(t)
	r := &replicas{}
	for i := range n {
		r.stores = append(r.stores, openOwned(t, url, fmt.Sprint("replica ", i), sqldb.Postgres{Writers: 6}))
	}
	r.Reads = r.stores[0]
	return r
}

func (r *replicas) store() *sqlstore.Store {
	return r.stores[int(r.next.Add(1))%len(r.stores)]
}

func (r *replicas) Update(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
	return r.store().Update(ctx, d, fn)
}

func (r *replicas) OwnerGone(ctx context.Context, owner string) (bool, error) {
	return r.store().OwnerGone(ctx, owner)
}

func TestThreeStoresOnOneDatabaseBehaveAsOne(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t testing.TB) mint.Store { return openReplicas(t, 3) })
}

func TestOf64OnTwoStoresWhoSpendTheSameProofsOneWins(t *testing.T) {
	t.Parallel()
	r := openReplicas(t, 2)
	f := newForge(5)
	want := f.swap(4)
	var wg sync.WaitGroup
	var won atomic.Int64
	for i := range 64 {
		s := f.swap(4)
		s.proofs = append([]mint.SpentProof(nil), want.proofs...)
		if i%2 == 1 { // opposed order
			s.proofs[0], s.proofs[3] = s.proofs[3], s.proofs[0]
		}
		wg.Go(func() {
			switch err := s.run(t.Context(), r); {
			case err == nil:
				won.Add(1)
			case !errors.Is(err, mint.ErrProofKnown):
				t.Error(err)
			}
		})
	}
	wg.Wait()
	records, err := r.Proofs(t.Context(), ysOf(want))
	if err != nil || won.Load() != 1 {
		t.Fatalf("%d won, %v", won.Load(), err)
	}
	for _, p := range records {
		if p.State != mint.ProofSpent || p.Operation != records[0].Operation {
			t.Errorf("got %+v", p)
		}
	}
}

// Numbers of operations run out in the middle of transactions that hold all
// connections; refilling them needs one.
func TestNumbersOfOperationsAreRefilledWhileAllConnectionsAreBusy(t *testing.T) {
	t.Parallel()
	s := openOwned(t, postgres.Schema(t), "me", sqldb.Postgres{Writers: 2})
	f := newForge(9)
	var wg sync.WaitGroup
	var mu sync.Mutex
	seen := map[mint.OperationRef]bool{}
	for range 32 {
		var sagas []*mint.Saga
		for range 40 {
			sagas = append(sagas, f.swap(0).saga)
		}
		wg.Go(func() {
			for _, saga := range sagas {
				if err := s.Update(t.Context(), mint.Deferred, func(tx mint.Tx) error { return tx.AddSaga(t.Context(), saga) }); err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				if seen[saga.Ref] {
					t.Errorf("the number %d was given twice", saga.Ref)
				}
				seen[saga.Ref] = true
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	if len(seen) != 32*40 {
		t.Errorf("%d operations", len(seen))
	}
}

// A server that dies forgets the commits that nobody waited for, and with them
// which numbers it gave away. The process that has them lives on.
func TestNumbersOfOperationsOutliveTheServersMemory(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{Fsync: true, Settings: map[string]string{"wal_writer_delay": "10s"}})
	s := openOwned(t, server.Database(t), "me", sqldb.Postgres{})
	f := newForge(11)
	seen := map[mint.OperationRef]bool{}
	lost := 0
	for range 3 {
		for range 20 {
			sw := f.swap(1)
			if err := sw.reserve(t.Context(), s); err != nil {
				t.Fatal(err)
			}
			if seen[sw.saga.Ref] {
				t.Fatalf("the number %d was given twice", sw.saga.Ref)
			}
			seen[sw.saga.Ref] = true
		}
		server.Kill(t)
		server.Restart(t)
		again := openOwned(t, server.URL("test1"), fmt.Sprint("another ", lost, len(seen)), sqldb.Postgres{})
		sagas, err := again.Sagas(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		lost = len(seen) - len(sagas)
		for _, saga := range sagas {
			facts, err := again.Facts(t.Context(), saga.Ref)
			if err != nil || facts != (mint.OperationFacts{ProofsPending: 1, OutputsUnsigned: 1}) {
				t.Errorf("half a reservation: %+v, %v", facts, err)
			}
		}
		other := f.swap(1)
		if err := other.reserve(t.Context(), again); err != nil {
			t.Fatal(err)
		}
		if seen[other.saga.Ref] {
			t.Fatalf("another process got the number %d", other.saga.Ref)
		}
		seen[other.saga.Ref] = true
	}
	t.Logf("the server forgot %d of %d reservations", lost, len(seen))
}

// swapsUnder runs swaps while something happens to the server and then compares
// what was said with what is there.
func swapsUnder(t *testing.T, server *pgtest.Server, happen func()) {
	t.Helper()
	s := openOwned(t, server.Database(t), "me", sqldb.Postgres{Writers: 8, ConnectTimeout: 2 * time.Second, StatementTimeout: 2 * time.Second, LockTimeout: time.Second})
	f := newForge(13)
	swaps := make([]*swap, 1500)
	for i := range swaps {
		swaps[i] = f.swap(2)
	}
	type outcome struct{ reserved, finished error }
	outcomes := make([]*outcome, len(swaps))
	var next atomic.Int64
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for range 16 {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(swaps)); i = next.Add(1) - 1 {
				select {
				case <-stop:
					return
				default:
				}
				o := &outcome{}
				outcomes[i] = o
				if o.reserved = swaps[i].reserve(t.Context(), s); o.reserved == nil {
					o.finished = swaps[i].finish(t.Context(), s)
				} else {
					time.Sleep(10 * time.Millisecond)
				}
			}
		})
	}
	happen()
	close(stop)
	wg.Wait()
	finished, passing, other := 0, 0, 0
	for i, o := range outcomes {
		if o == nil {
			continue
		}
		proofs, err := s.Proofs(t.Context(), ysOf(swaps[i]))
		if err != nil {
			t.Fatal(err)
		}
		signed, err := s.Signatures(t.Context(), bsOfSwap(swaps[i]))
		if err != nil {
			t.Fatal(err)
		}
		spent := proofs[0].State == mint.ProofSpent
		for j := range proofs {
			if (proofs[j].State == mint.ProofSpent) != spent || signed[j].Signed != spent {
				t.Fatalf("swap %d is half done: %+v %+v", i, proofs, signed)
			}
		}
		var refusal *cashu.Error
		err = errors.Join(o.reserved, o.finished)
		switch {
		case err == nil:
			finished++
			if !spent {
				t.Errorf("swap %d was finished and is not: %+v", i, proofs)
			}
		case errors.Is(err, sqldb.ErrUnknownOutcome), errors.Is(err, mint.ErrSagaTaken), errors.Is(err, mint.ErrForbiddenState):
			other++ // in doubt, or its reservation was forgotten with the server
		case errors.As(err, &refusal) && refusal.Code == cashu.CodeUnavailable:
			passing++
			if spent {
				t.Errorf("swap %d failed with %v and is done", i, err)
			}
		default:
			t.Errorf("swap %d: %v", i, err)
		}
	}
	t.Logf("%d finished, %d not available, %d in doubt or forgotten", finished, passing, other)
	if finished == 0 {
		t.Error("nothing was finished")
	}
}

func TestSwapsWhileTheServerBreaks(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name   string
		happen func(*pgtest.Server, testing.TB)
	}{
		{"and is killed", func(s *pgtest.Server, t testing.TB) {
			for range 2 {
				time.Sleep(150 * time.Millisecond)
				s.Kill(t)
				s.Restart(t)
			}
			time.Sleep(200 * time.Millisecond)
		}},
		{"and is restarted", func(s *pgtest.Server, t testing.TB) {
			time.Sleep(200 * time.Millisecond)
			s.Stop(t)
			s.Restart(t)
			time.Sleep(200 * time.Millisecond)
		}},
		{"and freezes", func(s *pgtest.Server, t testing.TB) {
			time.Sleep(200 * time.Millisecond)
			s.Freeze(t)
			time.Sleep(4 * time.Second)
			s.Thaw(t)
			time.Sleep(300 * time.Millisecond)
		}},
		{"and throws everybody out", func(s *pgtest.Server, t testing.TB) {
			for range 5 {
				time.Sleep(60 * time.Millisecond)
				s.Exec(t, "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = 'mint'")
			}
		}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			server := pgtest.Start(t, pgtest.Options{Fsync: true})
			swapsUnder(t, server, func() { test.happen(server, t) })
		})
	}
}
