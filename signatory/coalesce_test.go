package signatory_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/signatory"
)

// slowSigner takes a second for every call, whatever its size. It refuses what a
// signatory refuses: a bad item, and a duplicate within a call.
type slowSigner struct {
	mu    sync.Mutex
	calls [][]int // sizes by kind: 0 sign, 1 verify
	away  bool
}

func newSlowSigner() *slowSigner { return &slowSigner{calls: make([][]int, 2)} }

const (
	badAmount cashu.Amount = 666
	badSecret              = "forged"
)

func (s *slowSigner) take(kind, n int) error {
	s.mu.Lock()
	s.calls[kind] = append(s.calls[kind], n)
	away := s.away
	s.mu.Unlock()
	time.Sleep(time.Second)
	if away {
		return fmt.Errorf("slow signer: %w", signatory.ErrUnavailable)
	}
	return nil
}

func (s *slowSigner) BlindSign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	if err := s.take(0, len(messages)); err != nil {
		return nil, err
	}
	seen := map[[33]byte]bool{}
	sigs := make([]cashu.BlindSignature, len(messages))
	for i, m := range messages {
		if seen[m.B.Key()] {
			return nil, cashu.ErrDuplicateOutputs
		}
		seen[m.B.Key()] = true
		if m.Amount == badAmount {
			return nil, cashu.ErrKeysetUnknown
		}
		sigs[i] = cashu.BlindSignature{Amount: m.Amount, ID: m.ID, C: m.B}
	}
	return sigs, ctx.Err()
}

func (s *slowSigner) VerifyProofs(_ context.Context, proofs []cashu.Proof) error {
	if err := s.take(1, len(proofs)); err != nil {
		return err
	}
	seen := map[string]bool{}
	for _, p := range proofs {
		if seen[p.Secret] {
			return cashu.ErrDuplicateInputs
		}
		seen[p.Secret] = true
		if p.Secret == badSecret {
			return cashu.ErrProofInvalid
		}
	}
	return nil
}

func pointOf(tb testing.TB, seed string) bdhke.Point {
	tb.Helper()
	sum := sha256.Sum256([]byte(seed))
	p, err := bdhke.HashToCurve(sum[:])
	if err != nil {
		tb.Fatal(err)
	}
	return p
}

