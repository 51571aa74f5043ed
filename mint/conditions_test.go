package mint_test

import (
	"context"
	"crypto/sha256"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/conditions"
	"mintmark/mint"
)

// lockedNotes are outputs whose coins will be under the lock.
func (w *world) lockedNotes(lock conditions.Lock, amounts ...cashu.Amount) []note {
	w.tb.Helper()
	notes := w.notes(w.active("sat"), amounts...)
	for i := range notes {
		secret, err := lock.Secret(nil)
		if err != nil {
			w.tb.Fatal(err)
		}
		notes[i].secret = secret
		if notes[i].B, err = bdhke.Blind([]byte(secret), notes[i].r); err != nil {
			w.tb.Fatal(err)
		}
	}
	return notes
}

// lockedCoins swaps fresh coins for coins under the lock.
func (w *world) lockedCoins(lock conditions.Lock, amounts ...cashu.Amount) []cashu.Proof {
	w.tb.Helper()
	notes := w.lockedNotes(lock, amounts...)
	sigs, err := w.mint.Swap(context.Background(), swapRequest(w.mintCoins(amounts...), notes))
	if err != nil {
		w.tb.Fatal(err)
	}
	return w.coins(notes, sigs)
}

func signed(tb testing.TB, p cashu.Proof, keys ...bdhke.Scalar) cashu.Proof {
	tb.Helper()
	for _, k := range keys {
		if err := conditions.SignInput(&p, k, nil); err != nil {
			tb.Fatal(err)
		}
	}
	return p
}

func TestLockedCoinsAreSpentByTheirKeyOnly(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	alice, eve := scalar(t, "alice"), scalar(t, "eve")
	coin := w.lockedCoins(conditions.Lock{Key: alice.Public()}, 8)[0]
	notes := w.notes(w.active("sat"), 8)

	byEve := w.lockedCoins(conditions.Lock{Key: eve.Public()}, 8)[0]
	stolen := coin
	stolen.Witness = signed(t, byEve, eve).Witness
	for name, p := range map[string]cashu.Proof{"no witness": coin, "a signature of another coin": stolen} {
		_, err := w.mint.Swap(t.Context(), swapRequest([]cashu.Proof{p}, notes))
		if err == nil {
			t.Fatalf("%s: accepted", name)
		}
		wantCode(t, err, cashu.CodeProofInvalid)
	}
	w.wantSagas(0)
	w.wantStates([]cashu.Proof{coin}, mint.ProofUnspent)
	w.wantRestorable(notes, 0)

	spent := signed(t, coin, alice)
	if _, err := w.mint.Swap(t.Context(), swapRequest([]cashu.Proof{spent}, notes)); err != nil {
		t.Fatal(err)
	}
	w.wantWitness(spent)
}

// wantWitness checks that the mint shows the witness of a spent coin as it came.
func (w *world) wantWitness(p cashu.Proof) {
	w.tb.Helper()
	y, err := p.Y()
	if err != nil {
		w.tb.Fatal(err)
	}
	records, err := w.mint.CheckState(context.Background(), []bdhke.Point{y})
	if err != nil {
		w.tb.Fatal(err)
	}
	if r := records[0]; r.State != mint.ProofSpent || r.Witness != p.Witness {
		w.tb.Errorf("the coin is %v with witness %q, want SPENT with %q", r.State, r.Witness, p.Witness)
	}
}

func TestThePayerOfAnHTLCReadsThePreimageFromTheState(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	preimage := [32]byte{31: 1}
	coin := w.lockedCoins(conditions.Lock{Hash: sha256.Sum256(preimage[:])}, 8)[0]
	notes := w.notes(w.active("sat"), 8)
	_, err := w.mint.Swap(t.Context(), swapRequest([]cashu.Proof{coin}, notes))
	wantCode(t, err, cashu.CodeProofInvalid)
	if err := conditions.AddPreimage(&coin, preimage); err != nil {
		t.Fatal(err)
	}
	if _, err := w.mint.Swap(t.Context(), swapRequest([]cashu.Proof{coin}, notes)); err != nil {
		t.Fatal(err)
	}
	w.wantWitness(coin)
}

