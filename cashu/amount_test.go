package cashu_test

import (
	"cmp"
	"errors"
	"math"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"mintmark/cashu"
)

const maxAmount = cashu.Amount(math.MaxUint64)

func TestSumRefusesToWrap(t *testing.T) {
	t.Parallel()
	const half = cashu.Amount(1 << 63)
	for _, tt := range []struct {
		name    string
		amounts []cashu.Amount
		want    cashu.Amount
		ok      bool
	}{
		{"nothing", nil, 0, true},
		{"one amount", []cashu.Amount{7}, 7, true},
		{"up to the last number", []cashu.Amount{half, half - 1}, maxAmount, true},
		{"the last number and zero", []cashu.Amount{maxAmount, 0}, maxAmount, true},
		{"one too many", []cashu.Amount{maxAmount, 1}, 0, false},
		{"two of the largest denomination", []cashu.Amount{half, half}, 0, false},
		{"a wrap that later sums would hide", []cashu.Amount{half, half, 5}, 0, false},
	} {
		got, err := cashu.Sum(tt.amounts...)
		if got != tt.want || (err == nil) != tt.ok || !tt.ok && !errors.Is(err, cashu.ErrAmountOverflow) {
			t.Errorf("%s: Sum = %v, %v", tt.name, got, err)
		}
	}
}

func TestSubRefusesToGoBelowZero(t *testing.T) {
	t.Parallel()
	if got, err := cashu.Amount(5).Sub(5); got != 0 || err != nil {
		t.Errorf("5 - 5 = %v, %v", got, err)
	}
	if got, err := cashu.Amount(5).Sub(6); got != 0 || !errors.Is(err, cashu.ErrAmountOverflow) {
		t.Errorf("5 - 6 = %v, %v", got, err)
	}
}

func TestOverflowIsAnUnbalancedTransactionToAWallet(t *testing.T) {
	t.Parallel()
	_, err := maxAmount.Add(1)
	if !errors.Is(err, cashu.ErrUnbalanced) {
		t.Errorf("%v is not code 11005", err)
	}
}

func TestInputFeeRoundsUpOnce(t *testing.T) {
	t.Parallel()
	for ppk, want := range map[uint64]cashu.Amount{
		0: 0, 1: 1, 100: 1, 999: 1, 1000: 1, 1001: 2, 2000: 2, 300: 1,
		math.MaxUint64: math.MaxUint64/1000 + 1,
	} {
		if got := cashu.InputFee(ppk); got != want {
			t.Errorf("InputFee(%d) = %d, want %d", ppk, got, want)
		}
	}
}

func TestSplit(t *testing.T) {
	t.Parallel()
	powers := []cashu.Amount{1, 2, 4, 8, 16, 32}
	for _, tt := range []struct {
		name          string
		amount        cashu.Amount
		denominations []cashu.Amount
		want          []cashu.Amount
	}{
		{"nothing", 0, powers, nil},
		{"a denomination", 8, powers, []cashu.Amount{8}},
		{"largest first", 13, powers, []cashu.Amount{8, 4, 1}},
		{"more than the largest", 70, powers, []cashu.Amount{32, 32, 4, 2}},
		{"denominations in any order", 13, []cashu.Amount{4, 1, 8, 2}, []cashu.Amount{8, 4, 1}},
		{"decimal denominations", 66, []cashu.Amount{1, 5, 10, 50}, []cashu.Amount{50, 10, 5, 1}},
		{"what cannot be expressed", 3, []cashu.Amount{2, 4}, nil},
		{"no denominations", 3, nil, nil},
		{"denomination zero", 3, []cashu.Amount{0, 1}, nil},
		{"more parts than anybody sends", maxAmount, []cashu.Amount{1}, nil},
		{"the largest denomination", 1<<63 + 1, []cashu.Amount{1, 1 << 63}, []cashu.Amount{1 << 63, 1}},
	} {
		if got := cashu.Split(tt.amount, tt.denominations); !slices.Equal(got, tt.want) {
			t.Errorf("%s: Split(%d) = %v, want %v", tt.name, tt.amount, got, tt.want)
		}
	}
}

func TestPropertySplitAddsUp(t *testing.T) {
	t.Parallel()
	var powers []cashu.Amount
	for i := range 64 {
		powers = append(powers, 1<<i)
	}
	rapid.Check(t, func(t *rapid.T) {
		a := cashu.Amount(rapid.Uint64().Draw(t, "amount"))
		parts := cashu.Split(a, powers)
		if sum, err := cashu.Sum(parts...); err != nil || sum != a {
			t.Fatalf("Split(%d) adds up to %d, %v", a, sum, err)
		}
		if !slices.IsSortedFunc(parts, func(x, y cashu.Amount) int { return cmp.Compare(y, x) }) || len(parts) > 64 {
			t.Fatalf("Split(%d) = %v", a, parts)
		}
	})
}
