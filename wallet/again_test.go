package wallet_test

import (
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu/conditions"
	"mintmark/wallet"
)

// A token that is given to the wallet twice was received once, and not by somebody
// else; nothing fails in the history for it.
func TestATokenThatIsReceivedAgainWasReceivedByThisWallet(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	path := t.TempDir() + "/wallet.db"
	s := w.stageOn(path)
	w.fund(s.y, 200)
	sent := s.sendFrom(s.y, wallet.SendOptions{Amount: 64})
	first, err := s.x.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true})
	if err != nil || first.Before {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := s.x.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{})
	if err != nil || !again.Before || again.Amount != first.Amount {
		t.Errorf("%+v, %v", again, err)
	}

	// Several processes at once: one has it, and the others say so.
	both := s.sendFrom(s.y, wallet.SendOptions{Amount: 32})
	var calls sync.WaitGroup
	for range 4 {
		x := w.walletBy(w.openStore(path), w.line, s.xSeed)
		calls.Go(func() {
			got, err := x.Receive(t.Context(), both.Token, wallet.ReceiveOptions{})
			if err != nil && !errors.Is(err, wallet.ErrPending) || err == nil && got.Amount != 31 {
				t.Errorf("%+v, %v", got, err)
			}
		})
	}
	calls.Wait()
	history, err := s.xStore.Transactions(t.Context(), 0)
	if err != nil || len(history) != 2 {
		t.Errorf("%d entries, %v", len(history), err)
	}
	for _, e := range history {
		if e.Status != wallet.StatusCompleted {
			t.Errorf("an entry is %s", e.Status)
		}
	}
	if _, err := s.y.Receive(t.Context(), both.Token, wallet.ReceiveOptions{AnyMint: true}); !errors.Is(err, wallet.ErrTaken) {
		t.Errorf("what somebody else has: %v", err)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
}

// The inbox says why a token is there, and lets go of it when it is received, in
// whichever way.
func TestTheInboxSaysWhyAndLetsGo(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(t.TempDir() + "/wallet.db")
	w.fund(s.y, 200)
	key, err := bdhke.RandomScalar(nil)
	if err != nil {
		t.Fatal(err)
	}
	sent := s.sendFrom(s.y, wallet.SendOptions{Amount: 64, Lock: &conditions.Lock{Key: key.Public()}})
	if _, err := s.x.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{AnyMint: true}); err == nil {
		t.Fatal("it is open")
	}
	inbox, err := s.x.Inbox(t.Context())
	if err != nil || len(inbox) != 1 || !strings.Contains(inbox[0].Reason, "the token is locked") {
		t.Fatalf("got %+v, %v", inbox, err)
	}
	if _, err := s.x.Receive(t.Context(), sent.Token, wallet.ReceiveOptions{Keys: []bdhke.Scalar{key}}); err != nil {
		t.Fatal(err)
	}
	if inbox, err := s.x.Inbox(t.Context()); err != nil || len(inbox) != 0 {
		t.Errorf("left over: %+v, %v", inbox, err)
	}
}

// A token that is locked to somebody else comes back when its lock has ended and the
// refund is ours.
func TestALockedTokenComesBackWhenTheRefundIsOurs(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(t.TempDir() + "/wallet.db")
	w.fund(s.x, 200)
	theirs, err := s.y.NewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ours, err := s.x.NewKey(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ends := time.Now().Add(2 * time.Second)
	sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 64, Lock: &conditions.Lock{Key: theirs, Locktime: uint64(ends.Unix()), Refund: []bdhke.Point{ours}}})
	_, err = s.x.Revoke(t.Context(), sent.ID)
	if time.Now().Before(ends.Truncate(time.Second)) && !errors.Is(err, wallet.ErrLocked) {
		t.Errorf("before its time: %v", err)
	}
	for began := time.Now(); errors.Is(err, wallet.ErrLocked) && time.Since(began) < time.Minute; time.Sleep(100 * time.Millisecond) {
		_, err = s.x.Revoke(t.Context(), sent.ID)
	}
	if err != nil {
		t.Fatal(err)
	}
	if err := s.settle(""); err != nil {
		t.Error(err)
	}
	forever := s.sendFrom(s.x, wallet.SendOptions{Amount: 8, Lock: &conditions.Lock{Key: theirs}})
	if _, err := s.x.Revoke(t.Context(), forever.ID); !errors.Is(err, wallet.ErrLocked) {
		t.Errorf("one without a refund: %v", err)
	}
}
