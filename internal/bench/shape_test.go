package bench

import (
	"fmt"
	"testing"

	"mintmark/cashu"
)

func powers(n int) []cashu.Amount {
	all := make([]cashu.Amount, n)
	for i := range all {
		all[i] = 1 << i
	}
	return all
}

func TestEveryShapeBalancesWithTheRightNumberOfCoins(t *testing.T) {
	t.Parallel()
	for _, fee := range []uint64{0, 1, 100, 1000, 4000} {
		for _, inputs := range []int{1, 2, 3, 10, 64} {
			for _, outputs := range []int{1, 2, 5, 64} {
				t.Run(fmt.Sprintf("%d to %d at %d ppk", inputs, outputs, fee), func(t *testing.T) {
					t.Parallel()
					shapes, err := swapShapes(inputs, outputs, fee, powers(32))
					if err != nil || len(shapes) == 0 {
						t.Fatal(shapes, err)
					}
					for _, form := range shapes {
						in, _ := cashu.Sum(form.inputs...)
						out, _ := cashu.Sum(form.outputs...)
						if len(form.inputs) != inputs || len(form.outputs) != outputs || in != out+cashu.InputFee(fee*uint64(inputs)) {
							t.Errorf("%v -> %v", form.inputs, form.outputs)
						}
						if form.chains() != (inputs == outputs && fee == 0) {
							t.Errorf("chains() = %v", form.chains())
						}
					}
				})
			}
		}
	}
}

func TestAShapeThatTheDenominationsForbidIsAnError(t *testing.T) {
	t.Parallel()
	if got, err := swapShapes(2, 7, 0, []cashu.Amount{100}); err == nil {
		t.Errorf("got %v", got)
	}
	if got, err := swapShapes(1, 1, 5000, powers(32)); err == nil { // no two powers of two differ by 5
		t.Errorf("got %v", got)
	}
}

func TestCoinsOfARunUseEightKeysEquallyOften(t *testing.T) {
	t.Parallel()
	for _, n := range []int{1, 2, 10} {
		shapes, err := swapShapes(n, n, 0, powers(32))
		if err != nil {
			t.Fatal(err)
		}
		uses := map[cashu.Amount]int{}
		for _, form := range shapes {
			for _, a := range form.inputs {
				uses[a]++
			}
		}
		for _, a := range powers(8) {
			if uses[a] != n {
				t.Errorf("%d inputs: %d is used %d times in %v", n, a, uses[a], shapes)
			}
		}
	}
}

func TestBlanksAreDifferentAndAStockCountsWhatItLacked(t *testing.T) {
	t.Parallel()
	var s stock
	if err := s.fill(t.Context(), 3); err != nil {
		t.Fatal(err)
	}
	seen := make(map[[32]byte]bool)
	for range 5 {
		b, err := s.draw()
		if err != nil || b.b.IsZero() || seen[b.secret] {
			t.Fatalf("drew %v, %v", b.b, err)
		}
		seen[b.secret] = true
	}
	if s.short() != 2 {
		t.Errorf("short() = %d, want 2", s.short())
	}
	if err := s.fill(t.Context(), 2); err != nil || s.short() != 0 || len(s.made) != 2 {
		t.Errorf("after filling: %d made, %d short, %v", len(s.made), s.short(), err)
	}
}
