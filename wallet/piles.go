package wallet

import (
	"cmp"
	"slices"

	"mintmark/cashu"
)

// aPile is coins that are as good as each other: of one amount, one fee, and of
// keysets that are all active or all retired. Wallets have many coins and few piles.
type aPile struct {
	amount  cashu.Amount
	ppk     uint64 // the fee for spending one, in thousandths
	retired bool
	net     uint64 // what one is worth after its fee, in thousandths
	coins   []StoredCoin
}

// piles are those of retired keysets first, then by falling amount.
type piles []aPile

// pile sorts coins. Those of keysets that are not known, or whose fee is out of all
// reason, are left alone.
func pile(m Mint, coins []StoredCoin) piles {
	type kind struct {
		amount  cashu.Amount
		ppk     uint64
		retired bool
	}
	at := map[kind]int{}
	var all piles
	for _, c := range coins {
		k, ok := m.Keyset(c.ID)
		worth, err := c.Amount.Mul(1000)
		if err != nil {
			worth = 1<<64 - 1
		}
		if !ok || k.InputFeePPK > maxFeePPK {
			continue
		}
		of := kind{c.Amount, k.InputFeePPK, !k.Active}
		i, known := at[of]
		if !known {
			i = len(all)
			at[of] = i
			all = append(all, aPile{amount: of.amount, ppk: of.ppk, retired: of.retired, net: uint64(worth) - min(uint64(worth), of.ppk)})
		}
		all[i].coins = append(all[i].coins, c)
	}
	slices.SortStableFunc(all, func(a, b aPile) int {
		if a.retired != b.retired {
			if a.retired {
				return -1
			}
			return 1
		}
		return cmp.Or(cmp.Compare(b.amount, a.amount), cmp.Compare(a.ppk, b.ppk))
	})
	return all
}

// worthwhile leaves out the coins that cost what they are worth, or more: they make no
// set of coins better, however fees are rounded.
func (all piles) worthwhile() piles {
	return slices.DeleteFunc(all, func(p aPile) bool { return p.net == 0 })
}

// take gives the coins that counts says, pile by pile.
func (all piles) take(counts []int) []StoredCoin {
	var chosen []StoredCoin
	for i, n := range counts {
		chosen = append(chosen, all[i].coins[:n]...)
	}
	return chosen
}

// cost is what coins cost by the rules of choose.
type cost struct {
	ppk    uint64
	active uint64 // worth, of keysets that are active
	worth  uint64
	coins  int
}

func (c cost) plus(p aPile, n int) cost {
	worth := uint64(p.amount) * uint64(n)
	c.ppk += p.ppk * uint64(n)
	c.worth += worth
	if !p.retired {
		c.active += worth
	}
	c.coins += n
	return c
}

// less compares what has the same fee.
func (c cost) less(d cost) bool {
	return cmp.Or(cmp.Compare(max(c.coins, manyCoins), max(d.coins, manyCoins)), cmp.Compare(c.active, d.active),
		cmp.Compare(c.worth, d.worth), cmp.Compare(c.coins, d.coins)) < 0
}

func (all piles) cost(counts []int) (c cost, net uint64) {
	for i, n := range counts {
		c = c.plus(all[i], n)
		net += all[i].net * uint64(n)
	}
	return c, net
}
