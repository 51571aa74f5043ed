package mint_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
)

// request is what an actor asks of the mint.
type request func(ctx context.Context, m *mint.Mint) ([]cashu.BlindSignature, error)

// exploreRivals runs two requests of which one at most can be done, in every order
// and with a crash before every step. aftermath looks at what is left of a run, over
// a mint that was started anew: how many of the two are done.
func exploreRivals(t *testing.T, w *world, inner *memStore, notes [2][]note, reqs [2]request, loses error, aftermath func(label string, done int)) {
	t.Helper()
	const maxSteps = 8
	runs := 0
	untouched := inner.take()
	seen := map[string]bool{} // orders that differ in steps that nobody takes are one
	for order := range 1 << (maxSteps - 1) {
		longest := 0
		for killAt := maxSteps; killAt >= 0; killAt-- {
			d := newDirector()
			inner.put(untouched)
			w.store = directedStore{inner, d}
			w.mint = directed(t, w, d, "first")
			answers, taken := exploreTwo(d, order, killAt, func(ctx context.Context, i int) []cashu.BlindSignature {
				sigs, _ := reqs[i](ctx, w.mint)
				return sigs
			})
			if killAt == maxSteps {
				if longest = len(taken); seen[fmt.Sprint(taken)] {
					break
				}
				seen[fmt.Sprint(taken)] = true
			} else if killAt >= longest {
				continue // nothing was left to kill
			}
			runs++
			label := fmt.Sprintf("order %07b, killed before step %d", order, killAt)
			w.mint = directed(t, w, d, "second")
			if err := w.mint.Sweep(t.Context()); err != nil {
				t.Fatalf("%s: %v", label, err)
			}
			w.wantSagas(0)
			aftermath(label, wantOneAtMost(t, w, label, notes, answers))
			wantOneInTheEnd(t, w, label, notes, reqs, loses)
			if t.Failed() {
				return
			}
		}
	}
	if runs < 20 {
		t.Errorf("only %d runs", runs)
	}
	t.Logf("%d runs", runs)
}

func TestEveryInterleavingOfTwoSwapsWithACrashBeforeEveryStep(t *testing.T) {
	t.Parallel()
	inner := newMemStore()
	w := newWorld(t, inner)
	coin := w.mintCoins(8)
	notes := [2][]note{w.notes(w.active("sat"), 4, 4), w.notes(w.active("sat"), 8)}
	var reqs [2]request
	for i := range reqs {
		reqs[i] = func(ctx context.Context, m *mint.Mint) ([]cashu.BlindSignature, error) {
			return m.Swap(ctx, swapRequest(coin, notes[i]))
		}
	}
	exploreRivals(t, w, inner, notes, reqs, cashu.ErrProofsSpent, func(_ string, done int) {
		want := mint.ProofUnspent
		if done == 1 {
			want = mint.ProofSpent
		}
		w.wantStates(coin, want)
	})
}

func TestEveryInterleavingOfTwoIssuesOnOneQuoteWithACrashBeforeEveryStep(t *testing.T) {
	t.Parallel()
	inner := newMemStore()
	w := newWorld(t, inner)
	q := w.quote(8)
	w.backend.pay(q)
	if _, err := w.mint.MintQuote(t.Context(), "bolt11", q.ID); err != nil { // takes the payment in
		t.Fatal(err)
	}
	notes := [2][]note{w.notes(w.active("sat"), 4, 4), w.notes(w.active("sat"), 8)}
	var reqs [2]request
	for i := range reqs {
		reqs[i] = func(ctx context.Context, m *mint.Mint) ([]cashu.BlindSignature, error) {
			return m.Issue(ctx, "bolt11", cashu.MintRequest{Quote: q.ID, Outputs: messages(notes[i])})
		}
	}
	exploreRivals(t, w, inner, notes, reqs, cashu.ErrQuoteIssued, func(label string, done int) {
		left, err := w.store.MintQuote(t.Context(), "bolt11", q.ID)
		if err != nil || left.Pending != 0 || left.AmountPaid != 8 || left.AmountIssued != cashu.Amount(8*done) {
			t.Errorf("%s: %d were issued, and the quote is %+v, %v", label, done, left, err)
		}
	})
}

// wantOneAtMost checks that each request is done whole or not at all, that one at
// most is done, and that whatever was answered is. It returns how many are.
func wantOneAtMost(t *testing.T, w *world, label string, notes [2][]note, answers [2][]cashu.BlindSignature) (done int) {
	t.Helper()
	for i := range notes {
		_, sigs, err := w.mint.Restore(t.Context(), messages(notes[i]))
		if err != nil {
			t.Fatalf("%s: %v", label, err)
		}
		switch len(sigs) {
		case 0:
			if answers[i] != nil {
				t.Errorf("%s: request %d was answered, and its outputs are not restorable", label, i)
			}
		case len(notes[i]):
			done++
			if answers[i] != nil {
				wantSameSignatures(t, sigs, answers[i])
			}
		default:
			t.Errorf("%s: request %d is half done", label, i)
		}
	}
	if done > 1 {
		t.Errorf("%s: both requests are done", label)
	}
	return done
}

// wantOneInTheEnd puts both requests again: one succeeds, and the other hears why
// it cannot.
func wantOneInTheEnd(t *testing.T, w *world, label string, notes [2][]note, reqs [2]request, loses error) {
	t.Helper()
	won := 0
	for i := range reqs {
		again, err := reqs[i](t.Context(), w.mint)
		if err == nil {
			won++
			w.coins(notes[i], again)
		} else if !errors.Is(err, loses) {
			t.Errorf("%s: the loser gets %v", label, err)
		}
	}
	if won != 1 {
		t.Errorf("%s: %d requests succeed in the end, want 1", label, won)
	}
}
