package mint_test

import (
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
