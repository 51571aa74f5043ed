package wallet

import (
	"testing"

	"pgregory.net/rapid"

	"mintmark/cashu"
)

// The amounts next to one are the closest that any coins add up to.
func TestTheClosestAmountsAreFound(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(t *rapid.T) {
		m, coins, amount := drawnPurse(t)
		var below, above cashu.Amount
		subsets(coins, func(some []StoredCoin) {
			sum := cashu.Amount(judged(m, some)[2])
			if sum <= amount {
				below = max(below, sum)
			}
			if sum >= amount && (above == 0 || sum < above) {
				above = sum
			}
		})
		gotBelow, gotAbove, err := closest(pile(m, coins), amount)
		if err != nil || gotBelow != below || gotAbove != above {
			t.Fatalf("found %d and %d next to %d, they are %d and %d: %v", gotBelow, gotAbove, amount, below, above, err)
		}
	})
}
