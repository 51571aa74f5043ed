package mint_test

import (
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
)

func TestTotalsAreExactAndAgreeWithTheRows(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	old := w.active("sat")
	coins := w.mintCoins(8, 4, 2)
	w.signer.rotate(t, "sat", 100, 0)
	w.refresh(w.mint)
	next := w.active("sat")
	if _, err := w.mint.Swap(t.Context(), swapRequest(coins[:2], w.notes(next, 8, 4))); err != nil {
		t.Fatal(err)
	}
	want := map[cashu.KeysetID]mint.KeysetTotals{
		old.ID:  {KeysetID: old.ID, Issued: 14, Redeemed: 12},
		next.ID: {KeysetID: next.ID, Issued: 12},
	}
	totals, err := w.store.Totals(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	recount, err := w.store.Recount(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	for name, list := range map[string][]mint.KeysetTotals{"totals": totals, "recount": recount} {
		if len(list) != len(want) {
			t.Errorf("%s of %d keysets, want %d", name, len(list), len(want))
		}
		for _, got := range list {
			if got != want[got.KeysetID] {
				t.Errorf("%s are %+v, want %+v", name, got, want[got.KeysetID])
			}
		}
	}
}

func TestAKeysetCannotRedeemMoreThanItIssued(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	ks := w.active("sat")
	w.mintCoins(8)
	stolen := w.coinsForLater(8, 4) // signed behind the mint's back, with its keys
	notes := w.notes(ks, 8)
	if _, err := w.mint.Swap(t.Context(), swapRequest(stolen[:1], notes)); err != nil {
		t.Fatalf("within what was issued nobody can tell: %v", err)
	}
	w.signer.rotate(t, "sat", 0, 0)
	w.refresh(w.mint)
	fresh := w.notes(w.active("sat"), 8, 4)
	_, err := w.mint.Swap(t.Context(), swapRequest(w.coins(notes, mustRestore(w, notes)), fresh[:1]))
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.mint.Swap(t.Context(), swapRequest(stolen[1:], fresh[1:]))
	wantCode(t, err, cashu.CodeOverRedeemed)
	w.wantStates(stolen[1:], mint.ProofUnspent)
	w.wantRestorable(fresh[1:], 0)
	w.wantSagas(0)
	if n := w.mint.Health(t.Context()).OverRedeemed; n != 1 {
		t.Errorf("%d alarms, want 1", n)
	}

	if err := mint.AllowOverRedeem(t.Context(), w.store, ks.ID, true); err != nil {
		t.Fatal(err)
	}
	if _, err := w.mint.Swap(t.Context(), swapRequest(stolen[1:], fresh[1:])); err != nil {
		t.Errorf("what the operator allows: %v", err)
	}
	more := w.forge(ks, 2)
	if err := mint.AllowOverRedeem(t.Context(), w.store, ks.ID, false); err != nil {
		t.Fatal(err)
	}
	_, err = w.mint.Swap(t.Context(), swapRequest(more, w.notes(w.active("sat"), 2)))
	wantCode(t, err, cashu.CodeOverRedeemed)
}

func mustRestore(w *world, notes []note) []cashu.BlindSignature {
	w.tb.Helper()
	_, sigs, err := w.mint.Restore(w.tb.Context(), messages(notes))
	if err != nil {
		w.tb.Fatal(err)
	}
	return sigs
}
