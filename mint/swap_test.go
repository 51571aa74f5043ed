package mint_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/mint"
	"mintmark/signatory"
)

func swapRequest(inputs []cashu.Proof, notes []note) cashu.SwapRequest {
	return cashu.SwapRequest{Inputs: inputs, Outputs: messages(notes)}
}

func TestSwapSpendsInputsAndSignsOutputs(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	inputs := w.mintCoins(8, 2)
	notes := w.notes(w.active("sat"), 1, 1, 8)
	sigs, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes))
	if err != nil {
		t.Fatal(err)
	}
	w.wantStates(inputs, mint.ProofSpent)
	w.wantStates(w.coins(notes, sigs), mint.ProofUnspent)
	w.wantRestorable(notes, 3)
	w.wantSagas(0)
}

func TestRepeatedSwapGivesTheSameSignatures(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	inputs := w.mintCoins(8)
	notes := w.notes(w.active("sat"), 4, 4)
	req := swapRequest(inputs, notes)
	first, err := w.mint.Swap(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		prep func()
	}{
		{"at once", func() {}},
		{"after a restart", func() { w.mint = w.newMint("second") }},
		{"with the signatory away", func() { w.signer.down.Store(true) }},
		{"after the keyset was retired", func() {
			w.signer.down.Store(false)
			w.signer.rotate(t, "sat", 0, 0)
			w.refresh(w.mint)
		}},
	} {
		tc.prep()
		again, err := w.mint.Swap(t.Context(), req)
		if err != nil {
			t.Fatalf("%s: %v", tc.name, err)
		}
		wantSameSignatures(t, again, first)
	}
}

func TestAlmostRepeatedSwapIsADoubleSpend(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	inputs := w.mintCoins(8, 8)
	notes := w.notes(w.active("sat"), 8, 8)
	if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes)); err != nil {
		t.Fatal(err)
	}
	others := w.mintCoins(8, 8)
	if _, err := w.mint.Swap(t.Context(), swapRequest(others, w.notes(w.active("sat"), 8, 8))); err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name string
		req  cashu.SwapRequest
	}{
		{"an input of another swap", swapRequest([]cashu.Proof{inputs[0], others[0]}, notes)},
		{"other outputs", swapRequest(inputs, w.notes(w.active("sat"), 8, 8))},
		{"one input less, one output less", swapRequest(inputs[:1], notes[:1])},
		{"one other output", swapRequest(inputs, []note{notes[0], w.notes(w.active("sat"), 8)[0]})},
	} {
		_, err := w.mint.Swap(t.Context(), tc.req)
		if err == nil {
			t.Errorf("%s: accepted", tc.name)
			continue
		}
		wantCode(t, err, cashu.CodeProofsSpent)
	}
}

