package mint_test

import (
	"context"
	"errors"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/signatory"
)

func TestSnapshotsThatContradictAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	before, _ := w.signer.snapshot()
	w.signer.rotate(t, "sat", 0, 0)
	w.refresh(w.mint)
	now, _ := w.signer.snapshot()
	edit := func(fn func(*signatory.Snapshot)) signatory.Snapshot {
		s := now
		s.Keysets = append([]cashu.Keyset(nil), now.Keysets...)
		fn(&s)
		return s
	}
	for _, tc := range []struct {
		name     string
		snapshot signatory.Snapshot
	}{
		{"an older epoch", before},
		{"no keysets", edit(func(s *signatory.Snapshot) { s.Keysets = nil })},
		{"a vanished keyset", edit(func(s *signatory.Snapshot) { s.Epoch++; s.Keysets = s.Keysets[1:] })},
		{"a keyset twice", edit(func(s *signatory.Snapshot) { s.Epoch++; s.Keysets = append(s.Keysets, s.Keysets[0]) })},
		{"another identity", edit(func(s *signatory.Snapshot) { s.Epoch++; s.Identity = scalar(t, "thief").Public() })},
		{"no identity", edit(func(s *signatory.Snapshot) { s.Epoch++; s.Identity = signatory.Snapshot{}.Identity })},
		{"another fee under the same id", edit(func(s *signatory.Snapshot) { s.Epoch++; s.Keysets[0].InputFeePPK = 7 })},
		{"other keys under the same id", edit(func(s *signatory.Snapshot) { s.Epoch++; s.Keysets[0].Keys = s.Keysets[1].Keys })},
		{"a new keyset whose id is not its own", edit(func(s *signatory.Snapshot) {
			s.Epoch++
			k := s.Keysets[1]
			k.ID = cashu.DeriveKeysetIDV2(k.Keys, "sat", 3, 0)
			s.Keysets = append(s.Keysets, k)
		})},
	} {
		version := w.mint.Keysets().Version()
		if err := w.mint.ApplyKeysets(t.Context(), tc.snapshot); !errors.Is(err, mint.ErrSnapshotRefused) {
			t.Errorf("%s: error %v, want a refusal", tc.name, err)
		}
		if w.mint.Keysets().Version() != version {
			t.Errorf("%s: the view changed", tc.name)
		}
	}
	if err := w.mint.ApplyKeysets(t.Context(), now); err != nil {
		t.Errorf("the current snapshot again: %v", err)
	}
	unnumbered := edit(func(s *signatory.Snapshot) { s.Epoch = 0 })
	if err := w.mint.ApplyKeysets(t.Context(), unnumbered); err != nil {
		t.Errorf("a signatory that does not number its changes: %v", err)
	}
}

func TestMintStartsWithoutTheSignatory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	want := w.mint.Keysets().All()[0].ID
	w.signer.down.Store(true)
	m, err := mint.New(t.Context(), w.config("second"))
	if err != nil {
		t.Fatal(err)
	}
	select {
	case <-m.Ready():
	default:
		t.Error("remembered keysets do not make the mint ready")
	}
	if _, ok := m.Keysets().Get(want); !ok {
		t.Errorf("keyset %v is forgotten", want)
	}
	if m.Info().Pubkey != w.signer.identity {
		t.Error("the identity is forgotten")
	}
}

func TestMintRefusesTheDatabaseOfAnotherSignatory(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	cfg := w.config("second")
	cfg.Identity = scalar(t, "another").Public()
	if _, err := mint.New(t.Context(), cfg); !errors.Is(err, mint.ErrSnapshotRefused) {
		t.Errorf("error %v, want a refusal", err)
	}
}

func TestAViewDoesNotChangeUnderARequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	view := w.mint.Keysets()
	ks := view.All()[0]
	w.signer.rotate(t, "sat", 0, 0)
	w.refresh(w.mint)
	if len(view.All()) != 1 || !view.All()[0].Active {
		t.Error("an old view changed")
	}
	if k, _ := w.mint.Keysets().Get(ks.ID); k.Active {
		t.Error("the new view did not")
	}
}

func TestOperationsStopWhileTheSignatoryIsNotTrusted(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	coins := w.mintCoins(8)
	paid := w.quote(8)
	w.backend.pay(paid)
	notes := w.notes(w.active("sat"), 8)

	// Another process answers in the signatory's place. It would say yes to
	// everything.
	honest := w.signer.identity
	w.signer.identity = scalar(t, "thief").Public()
	ctx, stop := context.WithCancel(t.Context())
	ran := make(chan error, 1)
	go func() { ran <- w.mint.Run(ctx) }()
	refused := w.signer.signCalls.Load()
	for range 3 {
		_, err := w.mint.Swap(t.Context(), swapRequest(coins, notes))
		wantCode(t, err, cashu.CodeUnavailable)
		_, err = w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: paid.ID, Outputs: messages(notes)})
		wantCode(t, err, cashu.CodeUnavailable)
	}
	if w.signer.signCalls.Load() != refused {
		t.Error("a signatory that is not trusted was asked to sign")
	}
	if w.mint.Health(t.Context()).Signatory {
		t.Error("health calls it well")
	}
	w.wantStates(coins, mint.ProofUnspent)
	w.wantRestorable(notes, 0)
	stop()
	if err := <-ran; err != nil {
		t.Error(err)
	}

	w.signer.identity = honest
	w.mint = w.newMint("second")
	if _, err := w.mint.Swap(t.Context(), swapRequest(coins, notes)); err != nil {
		t.Errorf("with the true one back: %v", err)
	}
}

func TestASignatoryThatTakesItsPlaceInTheMiddleIsNotAskedToSign(t *testing.T) {
	t.Parallel()
	store := &faultyStore{Store: newMemStore()}
	w := newWorld(t, store)
	coins := w.mintCoins(8)
	notes := w.notes(w.active("sat"), 8)
	honest := w.signer.identity
	store.before = func(int) error { // the reservation
		w.signer.identity = scalar(t, "thief").Public()
		return nil
	}
	_, err := w.mint.Swap(t.Context(), swapRequest(coins, notes))
	wantCode(t, err, cashu.CodeUnavailable)
	store.before = nil
	w.signer.identity = honest
	w.wantStates(coins, mint.ProofUnspent)
	w.wantSagas(0)
}

func TestAKeysetThatTheSignatoryLostIsAnOutageAndNoRefusal(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	coins := w.mintCoins(8)
	w.signer.onSign(func(int) error { return cashu.ErrKeysetUnknown })
	_, err := w.mint.Swap(t.Context(), swapRequest(coins, w.notes(w.active("sat"), 8)))
	wantCode(t, err, cashu.CodeUnavailable)
	if errors.Is(err, cashu.ErrKeysetUnknown) {
		t.Error("the wallet is told that its keyset is unknown")
	}
	w.wantStates(coins, mint.ProofUnspent)
}

func TestOfTwoMintsThatPinTheFirstOneWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	empty := newMemStore()
	w.store = empty
	first, err := mint.New(t.Context(), w.config("first"))
	if err != nil {
		t.Fatal(err)
	}
	second, err := mint.New(t.Context(), w.config("second"))
	if err != nil {
		t.Fatal(err)
	}
	snap, _ := w.signer.snapshot()
	if err := first.ApplyKeysets(t.Context(), snap); err != nil {
		t.Fatal(err)
	}
	snap.Identity = scalar(t, "thief").Public()
	if err := second.ApplyKeysets(t.Context(), snap); !errors.Is(err, mint.ErrSnapshotRefused) {
		t.Errorf("a second identity was pinned: %v", err)
	}
}
