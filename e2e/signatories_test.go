package e2e

import (
	"fmt"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
	"mintmark/internal/pgtest"
)

// traffic is wallets that swap without a pause, and what they saw.
type traffic struct {
	t    *testing.T
	stop chan struct{}
	done sync.WaitGroup

	mu      sync.Mutex
	worst   time.Duration
	swaps   int
	refused map[string]int
}

func newTraffic(t *testing.T, s *harness.Stack, wallets int) *traffic {
	t.Helper()
	tr := &traffic{t: t, stop: make(chan struct{}), refused: map[string]int{}}
	for range wallets {
		w := s.Wallet()
		coins := w.Mint(100)
		tr.done.Go(func() { tr.wallet(w, coins) })
	}
	t.Cleanup(tr.end)
	return tr
}

func (tr *traffic) wallet(w *harness.Wallet, coins []cashu.Proof) {
	for {
		select {
		case <-tr.stop:
			return
		default:
		}
		a := newSwap(w, coins)
		start := time.Now()
		reply, err := w.Post(a.path, a.body)
		took := time.Since(start)
		var got cashu.SwapResponse
		switch {
		case err == nil && reply.Status == http.StatusOK && cashu.Decode([]byte(reply.Body), &got) == nil:
			coins = w.Open(a.outputs, got.Signatures)
		case err == nil && reply.Code == 12002: // rotated meanwhile, as wallets know it
			w.LoadKeyset()
		}
		tr.mu.Lock()
		tr.worst = max(tr.worst, took)
		tr.swaps++
		if err != nil || reply.Status != http.StatusOK && reply.Code != 12002 {
			tr.refused[fmt.Sprint(reply, err)]++
		}
		tr.mu.Unlock()
	}
}

func (tr *traffic) end() {
	select {
	case <-tr.stop:
	default:
		close(tr.stop)
	}
	tr.done.Wait()
}

// during lets the traffic go on for a while around what do does, and tells the
// longest that a swap took. Nothing may be refused.
func (tr *traffic) during(what string, do func()) time.Duration {
	tr.t.Helper()
	tr.mu.Lock()
	tr.worst, tr.swaps = 0, 0
	tr.mu.Unlock()
	do()
	time.Sleep(1500 * time.Millisecond)
	tr.mu.Lock()
	defer tr.mu.Unlock()
	tr.t.Logf("%s: %d swaps, the slowest took %v", what, tr.swaps, tr.worst.Round(time.Millisecond))
	if len(tr.refused) > 0 {
		tr.t.Errorf("%s: refused: %v", what, tr.refused)
		clear(tr.refused)
	}
	return tr.worst
}

// watchActive notes every active keyset that the mint shows, and fails when one
// comes back that was followed by another.
func watchActive(t *testing.T, s *harness.Stack) (stop func() int) {
	c, seen, last, quit, done := s.Client(), map[cashu.KeysetID]bool{}, cashu.KeysetID{}, make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-quit:
				return
			case <-time.After(5 * time.Millisecond):
			}
			var list cashu.KeysetsResponse
			if reply, err := c.Get("/v1/keysets"); err != nil || cashu.Decode([]byte(reply.Body), &list) != nil {
				continue
			}
			for _, k := range list.Keysets {
				if !k.Active || k.ID == last {
					continue
				}
				if seen[k.ID] {
					t.Errorf("the mint went back from keyset %s to %s", last, k.ID)
				}
				seen[k.ID], last = true, k.ID
			}
		}
	}()
	return func() int { close(quit); <-done; return len(seen) }
}