func TestTheWitnessOfAPlainCoinIsNotKept(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	coin := w.mintCoins(8)[0]
	coin.Witness = `{"signatures":["junk"]}`
	if _, err := w.mint.Swap(t.Context(), swapRequest([]cashu.Proof{coin}, w.notes(w.active("sat"), 8))); err != nil {
		t.Fatalf("a witness that nobody asked for: %v", err)
	}
	coin.Witness = ""
	w.wantWitness(coin)
}

func TestSigAllBindsInputsAndOutputs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	alice := scalar(t, "alice")
	lock := conditions.Lock{Key: alice.Public(), SigAll: true}
	coins := w.lockedCoins(lock, 8, 4)
	plain := w.mintCoins(4)[0]
	notes := w.notes(w.active("sat"), 8, 4)
	tx := conditions.Transaction{Inputs: coins, Outputs: messages(notes)}
	if err := conditions.SignAll(tx, alice, nil); err != nil {
		t.Fatal(err)
	}
	swapped := []cashu.Proof{coins[1], coins[0]}
	for _, tc := range []struct {
		name   string
		inputs []cashu.Proof
		notes  []note
	}{
		{"an output of a thief", coins, []note{notes[0], w.notes(w.active("sat"), 4)[0]}},
		{"outputs in another order", coins, []note{notes[1], notes[0]}},
		{"inputs in another order", swapped, notes},
		{"one input less", coins[:1], notes[:1]},
		{"a plain input among them", []cashu.Proof{coins[0], plain}, notes},
		{"a plain input first", []cashu.Proof{plain, coins[0]}, []note{notes[1], notes[0]}},
	} {
		_, err := w.mint.Swap(t.Context(), swapRequest(tc.inputs, tc.notes))
		if err == nil {
			t.Fatalf("%s: accepted", tc.name)
		}
		wantCode(t, err, cashu.CodeProofInvalid)
	}
	w.wantStates(append(coins, plain), mint.ProofUnspent)
	if _, err := w.mint.Swap(t.Context(), swapRequest(coins, notes)); err != nil {
		t.Fatal(err)
	}
	w.wantWitness(coins[0])
	w.wantWitness(coins[1]) // it has none, and none is made up
}

func TestFinishedSwapsOfLockedCoinsAreRepeatedWhateverTheTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	alice, bob := scalar(t, "alice"), scalar(t, "bob")
	start := w.clock.Load()
	locktime := uint64(start) + 100
	lock := conditions.Lock{Key: alice.Public(), Locktime: locktime, Refund: []bdhke.Point{bob.Public()}}
	open := conditions.Lock{Key: alice.Public(), Locktime: locktime}
	coins := w.lockedCoins(lock, 8, 8)
	byKey, byRefund := signed(t, coins[0], alice), signed(t, coins[1], bob)
	byAnyone := w.lockedCoins(open, 8)[0]

	finish := func(p cashu.Proof) (cashu.SwapRequest, []cashu.BlindSignature) {
		req := swapRequest([]cashu.Proof{p}, w.notes(w.active("sat"), 8))
		sigs, err := w.mint.Swap(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		return req, sigs
	}
	keyReq, keySigs := finish(byKey)
	_, err := w.mint.Swap(t.Context(), swapRequest([]cashu.Proof{byRefund}, w.notes(w.active("sat"), 8)))
	wantCode(t, err, cashu.CodeProofInvalid) // too early, and never finished
	w.clock.Store(int64(locktime) + 1)
	refundReq, refundSigs := finish(byRefund)
	anyReq, anySigs := finish(byAnyone)

	for name, at := range map[string]int64{"after the locktime": int64(locktime) + 50, "on a replica whose clock is behind": start} {
		w.clock.Store(at)
		for _, tc := range []struct {
			req  cashu.SwapRequest
			want []cashu.BlindSignature
		}{{keyReq, keySigs}, {refundReq, refundSigs}, {anyReq, anySigs}} {
			again, err := w.mint.Swap(t.Context(), tc.req)
			if err != nil {
				t.Fatalf("%s: %v", name, err)
			}
			wantSameSignatures(t, again, tc.want)
		}
	}
}

func TestTheSignatoryIsNotAskedAboutLocksThatAreNotOpen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	coin := w.lockedCoins(conditions.Lock{Key: scalar(t, "alice").Public()}, 8)[0]
	w.signer.down.Store(true)
	_, err := w.mint.Swap(t.Context(), swapRequest([]cashu.Proof{coin}, w.notes(w.active("sat"), 8)))
	wantCode(t, err, cashu.CodeProofInvalid) // not 503
}
