package bench

import (
	"fmt"
	"slices"

	"mintmark/cashu"
)

// shape is what every swap of a run looks like: the amounts of its inputs and
// outputs, which balance after the fee.
type shape struct {
	inputs, outputs []cashu.Amount
	fee             cashu.Amount
}

// chains tells whether the outputs of one swap can be the inputs of the next.
func (s shape) chains() bool { return slices.Equal(s.inputs, s.outputs) }

// swapShape finds the smallest amounts for so many inputs and outputs. When
// nothing is lost on the way both sides are the same coins.
func swapShape(inputs, outputs int, feePPK uint64, denominations []cashu.Amount) (shape, error) {
	fee := cashu.InputFee(feePPK * uint64(inputs))
	if inputs == outputs && fee == 0 {
		coins := variety(inputs, denominations)
		return shape{inputs: coins, outputs: coins}, nil
	}
	// The smallest sum for which both sides can be had is small: a few more than
	// the larger number of coins, or their fee.
	first := cashu.Amount(max(inputs, outputs))
	for out := first; out <= 4*(first+fee)+64; out++ {
		left, okLeft := exactly(inputs, out+fee, denominations)
		right, okRight := exactly(outputs, out, denominations)
		if okLeft && okRight {
			return shape{inputs: left, outputs: right, fee: fee}, nil
		}
	}
	return shape{}, fmt.Errorf("the denominations of the keyset do not allow %d inputs and %d outputs with a fee of %d", inputs, outputs, fee)
}

// variety takes coins of the lowest denominations in turn, so that several keys
// are used and no quote gets large.
func variety(n int, denominations []cashu.Amount) []cashu.Amount {
	lowest := denominations[:min(len(denominations), 8)]
	coins := make([]cashu.Amount, n)
	for i := range coins {
		coins[i] = lowest[i%len(lowest)]
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