func TestSwapRefusalsLeaveNothingBehind(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	w.signer.rotate(t, "usd", 0, 0)
	w.signer.rotate(t, "auth", 0, 0)
	old := w.active("sat")
	coins := w.mintCoins(8, 4)
	expired := w.signer.rotate(t, "sat", 0, uint64(w.clock.Load())+10)
	w.refresh(w.mint)
	expiring := w.mintCoins(8)
	w.signer.rotate(t, "sat", 100, 0)
	w.refresh(w.mint)
	fee := w.active("sat")
	feeCoins := w.mintCoins(8, 8, 8)
	w.clock.Add(20)

	forged := coins[0]
	forged.C = scalar(t, "forged").Public()
	locked := coins[0]
	locked.Secret = `["COVENANT",{"nonce":"00","data":"02"}]`
	long := coins[0]
	long.Secret = strings.Repeat("x", 1025)
	unknown := coins[0]
	unknown.ID = cashu.DeriveKeysetIDV2(fee.Keys, "eur", 0, 0)
	oddAmount := coins[0]
	oddAmount.Amount = 3
	tooMany := make([]cashu.Proof, 1001)
	for i := range tooMany {
		tooMany[i] = coins[0]
	}
	note3 := w.notes(fee, 1)
	note3[0].Amount = 3
	signed := w.notes(fee, 8)
	q := w.quote(8)
	w.backend.pay(q)
	if _, err := w.mint.Issue(t.Context(), "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(signed)}); err != nil {
		t.Fatal(err)
	}
	twin := w.notes(fee, 4)

	for _, tc := range []struct {
		name   string
		inputs []cashu.Proof
		notes  []note
		code   cashu.Code
	}{
		{"no inputs", nil, w.notes(fee, 1), cashu.CodeUnbalanced},
		{"no outputs", coins[:1], nil, cashu.CodeUnbalanced},
		{"too many inputs", tooMany, w.notes(fee, 1), cashu.CodeTooManyInputs},
		{"too many outputs", coins[:1], make([]note, 1001), cashu.CodeTooManyOutputs},
		{"a secret that is too long", []cashu.Proof{long}, w.notes(fee, 8), cashu.CodeTooLarge},
		{"an unknown keyset in inputs", []cashu.Proof{unknown}, w.notes(fee, 8), cashu.CodeKeysetUnknown},
		{"an amount without key in inputs", []cashu.Proof{oddAmount}, w.notes(fee, 1, 2), cashu.CodeKeysetUnknown},
		{"an amount without key in outputs", coins[:1], append(note3, w.notes(fee, 4, 1)...), cashu.CodeKeysetUnknown},
		{"the same input twice", []cashu.Proof{coins[0], coins[0]}, w.notes(fee, 16), cashu.CodeDuplicateInputs},
		{"the same output twice", coins[:1], []note{twin[0], twin[0]}, cashu.CodeDuplicateOutputs},
		{"outputs worth more", coins[:1], w.notes(fee, 16), cashu.CodeUnbalanced},
		{"outputs worth less", coins[:1], w.notes(fee, 4), cashu.CodeUnbalanced},
		{"a fee that is not paid", feeCoins, w.notes(fee, 16, 8), cashu.CodeUnbalanced},
		{"outputs of another unit", coins[:1], w.notes(w.active("usd"), 8), cashu.CodeUnitMismatch},
		{"outputs of two units", coins, append(w.notes(w.active("usd"), 8), w.notes(fee, 4)...), cashu.CodeMultipleUnits},
		{"blind authentication tokens", coins[:1], w.notes(w.active("auth"), 8), cashu.CodeUnitUnsupported},
		{"a forged signature", []cashu.Proof{forged}, w.notes(fee, 8), cashu.CodeProofInvalid},
		{"a spending condition of an unknown kind", []cashu.Proof{locked}, w.notes(fee, 8), cashu.CodeProofInvalid},
		{"outputs of a retired keyset", coins[:1], w.notes(old, 8), cashu.CodeKeysetInactive},
		{"inputs of an expired keyset", expiring, w.notes(fee, 8), cashu.CodeKeysetExpired},
		{"outputs of an expired keyset", coins[:1], w.notes(expired, 8), cashu.CodeKeysetExpired},
		{"an output that is signed already", coins[:1], signed, cashu.CodeOutputsSigned},
	} {
		_, err := w.mint.Swap(t.Context(), swapRequest(tc.inputs, tc.notes))
		if err == nil {
			t.Errorf("%s: accepted", tc.name)
			continue
		}
		var refusal *cashu.Error
		if !errors.As(err, &refusal) || refusal.Code != tc.code {
			t.Errorf("%s: error %v, want code %d", tc.name, err, tc.code)
		}
	}
	w.wantSagas(0)
	w.wantStates(coins, mint.ProofUnspent)
	w.wantStates(feeCoins, mint.ProofUnspent)
	// Three inputs at 100 ppk round up to a fee of one.
	if _, err := w.mint.Swap(t.Context(), swapRequest(feeCoins, w.notes(fee, 16, 4, 2, 1))); err != nil {
		t.Errorf("a swap that pays its fee: %v", err)
	}
	// Coins of the retired keyset are as good as before.
	if _, err := w.mint.Swap(t.Context(), swapRequest(coins, w.notes(fee, 8, 4))); err != nil {
		t.Errorf("a swap of retired coins: %v", err)
	}
}

func TestBalanceCannotWrapAround(t *testing.T) {
	t.Parallel()
	// 2^63 + 2^63 = 0 in 64 bits. The keyset of this test has such a key.
	keys, err := cashu.NewKeys(map[cashu.Amount]bdhke.Point{
		1: scalar(t, "one").Public(), 1 << 63: scalar(t, "huge").Public(),
	})
	if err != nil {
		t.Fatal(err)
	}
	w := newWorld(t, newMemStore())
	ks := cashu.Keyset{ID: cashu.DeriveKeysetIDV2(keys, "sat", 0, 0), Unit: "sat", Active: true, Keys: keys}
	coins := w.mintCoins(1)
	snap, _ := w.signer.snapshot()
	snap.Epoch++
	snap.Keysets = append(snap.Keysets[:len(snap.Keysets):len(snap.Keysets)], ks)
	if err := w.mint.ApplyKeysets(t.Context(), snap); err != nil {
		t.Fatal(err)
	}
	notes := w.notes(ks, 1<<63, 1<<63, 1)
	_, err = w.mint.Swap(t.Context(), swapRequest(coins, notes))
	wantCode(t, err, cashu.CodeAmountOutOfRange)
	w.wantRestorable(notes, 0)
}

func TestSwapWithTheSignatoryAwayChangesNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	inputs := w.mintCoins(8)
	notes := w.notes(w.active("sat"), 8)
	w.signer.down.Store(true)
	_, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes))
	wantCode(t, err, cashu.CodeUnavailable)
	w.wantStates(inputs, mint.ProofUnspent)
	w.wantRestorable(notes, 0)
	w.signer.down.Store(false)
	if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes)); err != nil {
		t.Errorf("the same swap later: %v", err)
	}
}

func TestSwapIsUndoneWhenSigningFails(t *testing.T) {
	t.Parallel()
	for _, tc := range []struct {
		name  string
		cause error
		code  cashu.Code
	}{
		{"the signatory goes away", signatory.ErrUnavailable, cashu.CodeUnavailable},
		{"the keyset was retired meanwhile", cashu.ErrKeysetInactive, cashu.CodeKeysetInactive},
	} {
		t.Run(tc.name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, newMemStore())
			inputs := w.mintCoins(8)
			notes := w.notes(w.active("sat"), 8)
			w.signer.onSign(func(int) error {
				w.wantStates(inputs, mint.ProofPending)
				w.wantRestorable(notes, 0)
				return tc.cause
			})
			_, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes))
			wantCode(t, err, tc.code)
			w.wantStates(inputs, mint.ProofUnspent)
			w.wantSagas(0)
			w.signer.onSign(func(int) error { return nil })
			if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, notes)); err != nil {
				t.Errorf("the same swap later: %v", err)
			}
		})
	}
}

func TestSwapEndsThoughTheClientHangsUp(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	inputs := w.mintCoins(8)
	notes := w.notes(w.active("sat"), 8)
	ctx, hangUp := context.WithCancel(t.Context())
	w.signer.onSign(func(int) error { hangUp(); return nil })
	if _, err := w.mint.Swap(ctx, swapRequest(inputs, notes)); err != nil {
		t.Fatal(err)
	}
	w.wantStates(inputs, mint.ProofSpent)
	w.wantRestorable(notes, 1)
}

func TestNoTransactionIsOpenWhileTheSignatoryIsAsked(t *testing.T) {
	t.Parallel()
	store := newMemStore()
	w := newWorld(t, store)
	inputs := w.mintCoins(8)
	w.signer.onSign(func(int) error {
		if !store.mu.TryLock() {
			t.Error("a transaction is open during BlindSign")
			return nil
		}
		store.mu.Unlock()
		return nil
	})
	if _, err := w.mint.Swap(t.Context(), swapRequest(inputs, w.notes(w.active("sat"), 8))); err != nil {
		t.Fatal(err)
	}
}

func TestOfManySwapsOfTheSameCoinsOneWins(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	inputs := w.mintCoins(8)
	const workers = 64
	results := make([]error, workers)
	var wg sync.WaitGroup
	for i := range workers {
		notes := w.notes(w.active("sat"), 8)
		wg.Go(func() { _, results[i] = w.mint.Swap(t.Context(), swapRequest(inputs, notes)) })
	}
	wg.Wait()
	won := 0
	for _, err := range results {
		switch {
		case err == nil:
			won++
		case errors.Is(err, cashu.ErrProofsSpent), errors.Is(err, cashu.ErrProofsPending):
		default:
			t.Errorf("a loser got %v", err)
		}
	}
	if won != 1 {
		t.Errorf("%d swaps won, want 1", won)
	}
	w.wantStates(inputs, mint.ProofSpent)
	w.wantSagas(0)
}

func TestLongListsOfStatesKeepTheirOrder(t *testing.T) {
	t.Parallel()
	w := newWorld(t, newMemStore())
	spent := w.mintCoins(4, 4)
	if _, err := w.mint.Swap(t.Context(), swapRequest(spent, w.notes(w.active("sat"), 8))); err != nil {
		t.Fatal(err)
	}
	for _, n := range []int{0, 1, 249, 250, 500, 999, 1000} {
		ys, want := make([]bdhke.Point, n), make([]mint.ProofState, n)
		for i := range ys {
			y, err := bdhke.HashToCurve(fmt.Append(nil, i))
			if i%3 == 0 {
				y, err = spent[i%2].Y()
				want[i] = mint.ProofSpent
			}
			if err != nil {
				t.Fatal(err)
			}
			ys[i] = y
		}
		records, err := w.mint.CheckState(t.Context(), ys)
		if err != nil || len(records) != n {
			t.Fatalf("%d states of %d, %v", len(records), n, err)
		}
		for i, r := range records {
			if !r.Y.Equal(ys[i]) || r.State != want[i] {
				t.Errorf("state %d of %d is %v of another Y or state", i, n, r.State)
			}
		}
	}
	_, err := w.mint.CheckState(t.Context(), make([]bdhke.Point, 1001))
	wantCode(t, err, cashu.CodeTooManyInputs)
}
