package mint_test

import (
	"testing"
	"time"

	"mintmark/mint"
)

func TestTheMintRemembersWhenItSawAKeysetFirst(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	w := newWorld(t, store)
	first, began := w.active("sat"), time.Unix(w.clock.Load(), 0)
	w.wait(time.Hour)
	second := w.signer.rotate(t, "sat", 0, 0)
	w.refresh(w.mint)
	w.wait(time.Hour)
	for name, m := range map[string]*mint.Mint{"the same": w.mint, "another, later": w.newMint("second")} {
		if got := m.KeysetSeen(first.ID); !got.Equal(began) {
			t.Errorf("%s mint saw the first one at %v, want %v", name, got, began)
		}
		if got := m.KeysetSeen(second.ID); !got.Equal(began.Add(time.Hour)) {
			t.Errorf("%s mint saw the second one at %v, want %v", name, got, began.Add(time.Hour))
		}
	}
	// A database of before remembers nothing yet.
	store.forgetConfig("keysets_seen")
	late := w.newMint("third")
	if got := late.KeysetSeen(first.ID); !got.Equal(began.Add(2 * time.Hour)) {
		t.Errorf("without a memory it was seen at %v", got)
	}
}
