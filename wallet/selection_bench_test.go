package wallet

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"mintmark/cashu"
)

// BenchmarkChoose chooses among coins of two keysets with fees, as powers of two.
func BenchmarkChoose(b *testing.B) {
	m, ids := feeMint(b, true, 100, 250)
	for _, n := range []int{30, 1000, 20_000} {
		random := rand.New(rand.NewPCG(1, 2))
		coins := make([]StoredCoin, n)
		var sum cashu.Amount
		for i := range coins {
			coins[i] = coinOf(1<<random.IntN(14), ids[random.IntN(2)])
			sum += coins[i].Amount
		}
		for _, part := range []cashu.Amount{100, 3} {
			b.Run(fmt.Sprintf("coins=%d/part=%d", n, part), func(b *testing.B) {
				for b.Loop() {
					if _, _, err := choose(m, coins, sum/part-1); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
