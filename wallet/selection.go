package wallet

import (
	"cmp"
	"errors"
	"slices"

	"mintmark/cashu"
)

// Choosing coins, free of I/O. Fewer coins mean less fee; coins of keysets that
// are no longer active go first, so that none is left when its keyset expires.

// choose finds coins that are worth at least amount after the fee for spending
// them. It fails with ErrFunds.
func choose(m Mint, coins []StoredCoin, amount cashu.Amount) (chosen []StoredCoin, fee cashu.Amount, err error) {
	need := amount
	for range len(coins) + 2 {
		chosen, err = cover(m, coins, need)
		if err != nil {
			return nil, 0, err
		}
		if fee, err = feeOf(m, chosen); err != nil {
			return nil, 0, err
		}
		sum, err := sumOf(chosen)
		if err != nil {
			return nil, 0, err
		}
		total, err := amount.Add(fee)
		if err != nil {
			return nil, 0, err
		}
		if sum >= total {
			return chosen, fee, nil
		}
		need = max(total, need+1)
	}
	return nil, 0, ErrFunds
}

func feeOf(m Mint, coins []StoredCoin) (cashu.Amount, error) {
	ids := make([]cashu.KeysetID, len(coins))
	for i, c := range coins {
		ids[i] = c.ID
	}
	return m.fee(ids...)
}

// cover takes the largest coins that fit below amount, and then, if something is
// still missing, the smallest single coin that covers all of it in place of the
// smaller ones.
func cover(m Mint, coins []StoredCoin, amount cashu.Amount) ([]StoredCoin, error) {
	if amount == 0 {
		return nil, nil
	}
	sorted := slices.Clone(coins)
	slices.SortStableFunc(sorted, func(a, b StoredCoin) int {
		return cmp.Or(cmp.Compare(rank(m, a), rank(m, b)), cmp.Compare(b.Amount, a.Amount))
	})
	var chosen []StoredCoin
	missing := amount
	var larger *StoredCoin // the smallest coin that is worth all that is missing
	for i, c := range sorted {
		if missing == 0 {
			break
		}
		if c.Amount > missing {
			if larger == nil || c.Amount < larger.Amount {
				larger = &sorted[i]
			}
			continue
		}
		chosen = append(chosen, c)
		missing -= c.Amount
	}
	switch {
	case missing == 0:
		return chosen, nil
	case larger == nil:
		return nil, ErrFunds
	}
	// The large coin may make others needless: take them back, smallest first.
	spare := larger.Amount - missing
	slices.SortStableFunc(chosen, func(a, b StoredCoin) int { return cmp.Compare(a.Amount, b.Amount) })
	kept := chosen[:0:0]
	for _, c := range chosen {
		if c.Amount <= spare {
			spare -= c.Amount
			continue
		}
		kept = append(kept, c)
	}
	return append(kept, *larger), nil
}

// rank puts coins of inactive keysets before others.
func rank(m Mint, c StoredCoin) int {
	if k, ok := m.Keyset(c.ID); ok && !k.Active {
		return 0
	}
	return 1
}

// searchSteps bounds the search for coins that fit exactly: beyond it the wallet
// swaps.
const searchSteps = 20000

// exact finds coins worth exactly amount and, if feeIncluded, the fee that their
// receiver pays for them. It may miss some where the denominations are odd.
func exact(m Mint, coins []StoredCoin, amount cashu.Amount, feeIncluded bool) ([]StoredCoin, bool) {
	sorted := slices.Clone(coins)
	slices.SortStableFunc(sorted, func(a, b StoredCoin) int {
		return cmp.Or(cmp.Compare(b.Amount, a.Amount), cmp.Compare(rank(m, a), rank(m, b)))
	})
	steps := 0
	var chosen []StoredCoin
	var search func(i int, sum cashu.Amount) bool
	search = func(i int, sum cashu.Amount) bool {
		steps++
		target := amount
		if feeIncluded {
			fee, err := feeOf(m, chosen)
			if err != nil {
				return false
			}
			if target, err = amount.Add(fee); err != nil {
				return false
			}
		}
		if sum == target && len(chosen) > 0 {
			return true
		}
		if steps > searchSteps {
			return false
		}
		for ; i < len(sorted); i++ {
			next, err := sum.Add(sorted[i].Amount)
			if err != nil || next > target+cashu.Amount(len(sorted)) {
				continue
			}
			if !feeIncluded && next > target {
				continue
			}
			chosen = append(chosen, sorted[i])
			if search(i+1, next) {
				return true
			}
			chosen = chosen[:len(chosen)-1]
			for i+1 < len(sorted) && sorted[i+1].Amount == sorted[i].Amount && sorted[i+1].ID == sorted[i].ID {
				i++ // the same again would fail the same way
			}
		}
		return false
	}
	if search(0, 0) {
		return chosen, true
	}
	return nil, false
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