// Three signatories on one PostgreSQL keystore, and a mint that never stops: one is
// killed, one is frozen while another rotates and then goes on with what it knew,
// two rotate at once. Nobody's swap is refused, none takes as long as a second more
// than it must, the mint's keysets never go back, and the audit log is one chain.
func TestAMintGoesOnWhenItLosesSignatories(t *testing.T) {
	t.Parallel()
	server := pgtest.Start(t, pgtest.Options{})
	first := harness.NewSharedStack(t, programs, harness.Unix, server.Database(t))
	first.StartSignatory()
	second, third := first.AddSignatory(), first.AddSignatory()
	second.StartSignatory()
	third.StartSignatory()
	first.StartMintd()
	tr := newTraffic(t, first, 4)
	tr.during("all are well", func() {})
	for i, s := range []*harness.Stack{first, second, third} {
		n := s.Logged("method=BlindSign ")
		t.Logf("signatory %d signed %d times", i+1, n)
		if n < 5 {
			t.Errorf("signatory %d was asked to sign %d times: calls are not spread", i+1, n)
		}
	}
	stopWatching := watchActive(t, first)

	if took := tr.during("one is killed", first.Signatory.Kill); took > time.Second {
		t.Errorf("failover from a killed signatory took %v", took)
	}
	tr.during("it is back", func() { first.StartSignatory() })

	took := tr.during("one is frozen, and another rotates", func() {
		second.Signatory.Freeze()
		old := first.Wallet().Keyset.ID
		start := time.Now()
		third.Rotate()
		waitRotated(t, first.Wallet(), old)
		t.Logf("the rotation reached the mint in %v, the command included", time.Since(start).Round(time.Millisecond))
	})
	if took > 1500*time.Millisecond {
		t.Errorf("a frozen signatory cost a swap %v", took)
	}
	tr.during("the frozen one goes on", func() { second.Signatory.Signal(syscall.SIGCONT) })

	tr.during("two rotate at once", func() {
		var both sync.WaitGroup
		for _, s := range []*harness.Stack{first, third} {
			both.Go(func() {
				for range 3 {
					if _, err := s.TryRotate(); err != nil {
						t.Error(err)
					}
				}
			})
		}
		both.Wait()
	})
	tr.end()
	time.Sleep(time.Second) // within which everybody knows everything
	if n := stopWatching(); n < 2 {
		t.Errorf("the mint showed %d active keysets", n)
	}
	want := first.Keysets()
	for _, s := range []*harness.Stack{second, third} {
		if got := s.Keysets(); got != want {
			t.Errorf("signatories list different keysets:\n%s\n%s", want, got)
		}
	}
	if n := strings.Count(want, "sat "); n != 8 {
		t.Errorf("there are %d keysets, want 8:\n%s", n, want)
	}
	for _, s := range []*harness.Stack{first, second, third} {
		s.Signatory.Stop()
	}
	if out := first.OnKeystore("audit", "verify", "--data", first.SignatoryData()); !strings.Contains(out, "is complete") || !strings.Contains(out, "rotate     8") {
		t.Errorf("the audit log:\n%s", out)
	}
}

// P6 for a mint with one signatory: a replay of what is finished, and everything
// else, does not wait for its whole deadline when the signatory hangs.
func TestAReplayDoesNotWaitForAHangingSignatory(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix) // with a deadline of 10 s
	s.Start()
	w := s.Wallet()
	done, fresh := newSwap(w, w.Mint(100)), newSwap(w, w.Mint(100))
	w.Swap(done.inputs, done.outputs)
	s.Signatory.Freeze()
	for _, try := range []struct {
		what   string
		a      attempt
		status int
		limit  time.Duration
	}{
		{"a replay at once", done, http.StatusOK, 5 * time.Second},
		{"another", done, http.StatusOK, time.Second},
		{"a fresh swap", fresh, http.StatusServiceUnavailable, time.Second},
	} {
		start := time.Now()
		reply, err := w.Post(try.a.path, try.a.body)
		took := time.Since(start)
		t.Logf("%s: %d after %v", try.what, reply.Status, took.Round(time.Millisecond))
		if err != nil || reply.Status != try.status || took > try.limit {
			t.Errorf("%s: %v, %v after %v, want %d", try.what, reply, err, took, try.status)
		}
	}
	s.Signatory.Signal(syscall.SIGCONT)
	fresh.proveWhole(t, w)
}
