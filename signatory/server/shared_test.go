package server

import (
	"errors"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/keystore"
	"mintmark/signatory"
)

// replicas are servers of several signatories on one database, and a client of each.
func replicas(t *testing.T, n int, clients *Clients, clock func() time.Time) (path string, keystores []*keystore.Keystore, to []*signatory.Client) {
	t.Helper()
	path = postgres.Schema(t)
	for i := range n {
		ks := storedKeystore(t, path, i == 0, clock)
		socket := socketPath(t)
		serve(t, Config{Keystore: ks, Records: ks, Lifecycle: ks, Clients: clients, Listen: "unix:" + socket, Clock: clock})
		keystores, to = append(keystores, ks), append(to, dial(t, signatory.ClientConfig{Address: "unix:" + socket}))
	}
	return path, keystores, to
}

// Many callers at three signatories at once, until nobody gets anything more. What
// was released is never more than the budget, and hardly less.
func TestSignatoriesTogetherStayWithinTheBudget(t *testing.T) {
	t.Parallel()
	const limit = 1600
	clock := func() time.Time { return time.Unix(1_900_000_200, 0) }
	path, keystores, to := replicas(t, 3, ourMint(t, "[[client.budget]]\nunit = \"sat\"\nhour_value = 1600\n"), clock)
	k := rotate(t, keystores[0], 0)
	var released atomic.Uint64
	var wg sync.WaitGroup
	for _, c := range to {
		for range 4 {
			wg.Go(func() {
				for refused := 0; refused < 3; {
					messages, _ := order(t, k, 8, 1)
					_, err := c.BlindSign(t.Context(), messages)
					over, limited := errors.AsType[*cashu.Error](err)
					switch {
					case err == nil:
						released.Add(8)
					case limited && over.Code == cashu.CodeRateLimited:
						refused++
					default:
						t.Error(err)
						return
					}
				}
			})
		}
	}
	wg.Wait()
	if got := released.Load(); got > limit || got < limit*95/100 {
		t.Errorf("three signatories released %d of %d", got, limit)
	}
	stored, err := keystores[0].LoadBudget(t.Context(), 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range stored {
		if c.Bucket != 0 && c.Value > limit {
			t.Errorf("%d of %d are reserved", c.Value, limit)
		}
	}
	if got := kinds(t, path); got[keystore.AuditBudget] == 0 {
		t.Errorf("nobody has recorded that the budget is used up: %v", got)
	}
}

// A mint that has learned of a keyset from one signatory may ask another, at once.
func TestAKeysetThatAnotherSignatoryHasJustMadeSigns(t *testing.T) {
	t.Parallel()
	_, keystores, to := replicas(t, 2, nil, time.Now)
	for range 20 {
		k := rotate(t, keystores[0], 0)
		messages, _ := order(t, k, 8, 1)
		if _, err := to[1].BlindSign(t.Context(), messages); err != nil {
			t.Fatalf("the other signatory: %v", err)
		}
	}
	strange := rotate(t, storedKeystore(t, filepath.Join(t.TempDir(), "k.db"), true, time.Now), 1_999_999_999)
	messages, _ := order(t, strange, 8, 1)
	if _, err := to[1].BlindSign(t.Context(), messages); !errors.Is(err, cashu.ErrKeysetUnknown) {
		t.Errorf("a keyset that nobody has made: %v", err)
	}
}

// The kill switch of one stops all.
func TestAFreezeReachesEverySignatory(t *testing.T) {
	t.Parallel()
	_, keystores, to := replicas(t, 2, nil, time.Now)
	k := rotate(t, keystores[0], 0)
	messages, _ := order(t, k, 8, 1)
	signs := func(c *signatory.Client) bool {
		_, err := c.BlindSign(t.Context(), messages)
		return err == nil
	}
	if !signs(to[0]) || !signs(to[1]) {
		t.Fatal("it does not sign")
	}
	if err := keystores[0].Freeze(t.Context(), "sat", "operator"); err != nil {
		t.Fatal(err)
	}
	start := time.Now()
	eventually(t, "both are frozen", func() bool { return !signs(to[0]) && !signs(to[1]) })
	if took := time.Since(start); took > time.Second {
		t.Errorf("the freeze took %v", took)
	}
	if err := keystores[1].Unfreeze(t.Context(), "sat", "operator"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "both sign again", func() bool { return signs(to[0]) && signs(to[1]) })
}
