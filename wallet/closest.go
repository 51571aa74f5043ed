package wallet

import (
	"cmp"
	"context"
	"slices"

	"mintmark/cashu"
)

// Closest finds the amounts next to one that coins at hand add up to, without asking
// the mint: the amount itself twice if they fit, 0 where there is none. Among very many
// coins of odd amounts there may be closer ones.
func (w *Wallet) Closest(ctx context.Context, mintURL string, unit cashu.Unit, amount cashu.Amount) (below, above cashu.Amount, err error) {
	p, err := w.knownPurse(ctx, mintURL, unit)
	if err != nil {
		return 0, 0, err
	}
	return closest(pile(p.mint, p.coins), amount)
}

func closest(all piles, amount cashu.Amount) (below, above cashu.Amount, err error) {
	if !all.small() {
		return 0, 0, ErrFunds
	}
	total := cashu.Amount(0)
	for i := range all { // fees do not matter here, nor what is retired
		p := &all[i]
		p.ppk, p.retired, p.net = 0, true, uint64(p.amount)
		worth, err := p.amount.Mul(uint64(len(p.coins)))
		if err == nil {
			total, err = total.Add(worth)
		}
		if err != nil {
			return 0, 0, err
		}
	}
	slices.SortStableFunc(all, func(a, b aPile) int { return cmp.Compare(b.amount, a.amount) })
	if amount >= total {
		if amount == total {
			above = total
		}
		return total, above, nil
	}
	// The most below is what the least above leaves of the rest.
	return total - all.leastSum(total-amount), all.leastSum(amount), nil
}

// leastSum is the least that is not below the goal.
func (all piles) leastSum(goal cashu.Amount) cashu.Amount {
	counts, ok := all.cheapest(uint64(goal))
	if !ok || goal == 0 {
		return 0
	}
	c, _ := all.cost(all.leastWorth(uint64(goal), counts))
	return cashu.Amount(c.worth)
}
