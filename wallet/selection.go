package wallet

import (
	"errors"
	"math"

	"mintmark/cashu"
)

// Choosing coins, free of I/O. Of all coins that are worth enough after the fee for
// spending them, these are chosen, in this order:
//
//  1. with the lowest fee: those of all coins together, rounded up once (NUT-02);
//  2. with the least worth of keysets that are active: what is retired should be gone
//     before it expires, but nobody should pay for that;
//  3. with the least worth: what a payment holds while it is under way is not there
//     for another;
//  4. with the fewest coins.
//
// The lowest fee is found whatever there is, and nothing that can be afforded is
// refused. The rest is a search among sums: it is complete for a few dozen coins, and
// ends with the best that it has found among many. More than manyCoins are taken only
// if fewer do not do.

// manyCoins is how many coins in one request are as good as few.
const manyCoins = 100

// choose finds coins that are worth at least amount after the fee for spending
// them. It fails with ErrFunds.
func choose(m Mint, coins []StoredCoin, amount cashu.Amount) (chosen []StoredCoin, fee cashu.Amount, err error) {
	if amount == 0 {
		return nil, 0, nil
	}
	all := pile(m, coins).worthwhile()
	goal, err := amount.Mul(1000)
	if err != nil || !all.small() {
		return all.largest(amount)
	}
	cheapest, ok := all.cheapest(uint64(goal))
	if !ok {
		return nil, 0, ErrFunds
	}
	chosen = all.take(all.leastWorth(uint64(goal), cheapest))
	fee, err = feeOf(m, chosen)
	return chosen, fee, err
}

func feeOf(m Mint, coins []StoredCoin) (cashu.Amount, error) {
	ids := make([]cashu.KeysetID, len(coins))
	for i, c := range coins {
		ids[i] = c.ID
	}
	return m.fee(ids...)
}

// largest is choose for amounts beyond all that there is, in any currency: their sums
// in thousandths do not fit, and no fee counts.
func (all piles) largest(amount cashu.Amount) ([]StoredCoin, cashu.Amount, error) {
	var chosen []StoredCoin
	var sum cashu.Amount
	var ppk uint64
	for i := range all {
		for _, c := range all[i].coins {
			var err error
			if sum, err = sum.Add(c.Amount); err != nil {
				return nil, 0, err
			}
			chosen = append(chosen, c)
			ppk += all[i].ppk
			fee := cashu.InputFee(ppk)
			if sum >= fee && sum-fee >= amount {
				return chosen, fee, nil
			}
		}
	}
	return nil, 0, ErrFunds
}

// small tells that sums in thousandths fit.
func (all piles) small() bool {
	var sum cashu.Amount
	for _, p := range all {
		worth, err := p.amount.Mul(uint64(len(p.coins)))
		if err == nil {
			sum, err = sum.Add(worth)
		}
		if err != nil || uint64(sum) > math.MaxInt64/1000 {
			return false
		}
	}
	return true
}

// chooseAgain is how often coins are chosen anew.
const chooseAgain = 20

// whileTaken chooses again if another process took one of the coins between the
// look and the commit: nothing was written then. Coins that an operation has lost
// later are its own business.
func whileTaken[T any](try func() (T, error)) (result T, err error) {
	for range chooseAgain {
		result, err = try()
		if _, begun := errors.AsType[*OperationError](err); begun || !errors.Is(err, ErrCoinsTaken) {
			return result, err
		}
	}
	return result, err
}
