package wallet

import (
	"cmp"
	"context"
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

// manyError has the coins that were chosen.
type manyError struct {
	coins []StoredCoin
	need  cashu.Amount // that they were chosen for
	text  string
}

func (e *manyError) Error() string { return fmt.Sprintf("%v: %s", ErrTooMany, e.text) }

func (e *manyError) Is(target error) bool { return target == ErrTooMany }

// fits tells why the mint will not take a request of this size. It is asked before
// anything is reserved.
func (m Mint) fits(inputs []StoredCoin, outputs []want, need cashu.Amount) error {
	switch most := m.most(); {
	case len(outputs) > most:
		return &manyError{text: fmt.Sprintf("it would have to make %d, and it makes %d", len(outputs), most)}
	case counted(outputs) > countedMost:
		return tooManyCounted(counted(outputs))
	case len(inputs) > most:
		return &manyError{coins: inputs, need: need, text: fmt.Sprintf("it would have to take %d, and it takes %d; exchanged for new ones they are fewer", len(inputs), most)}
	}
	return nil
}

// deal divides coins among requests, as evenly as can be: a part that is worth less
// than the fee for it could not be exchanged alone.
func (m Mint) deal(coins []StoredCoin) [][]StoredCoin {
	return deal(coins, min(m.most(), usualMost), func(c StoredCoin) cashu.Amount { return c.Amount })
}

func deal[C any](coins []C, most int, amount func(C) cashu.Amount) [][]C {
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

// gatherRounds is how often coins are gathered for one call: once is enough if nobody
// else spends them.
const gatherRounds = 5

// gathering calls try, which chooses coins, and chooses again while others take them
// (see whileTaken). When it needs more of them than the mint takes at once, they are
// exchanged for fewer first.
func gathering[T any](ctx context.Context, w *Wallet, m Mint, unit cashu.Unit, try func() (T, error)) (result T, err error) {
	for range gatherRounds {
		result, err = whileTaken(try)
		many, ok := errors.AsType[*manyError](err)
		if !ok || len(many.coins) == 0 {
			return result, err
		}
		if gatherErr := w.gather(ctx, m, unit, many); gatherErr != nil && !errors.Is(gatherErr, ErrCoinsTaken) {
			return result, fmt.Errorf("%w: %w", err, gatherErr)
		}
	}
	return result, err
}

// gather exchanges the coins that were chosen for fewer, unless what they are chosen
// for cannot be afforded then.
func (w *Wallet) gather(ctx context.Context, m Mint, unit cashu.Unit, many *manyError) error {
	coins, err := w.store.Coins(ctx, CoinFilter{MintURL: m.URL, Unit: unit, States: []CoinState{CoinUnspent}})
	if err != nil {
		return err
	}
	all, err := sumOf(coins)
	if err != nil {
		return err
	}
	for _, part := range m.deal(many.coins) {
		fee, err := feeOf(m, part)
		if err != nil {
			return err
		}
		if all, err = all.Sub(fee); err != nil || all < many.need {
			return fmt.Errorf("%w: exchanging the coins for fewer costs too much", ErrFunds)
		}
	}
	_, err = w.swapAll(ctx, m, unit, many.coins, nil)
	return err
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
