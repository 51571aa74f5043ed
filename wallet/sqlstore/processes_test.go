package sqlstore_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/wallet"
	"mintmark/wallet/sqlstore"
)

// takingEnv holds the orders of a process that takes counters.
const takingEnv = "MINTMARK_SQLSTORE_TAKING"

type taking struct {
	Path  string
	Times int    // 0: until it is killed
	Stuck string // a file that is made in the middle of a transaction, which never ends then
}

// take is that process. Each transaction takes counters and adds the saga that they
// are for: its amounts are the first of them and how many.
func take(text string) {
	var o taking
	err := json.Unmarshal([]byte(text), &o)
	var s *sqlstore.Store
	if err == nil {
		s, err = sqlstore.Open(context.Background(), sqlstore.Config{Path: o.Path})
	}
	for i := 0; err == nil && (o.Times == 0 || i < o.Times); i++ {
		err = s.Update(context.Background(), func(tx wallet.Tx) error {
			if err := takeOnce(context.Background(), tx, uint32(1+i%3)); err != nil || o.Stuck == "" {
				return err
			}
			if err := os.WriteFile(o.Stuck, nil, 0o600); err != nil {
				return err
			}
			select {}
		})
	}
	if err == nil {
		err = s.Close()
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	os.Exit(0)
}

func takeOnce(ctx context.Context, tx wallet.Tx, n uint32) error {
	first, err := tx.TakeCounters(ctx, someKeyset, n)
	if err != nil {
		return err
	}
	data := &wallet.SwapData{InputAmount: cashu.Amount(first), OutputAmount: cashu.Amount(n)}
	saga, err := wallet.NewSaga(uuid.New(), wallet.SwapProofsReserved, 1, "https://mint.example", "sat", data, time.Now())
	if err != nil {
		return err
	}
	return tx.AddSaga(ctx, saga)
}

var someKeyset, _ = cashu.KeysetIDFromBytes([]byte{0, 1, 2, 3, 4, 5, 6, 7})

func start(t *testing.T, o taking) (cmd *exec.Cmd, stderr *bytes.Buffer) {
	t.Helper()
	text, err := json.Marshal(o)
	if err != nil {
		t.Fatal(err)
	}
	cmd, stderr = exec.Command(os.Args[0]), &bytes.Buffer{}
	cmd.Env, cmd.Stderr = append(os.Environ(), takingEnv+"="+string(text)), stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, stderr
}

// eachOnce is that every counter that was taken is that of exactly one saga, and every
// saga has its counters.
func eachOnce(t *testing.T, s *sqlstore.Store) (taken uint32) {
	t.Helper()
	sagas, err := s.Sagas(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	seen := map[uint32]int{}
	for _, saga := range sagas {
		d := saga.Data.(*wallet.SwapData)
		for i := range uint32(d.OutputAmount) {
			seen[uint32(d.InputAmount)+i]++
		}
	}
	next, err := s.Counter(t.Context(), someKeyset)
	if err != nil {
		t.Fatal(err)
	}
	for n := range next {
		if seen[n] != 1 {
			t.Errorf("counter %d of %d was given out %d times", n, next, seen[n])
		}
	}
	if len(seen) != int(next) {
		t.Errorf("%d counters were given out, and the next is %d", len(seen), next)
	}
	return next
}

func onBoth(t *testing.T, test func(t *testing.T, path string)) {
	t.Parallel()
	t.Run("SQLite", func(t *testing.T) {
		t.Parallel()
		test(t, filepath.Join(t.TempDir(), "wallet.db"))
	})
	t.Run("PostgreSQL", func(t *testing.T) {
		t.Parallel()
		test(t, postgres.Schema(t))
	})
}

// Three processes, this one among them, take counters of one keyset from one database at
// the same time.
func TestProcessesNeverGetTheSameCounter(t *testing.T) {
	onBoth(t, func(t *testing.T, path string) {
		const times = 300
		s := open(t, path)
		one, oneSaid := start(t, taking{Path: path, Times: times})
		two, twoSaid := start(t, taking{Path: path, Times: times})
		for i := range times {
			if err := s.Update(t.Context(), func(tx wallet.Tx) error { return takeOnce(t.Context(), tx, uint32(1+i%3)) }); err != nil {
				t.Error(err)
				break
			}
		}
		if err := one.Wait(); err != nil {
			t.Errorf("the first: %v: %s", err, oneSaid)
		}
		if err := two.Wait(); err != nil {
			t.Errorf("the second: %v: %s", err, twoSaid)
		}
		if taken := eachOnce(t, s); taken != 3*2*times {
			t.Errorf("%d were taken, want %d", taken, 3*2*times)
		}
	})
}

// Processes that take counters get SIGKILL again and again, wherever they are: what is
// in the database is whole, and no counter is given out twice.
func TestNothingIsHalfDoneAfterSIGKILL(t *testing.T) {
	onBoth(t, func(t *testing.T, path string) {
		s := open(t, path)
		before := uint32(0)
		for i := range 8 {
			var all []*exec.Cmd
			for range 2 {
				cmd, _ := start(t, taking{Path: path})
				all = append(all, cmd)
			}
			for began := time.Now(); ; time.Sleep(2 * time.Millisecond) { // until they are at work
				next, err := s.Counter(t.Context(), someKeyset)
				if err != nil {
					t.Fatal(err)
				}
				if next > before+uint32(i) {
					break
				}
				if time.Since(began) > time.Minute {
					t.Fatal("they take nothing")
				}
			}
			for _, cmd := range all {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
			}
			// Whatever the dead were in the middle of is over when the next one may write.
			if err := s.Update(t.Context(), func(tx wallet.Tx) error { return takeOnce(t.Context(), tx, 1) }); err != nil {
				t.Fatal(err)
			}
			before = eachOnce(t, s)
		}
	})
}

// A process gets SIGKILL when it has written everything, and not committed: nothing of it
// is there, and the next one gets its counters.
func TestATransactionThatIsKilledLeavesNothing(t *testing.T) {
	onBoth(t, func(t *testing.T, path string) {
		s := open(t, path)
		if err := s.Update(t.Context(), func(tx wallet.Tx) error { return takeOnce(t.Context(), tx, 3) }); err != nil {
			t.Fatal(err)
		}
		stuck := filepath.Join(t.TempDir(), "stuck")
		cmd, said := start(t, taking{Path: path, Times: 1, Stuck: stuck})
		for began := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			if _, err := os.Stat(stuck); err == nil {
				break
			}
			if time.Since(began) > time.Minute {
				_ = cmd.Process.Kill()
				_ = cmd.Wait()
				t.Fatalf("it has not come so far: %s", said)
			}
		}
		if taken := eachOnce(t, s); taken != 3 {
			t.Errorf("before its commit %d are taken", taken)
		}
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		if err := s.Update(t.Context(), func(tx wallet.Tx) error { return takeOnce(t.Context(), tx, 2) }); err != nil {
			t.Fatal(err)
		}
		if taken := eachOnce(t, s); taken != 5 {
			t.Errorf("%d are taken, want 5", taken)
		}
	})
}
