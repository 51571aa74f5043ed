package sqlstore_test

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/internal/pgtest"
	"mintmark/internal/sqldb"
	"mintmark/mint"
)

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
