package wallet_test

import (
	"errors"
	"testing"
	"time"

	"mintmark/internal/sqldb"
	"mintmark/wallet"
)

// A token is being taken back by a swap, and that, in doubt, is reclaimed by one more.
// All three are given up together, taken up together, and recovered by the name of the
// first.
func TestWhatWorksForAnOperationThatWorksForAnotherGoesWithBoth(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	s := w.stageOn(sqldb.Memory)
	w.fund(s.x, 128)
	way := &odd{way: w.line, left: 1000}
	x := w.walletBy(s.xStore, way, s.xSeed)
	sent := s.sendFrom(s.x, wallet.SendOptions{Amount: 64})
	_, err := x.Revoke(t.Context(), sent.ID)
	child := operationOf(t, err)
	if _, err := x.Reclaim(t.Context(), child); !errors.Is(err, wallet.ErrPending) {
		t.Fatalf("reclaimed: %v", err)
	}
	live := func(want int) {
		t.Helper()
		if sagas, err := s.xStore.Sagas(t.Context()); err != nil || len(sagas) != want {
			t.Fatalf("%d operations are there, not %d: %v", len(sagas), want, err)
		}
	}
	live(3)
	if a, err := x.Abandon(t.Context(), sent.ID, wallet.AbandonOptions{}); err != nil || a.Coins != 64 || a.State != wallet.SendRollingBack {
		t.Fatalf("%+v, %v", a, err)
	}
	live(0)
	if err := x.Resume(t.Context(), sent.ID); err != nil {
		t.Fatal(err)
	}
	live(3)
	way.left = 0
	w.later(5 * time.Minute)
	done, err := x.Recover(t.Context(), wallet.RecoverOptions{ID: sent.ID})
	if err != nil || len(done) != 3 || done[2].ID != sent.ID || done[1].ID != child {
		t.Fatalf("recovered %+v, %v", done, err)
	}
	live(0)
	if entry, err := s.xStore.Transaction(t.Context(), sent.ID); err != nil || entry.Status != wallet.StatusTakenBack {
		t.Errorf("the history says %q, %v", entry.Status, err)
	}
	if err := w.audit(s.xStore); err != nil {
		t.Error(err)
	}
}
