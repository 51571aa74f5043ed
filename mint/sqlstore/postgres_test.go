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

func (r *replicas) Writable(ctx context.Context) error {
	return r.store().Writable(ctx)
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
