package mint_test

import (
	"context"
	"errors"
	"testing"

	"mintmark/cashu"
	"mintmark/mint"
)

// The exploration runs two swaps of the same coin, or two issues on one quote,
// through the real code, in every order in which their steps can follow each
// other, and kills the mint before every step. Whatever happened, afterwards the
// money must have gone to exactly one of the two or to neither, nothing may be left reserved, and an
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
