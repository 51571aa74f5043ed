package e2e

import (
	"context"
	"net/http"
	"sync"
	"syscall"
	"testing"
	"time"

	"mintmark/e2e/harness"
)

const workers = 64

// together puts 64 requests at the same moment.
func together(t *testing.T, w *harness.Wallet, request func(worker int) attempt) []harness.Reply {
	t.Helper()
	replies := make([]harness.Reply, workers)
	attempts := make([]attempt, workers)
	for i := range attempts {
		attempts[i] = request(i)
	}
	start := make(chan struct{})
	var group sync.WaitGroup
	for i, a := range attempts {
		group.Go(func() {
			<-start
			reply, err := w.Post(a.path, a.body)
			if err != nil {
				t.Errorf("worker %d: %v", i, err)
			}
			replies[i] = reply
		})
	}
	close(start)
	group.Wait()
	return replies
}

// P2 and P4.
func TestTheSameSwapPutManyTimesAtOnceIsOneSwap(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	for range 3 {
		a := newSwap(w, w.Mint(100))
		answers := make(map[string]int)
		for i, reply := range together(t, w, func(int) attempt { return a }) {
			switch {
			case reply.Status == http.StatusOK:
				answers[reply.Body]++
			case reply.Status == http.StatusBadRequest && (reply.Code == 11001 || reply.Code == 11002):
			default:
				t.Errorf("worker %d: got %v, want the signatures, 11001 or 11002", i, reply)
			}
		}
		if len(answers) != 1 {
			t.Errorf("%d different answers with signatures, want one", len(answers))
		}
		a.proveWhole(t, w)
	}
}

// P2 and P3: who loses the race leaves nothing behind.
func TestDifferentSwapsOfTheSameCoinsAtOnceHaveOneWinner(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	coins := w.Mint(100)
	var attempts [workers]attempt
	replies := together(t, w, func(i int) attempt {
		attempts[i] = newSwap(w, coins)
		return attempts[i]
	})
	winner := -1
	for i, reply := range replies {
		switch {
		case reply.Status == http.StatusOK && winner < 0:
			winner = i
		case reply.Status == http.StatusOK:
			t.Errorf("workers %d and %d both got signatures for the same coins", winner, i)
		case reply.Status == http.StatusBadRequest && (reply.Code == 11001 || reply.Code == 11002):
			if outputs, _ := w.Restore(attempts[i].outputs); len(outputs) > 0 {
				t.Errorf("worker %d lost and has %d signatures", i, len(outputs))
			}
		default:
			t.Errorf("worker %d: got %v, want the signatures, 11001 or 11002", i, reply)
		}
	}
	if winner < 0 {
		t.Fatal("nobody could spend the coins")
	}
	attempts[winner].proveWhole(t, w)
}

// P6: whenever the client hangs up, the swap runs to its end or never began.
func TestAClientThatHangsUpLosesNothing(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	for round := range 8 {
		a := newSwap(w, w.Mint(500))
		ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+round*3)*time.Millisecond)
		reply, err := w.PostContext(ctx, a.path, a.body)
		cancel()
		if err == nil && reply.Status != http.StatusOK {
			t.Errorf("round %d: got %v", round, reply)
		}
		// Whatever had begun is over soon, without anybody asking for it.
		time.Sleep(300 * time.Millisecond)
		a.proveWhole(t, w)
	}
}

// P6: a swap that has reserved its coins is finished, not undone, when the
// client hangs up.
func TestASwapFinishesThoughItsClientHungUp(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	a := newWideSwap(w, w.Mint(1000))
	ctx, hangUp := context.WithCancel(t.Context())
	defer hangUp()
	done := make(chan error, 1)
	go func() {
		_, err := w.PostContext(ctx, a.path, a.body)
		done <- err
	}()
	for !w.AllIn("PENDING", a.inputs) {
		if w.AllIn("SPENT", a.inputs) {
			t.Fatal("a swap of a thousand outputs was over before it was seen pending")
		}
	}
	hangUp()
	if err := <-done; err == nil {
		t.Fatal("the client got an answer though it hung up")
	}
	a.waitSettled(t, w)
	if !a.outcome(t, w) {
		t.Error("the swap was undone because its client hung up")
	}
	a.proveWhole(t, w)
}

func TestASwapUnderWayFinishesWhenTheMintIsStopped(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	a := newSwap(w, w.Mint(100))

	// The frozen signatory holds the swap in the middle until mintd was told.
	s.Signatory.Freeze()
	done := make(chan harness.Reply, 1)
	go func() {
		reply, err := w.Post(a.path, a.body)
		if err != nil {
			t.Errorf("the swap was under way and got no answer: %v", err)
		}
		done <- reply
	}()
	time.Sleep(300 * time.Millisecond)
	s.Mintd.Signal(syscall.SIGTERM)
	time.Sleep(200 * time.Millisecond)
	s.Signatory.Signal(syscall.SIGCONT)
	if reply := <-done; reply.Status != http.StatusOK {
		t.Errorf("got %v, want the signatures", reply)
	}
	s.Mintd.WaitStopped()

	s.StartMintd()
	if !a.outcome(t, w) {
		t.Error("the swap was answered and is gone")
	}
	a.proveWhole(t, w)
}

func TestStoppingTheMintUnderLoadLeavesNothingHalfDone(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	var mu sync.Mutex
	var unanswered []attempt
	var group sync.WaitGroup
	for range 8 {
		coins := w.Mint(64)
		group.Go(func() {
			for range 10_000 {
				a := newSwap(w, coins)
				reply, err := w.Post(a.path, a.body)
				if err != nil {
					mu.Lock()
					unanswered = append(unanswered, a)
					mu.Unlock()
					return
				}
				if reply.Status != http.StatusOK {
					t.Errorf("got %v", reply)
					return
				}
				coins = w.Open(a.outputs, harness.ParseSignatures(t, reply))
			}
		})
	}
	time.Sleep(500 * time.Millisecond)
	s.Mintd.Stop()
	group.Wait()
	s.StartMintd()
	for _, a := range unanswered {
		a.proveWhole(t, w)
	}
}