func TestCoalescerJoinsWhatWaits(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signer := newSlowSigner()
		c := signatory.NewCoalescer(signer, 1)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 20 {
			m := []cashu.BlindedMessage{
				{Amount: cashu.Amount(i + 1), B: pointOf(t, fmt.Sprint("a", i))},
				{Amount: cashu.Amount(i + 1), B: pointOf(t, fmt.Sprint("b", i))},
			}
			wg.Go(func() {
				sigs, err := c.BlindSign(t.Context(), m)
				if err != nil || len(sigs) != 2 || !sigs[0].C.Equal(m[0].B) || !sigs[1].C.Equal(m[1].B) {
					t.Errorf("caller %d got %v, %v", i, sigs, err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("20 callers took %v, want two calls of a second", took)
		}
	})
}

func TestOneBadRequestDoesNotHurtItsNeighbours(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := signatory.NewCoalescer(newSlowSigner(), 1)
		var wg sync.WaitGroup
		for i := range 16 {
			m := cashu.BlindedMessage{Amount: 1, B: pointOf(t, fmt.Sprint(i))}
			p := cashu.Proof{Amount: 1, Secret: fmt.Sprint(i), C: m.B}
			bad := i == 7 || i == 11
			if bad {
				m.Amount, p.Secret = badAmount, badSecret
			}
			wg.Go(func() {
				_, err := c.BlindSign(t.Context(), []cashu.BlindedMessage{m})
				if bad != errors.Is(err, cashu.ErrKeysetUnknown) || !bad && err != nil {
					t.Errorf("signing for caller %d: %v", i, err)
				}
			})
			wg.Go(func() {
				err := c.VerifyProofs(t.Context(), []cashu.Proof{p})
				if bad != errors.Is(err, cashu.ErrProofInvalid) || !bad && err != nil {
					t.Errorf("verifying for caller %d: %v", i, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestWhatManyAskAlikeIsAskedOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signer := newSlowSigner()
		c := signatory.NewCoalescer(signer, 1)
		b := pointOf(t, "b")
		var wg sync.WaitGroup
		for range 32 {
			wg.Go(func() {
				if err := c.VerifyProofs(t.Context(), []cashu.Proof{{Amount: 1, Secret: "s", C: b}}); err != nil {
					t.Error(err)
				}
			})
		}
		// The same secret with another signature is another question.
		wg.Go(func() {
			if err := c.VerifyProofs(t.Context(), []cashu.Proof{{Amount: 2, Secret: "s", C: b}}); err != nil {
				t.Error(err)
			}
		})
		wg.Wait()
		for _, n := range signer.calls[1] {
			if n != 1 {
				t.Errorf("a call carried %d proofs, want 1", n)
			}
		}
		if n := len(signer.calls[1]); n > 4 {
			t.Errorf("%d calls were made", n)
		}
	})
}

func TestACallerThatGivesUpTakesNobodyAlong(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := signatory.NewCoalescer(newSlowSigner(), 1)
		ctx, cancel := context.WithTimeout(t.Context(), 1500*time.Millisecond)
		defer cancel()
		var wg sync.WaitGroup
		for i := range 4 {
			m := []cashu.BlindedMessage{{Amount: 1, B: pointOf(t, fmt.Sprint(i))}}
			callerCtx, impatient := t.Context(), i == 1
			if impatient {
				callerCtx = ctx
			}
			if i == 1 {
				time.Sleep(time.Millisecond) // the first call is on its way
			}
			wg.Go(func() {
				_, err := c.BlindSign(callerCtx, m)
				if impatient != errors.Is(err, context.DeadlineExceeded) || !impatient && err != nil {
					t.Errorf("caller %d: %v", i, err)
				}
			})
		}
		wg.Wait()
	})
}

func TestAnAbsentSignatoryIsToldToEveryoneAtOnce(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signer := newSlowSigner()
		signer.away = true
		c := signatory.NewCoalescer(signer, 1)
		start := time.Now()
		var wg sync.WaitGroup
		for i := range 50 {
			wg.Go(func() {
				err := c.VerifyProofs(t.Context(), []cashu.Proof{{Amount: 1, Secret: fmt.Sprint(i)}})
				if !errors.Is(err, signatory.ErrUnavailable) {
					t.Errorf("caller %d: %v", i, err)
				}
			})
		}
		wg.Wait()
		if took := time.Since(start); took > 2*time.Second {
			t.Errorf("it took %v", took)
		}
	})
}

// signAt asks for n signatures after a while, on a goroutine of wg.
func signAt(t *testing.T, wg *sync.WaitGroup, c *signatory.Coalescer, after time.Duration, name string, n int) {
	messages := make([]cashu.BlindedMessage, n)
	for i := range messages {
		messages[i] = cashu.BlindedMessage{Amount: 1, B: pointOf(t, fmt.Sprint(name, i))}
	}
	wg.Go(func() {
		time.Sleep(after)
		if _, err := c.BlindSign(t.Context(), messages); err != nil {
			t.Errorf("%s got %v", name, err)
		}
	})
}

func TestFewWaitALittleForTheCallOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signer := newSlowSigner()
		c := signatory.NewCoalescer(signer, 2)
		start := time.Now()
		var wg sync.WaitGroup
		signAt(t, &wg, c, 0, "first", 2)
		signAt(t, &wg, c, 10*time.Millisecond, "second", 2)
		signAt(t, &wg, c, 20*time.Millisecond, "third", 2)
		wg.Wait()
		if got := signer.calls[0]; !slices.Equal(got, []int{2, 4}) {
			t.Errorf("calls of %v messages, want the second and third in one", got)
		}
		if took := time.Since(start); took >= 1100*time.Millisecond {
			t.Errorf("it took %v: who waits for a call of a second must not wait to its end", took)
		}
	})
}

func TestManyDoNotWaitForTheCallOfOthers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signer := newSlowSigner()
		c := signatory.NewCoalescer(signer, 2)
		start := time.Now()
		var wg sync.WaitGroup
		signAt(t, &wg, c, 0, "first", 2)
		signAt(t, &wg, c, time.Millisecond, "many", 40)
		wg.Wait()
		if took := time.Since(start); took != time.Second+time.Millisecond {
			t.Errorf("it took %v: a call that is worth it leaves at once", took)
		}
	})
}

func TestWaitersLeaveWhenTheCallOfOthersIsBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		signer := newSlowSigner()
		c := signatory.NewCoalescer(signer, 2)
		start := time.Now()
		var wg sync.WaitGroup
		signAt(t, &wg, c, 0, "first", 2)
		signAt(t, &wg, c, 990*time.Millisecond, "second", 2)
		wg.Wait()
		if took := time.Since(start); took != 2*time.Second {
			t.Errorf("it took %v, want two calls of a second with nothing between them", took)
		}
	})
}
