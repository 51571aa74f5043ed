package wallet

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"mintmark/cashu"
)

// A mint takes only so many coins, and signs only so many outputs, in one request.
// What is more goes in several, each an operation of its own, so that a request is
// never refused for its size after coins were set aside for it.

// usualMost is how many coins go into a request where the mint does not say how many
// it takes; and requests that could be of any size have no more.
const usualMost = 500

// most is how many coins, and how many outputs, the mint takes in one request.
func (m Mint) most() int {
	if limit := m.Info.MaxArray; limit > 0 {
		return limit
	}
	return usualMost
}

// ErrTooMany: a request would have more coins, or more outputs, than the mint takes
// in one.
var ErrTooMany = errors.New("more coins than the mint takes at once")

// fits tells why the mint will not take a request of this size. It is asked before
// anything is reserved.
func (m Mint) fits(inputs []StoredCoin, outputs []want) error {
	switch most := m.most(); {
	case len(outputs) > most:
		return fmt.Errorf("%w: it would have to make %d, and it makes %d", ErrTooMany, len(outputs), most)
	case counted(outputs) > countedMost:
		return tooManyCounted(counted(outputs))
	case len(inputs) > most:
		return fmt.Errorf("%w: it would have to take %d, and it takes %d", ErrTooMany, len(inputs), most)
	}
	return nil
}

// deal divides coins among requests, as evenly as can be: a part that is worth less
// than the fee for it could not be exchanged alone.
func (m Mint) deal(coins []StoredCoin) [][]StoredCoin {
	return deal(m, coins, func(c StoredCoin) cashu.Amount { return c.Amount })
}

func deal[C any](m Mint, coins []C, amount func(C) cashu.Amount) [][]C {
	most := min(m.most(), usualMost)
	if len(coins) == 0 {
		return nil
	}
	parts := make([][]C, (len(coins)+most-1)/most)
	if len(parts) == 1 {
		return [][]C{coins}
	}
	sorted := slices.Clone(coins)
	slices.SortStableFunc(sorted, func(a, b C) int { return cmp.Compare(amount(b), amount(a)) })
	for i, c := range sorted {
		parts[i%len(parts)] = append(parts[i%len(parts)], c)
	}
	return parts
}

// bounded tells the client how much the mint takes.
func (w *Wallet) bounded(m Mint, err error) (Mint, error) {
	if err != nil {
		return m, err
	}
	c, err := w.client(m.URL)
	if err != nil {
		return m, err
	}
	c.Bound(m.Info.MaxArray)
	return m, nil
}
