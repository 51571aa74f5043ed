package e2e

import (
	"testing"
	"time"

	"mintmark/cashu"
	"mintmark/e2e/harness"
)

// waitRotated waits until the mint shows another active keyset than old, and
// loads it into the wallet.
func waitRotated(t *testing.T, w *harness.Wallet, old cashu.KeysetID) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); w.LoadKeyset().ID == old; time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the mint did not take up the new keyset")
		}
	}
}

// A5: rotation reaches a running mint without a restart of anything.
func TestRotationWhileTheMintRuns(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.Unix)
	s.Start()
	w := s.Wallet()
	old := w.Keyset
	oldCoins := w.Mint(100)
	late := newSwap(w, w.Mint(100)) // outputs on the keyset that will be old
	replayed := newSwap(w, w.Mint(100))
	w.Swap(replayed.inputs, replayed.outputs)
	pid := s.Mintd.PID()

	s.Rotate("--dry-run")
	if w.LoadKeyset().ID != old.ID {
		t.Fatal("a dry run rotated the keyset")
	}
	s.Rotate()
	waitRotated(t, w, old.ID)
	if w.Keyset.Keys.Len() != old.Keys.Len() || w.Keyset.InputFeePPK != old.InputFeePPK || w.Keyset.ID.Version() != old.ID.Version() {
		t.Errorf("the new keyset did not inherit: %d keys, fee %d, id %s", w.Keyset.Keys.Len(), w.Keyset.InputFeePPK, w.Keyset.ID)
	}

	refused, err := w.Post(late.path, late.body)
	if err != nil {
		t.Fatal(err)
	}
	if refused.Status != 400 || refused.Code != 12002 {
		t.Errorf("outputs on the old keyset: got %v, want code 12002", refused)
	}
	if late.outcome(t, w) {
		t.Error("outputs on the old keyset were signed")
	}
	if reply, err := w.Post(replayed.path, replayed.body); err != nil || reply.Status != 200 {
		t.Errorf("a swap finished before the rotation, put again: got %v, %v, want its signatures", reply, err)
	}

	coins := w.Swap(oldCoins, w.Outputs(100))
	if coins[0].ID != w.Keyset.ID {
		t.Errorf("new coins are of %s, want the new keyset", coins[0].ID)
	}
	w.Mint(10)
	if s.Mintd.PID() != pid || !s.Mintd.Running() || !s.Signatory.Running() {
		t.Error("something was restarted")
	}

	// Both generations survive restarts, in whatever order.
	s.Signatory.Stop()
	s.StartSignatory()
	newIssue(w, 1).put(t, w) // until the mint has found the signatory again
	s.Mintd.Stop()
	s.StartMintd()
	if w.LoadKeyset().ID != coins[0].ID {
		t.Error("after the restarts another keyset is active")
	}
	second := w.Keyset.ID
	s.Rotate("--fee-ppk", "100", "--max-order", "16")
	waitRotated(t, w, second)
	if w.Keyset.InputFeePPK != 100 || w.Keyset.Keys.Len() != 16 {
		t.Errorf("asked for a fee of 100 and 16 keys, got %d and %d", w.Keyset.InputFeePPK, w.Keyset.Keys.Len())
	}
	w.Swap(append(late.inputs, coins...), w.Outputs(200))
	if got := len(w.Keysets()); got != 3 {
		t.Errorf("the mint lists %d keysets, want 3", got)
	}
}

// A wallet that nobody here wrote, with a memory of the keysets from before.
func TestRotationUnderAForeignWallet(t *testing.T) {
	t.Parallel()
	s := harness.NewStack(t, programs, harness.MTLS)
	s.Start()
	seed := freshSeed(t, s)
	alice := loadCashuTS(t, s, seed)
	var before struct{ Keyset cashu.KeysetID }
	alice.Must("refresh", nil, &before)
	minted, _ := mintCashuTS(t, alice, 100)

	s.Rotate()
	w := s.Wallet()
	waitRotated(t, w, before.Keyset)

	wantCode(t, "a wallet with the old keysets", alice.Call("send", map[string]any{"amount": 30, "proofs": minted}, nil), 12002)
	var after struct{ Keyset cashu.KeysetID }
	alice.Must("refresh", nil, &after)
	if after.Keyset != w.Keyset.ID {
		t.Fatalf("after a refresh the wallet uses %s, want %s", after.Keyset, w.Keyset.ID)
	}
	var sent sendAnswer
	alice.Must("send", map[string]any{"amount": 30, "proofs": minted}, &sent)
	mintCashuTS(t, alice, 5)

	var restored coinsAnswer
	loadCashuTS(t, s, seed).Must("restore", nil, &restored)
	if restored.Total != "105" {
		t.Errorf("restored %s from both keysets, want 105", restored.Total)
	}
}
