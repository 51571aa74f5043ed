package mint_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
)

// The exploration runs two swaps of the same coin through the real code, in
// every order in which their steps can follow each other, and kills the mint
// before every step. Whatever happened, afterwards the coin must be spent for
// exactly one of the two or not at all, nothing may be left reserved, and an
// answer that was given must be given again.

// director lets one of several actors take one step at a time.
type director struct {
	turn [2]chan error // grants a step, or ends the actor's world with an error
	at   chan int      // an actor waits for its next step, or has ended
}

func newDirector() *director {
	return &director{turn: [2]chan error{make(chan error), make(chan error)}, at: make(chan int)}
}

type actorKey struct{}

var errKilled = errors.New("the process was killed")

// step waits for the director's permission in the name of the context's actor.
// Contexts without actor are the test's own.
func (d *director) step(ctx context.Context) error {
	actor, ok := ctx.Value(actorKey{}).(int)
	if !ok {
		return nil
	}
	d.at <- actor
	return <-d.turn[actor]
}

type directedStore struct {
	*memStore
	*director
}

func (s directedStore) Update(ctx context.Context, d mint.Durability, fn func(mint.Tx) error) error {
	if err := s.step(ctx); err != nil {
		return err
	}
	return s.memStore.Update(ctx, d, fn)
}

func (s directedStore) OwnerGone(context.Context, string) (bool, error) { return true, nil }

type directedSigner struct {
	*testSigner
	*director
}

func (s directedSigner) BlindSign(ctx context.Context, m []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	if err := s.step(ctx); err != nil {
		return nil, err
	}
	return s.testSigner.BlindSign(ctx, m)
}

// exploreTwo lets two act: bit i of order says who takes step i, and before step
// killAt everything ends. It returns their answers, and who took the steps that
// were taken.
func exploreTwo[T any](d *director, order, killAt int, act func(ctx context.Context, i int) T) (answers [2]T, taken []int) {
	steps := 0
	ended := [2]bool{}
	done := make(chan int, 2)
	for i := range ended {
		go func() {
			answers[i] = act(context.WithValue(context.Background(), actorKey{}, i), i)
			done <- i
		}()
	}
	waiting := [2]bool{}
	settle := func() { // until every actor waits or has ended
		for i := range ended {
			for !waiting[i] && !ended[i] {
				select {
				case a := <-d.at:
					waiting[a] = true
				case a := <-done:
					ended[a] = true
				}
			}
		}
	}
	for settle(); !ended[0] || !ended[1]; settle() {
		a := order >> steps & 1
		if ended[a] {
			a = 1 - a
		}
		var verdict error
		if steps >= killAt {
			verdict = errKilled
		} else {
			steps++
			taken = append(taken, a)
		}
		waiting[a] = false
		d.turn[a] <- verdict
	}
	return answers, taken
}

func TestEveryInterleavingOfTwoSwapsWithACrashBeforeEveryStep(t *testing.T) {
	t.Parallel()
	const maxSteps = 8
	runs := 0
	inner := newMemStore()
	w := newWorld(t, inner)
	coin := w.mintCoins(8)
	notes := [2][]note{w.notes(w.active("sat"), 4, 4), w.notes(w.active("sat"), 8)}
	reqs := [2]cashu.SwapRequest{swapRequest(coin, notes[0]), swapRequest(coin, notes[1])}
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
				sigs, _ := w.mint.Swap(ctx, reqs[i])
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
			checkAftermath(t, w, d, label, coin, notes, reqs, answers)
			if t.Failed() {
				return
			}
		}
	}
	t.Logf("%d runs", runs)
}

func directed(t *testing.T, w *world, d *director, owner string) *mint.Mint {
	t.Helper()
	cfg := w.config(owner)
	cfg.Signer = directedSigner{w.signer, d}
	m, err := mint.New(t.Context(), cfg)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func checkAftermath(t *testing.T, w *world, d *director, label string, coin []cashu.Proof, notes [2][]note, reqs [2]cashu.SwapRequest, answers [2][]cashu.BlindSignature) {
	t.Helper()
	w.mint = directed(t, w, d, "second")
	if err := w.mint.Sweep(t.Context()); err != nil {
		t.Fatalf("%s: %v", label, err)
	}
	w.wantSagas(0)
	spent := 0
	for i := range reqs {
		_, sigs, err := w.mint.Restore(t.Context(), messages(notes[i]))
		if err != nil {
			t.Fatalf("%s: %v", label, err)
		}
		switch len(sigs) {
		case 0:
			if answers[i] != nil {
				t.Errorf("%s: swap %d was answered, and its outputs are not restorable", label, i)
			}
		case len(notes[i]):
			spent++
			if answers[i] != nil {
				wantSameSignatures(t, sigs, answers[i])
			}
		default:
			t.Errorf("%s: swap %d is half done", label, i)
		}
	}
	want := mint.ProofUnspent
	if spent == 1 {
		want = mint.ProofSpent
	} else if spent > 1 {
		t.Errorf("%s: the coin was spent twice", label)
	}
	w.wantStates(coin, want)
	won := 0
	for i := range reqs {
		again, err := w.mint.Swap(t.Context(), reqs[i])
		if err == nil {
			won++
			w.coins(notes[i], again)
		} else if !errors.Is(err, cashu.ErrProofsSpent) {
			t.Errorf("%s: the loser gets %v", label, err)
		}
	}
	if won != 1 {
		t.Errorf("%s: %d swaps succeed in the end, want 1", label, won)
	}
}
