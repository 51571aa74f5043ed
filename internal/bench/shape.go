package bench

import (
	"fmt"
	"slices"

	"mintmark/cashu"
)

// shape is what a swap looks like: the amounts of its inputs and outputs, which
// balance after the fee.
type shape struct {
	inputs, outputs []cashu.Amount
	fee             cashu.Amount
}

// chains tells whether the outputs of one swap can be the inputs of the next.
func (s shape) chains() bool { return slices.Equal(s.inputs, s.outputs) }

// swapShapes are what the swaps of a run look like, in turn: as many inputs and
// outputs each. When nothing is lost on the way both sides are the same coins, and
// there are as many shapes as make all of the lowest denominations equally common:
// a mint that works on many coins of one amount at a time would look too good.
// Otherwise there is one shape, of the smallest amounts that balance.
func swapShapes(inputs, outputs int, feePPK uint64, denominations []cashu.Amount) ([]shape, error) {
	fee := cashu.InputFee(feePPK * uint64(inputs))
	if inputs == outputs && fee == 0 {
		var shapes []shape
		for first := range lowest(denominations) {
			coins := variety(inputs, first, denominations)
			shapes = append(shapes, shape{inputs: coins, outputs: coins})
		}
		return shapes, nil
	}
	// The smallest sum for which both sides can be had is small: a few more than
	// the larger number of coins, or their fee.
	first := cashu.Amount(max(inputs, outputs))
	for out := first; out <= 4*(first+fee)+64; out++ {
		left, okLeft := exactly(inputs, out+fee, denominations)
		right, okRight := exactly(outputs, out, denominations)
		if okLeft && okRight {
			return []shape{{inputs: left, outputs: right, fee: fee}}, nil
		}
	}
	return nil, fmt.Errorf("the denominations of the keyset do not allow %d inputs and %d outputs with a fee of %d", inputs, outputs, fee)
}

// lowest are the denominations that are used: several, so that several keys are,
// and small ones, so that no quote gets large.
func lowest(denominations []cashu.Amount) []cashu.Amount {
	return denominations[:min(len(denominations), 8)]
}

// variety takes n coins of the lowest denominations in turn, beginning with one of
// them.
func variety(n, first int, denominations []cashu.Amount) []cashu.Amount {
	lowest := lowest(denominations)
	coins := make([]cashu.Amount, n)
	for i := range coins {
		coins[i] = lowest[(first+i)%len(lowest)]
	}
	slices.Sort(coins)
	return coins
}

// exactly splits a sum into so many coins: as few as possible first, then large
// ones are halved until there are enough.
func exactly(n int, sum cashu.Amount, denominations []cashu.Amount) ([]cashu.Amount, bool) {
	coins := cashu.Split(sum, denominations)
	if coins == nil || len(coins) > n {
		return nil, false
	}
	for len(coins) < n {
		slices.Sort(coins)
		at := -1
		for i := len(coins) - 1; i >= 0 && at < 0; i-- {
			if half := coins[i] / 2; coins[i]%2 == 0 && slices.Contains(denominations, half) {
				at = i
			}
		}
		if at < 0 {
			return nil, false
		}
		coins[at] /= 2
		coins = append(coins, coins[at])
	}
	slices.Sort(coins)
	return coins, true
}
