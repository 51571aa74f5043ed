package wallet

import (
	"context"
	"errors"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
)

// Coins and quotes that belong to an operation which is not there (I1). No commit of
// this program leaves one; a damaged database may, or one of another program.

// SweepOrphans frees coins and quotes that belong to an operation which is not
// there, after asking the mint whether they are still good, and returns how many coins
// it has moved. There should be none. One mint that cannot be asked does not keep those
// of others.
func (w *Wallet) SweepOrphans(ctx context.Context) (int, error) {
	there, err := operations(ctx, w.store)
	if err != nil {
		return 0, err
	}
	coins, err := w.store.Coins(ctx, CoinFilter{States: heldStates})
	if err != nil {
		return 0, err
	}
	byMint := map[string][]StoredCoin{}
	for _, c := range coins {
		if !there[c.UsedBy] {
			byMint[c.MintURL] = append(byMint[c.MintURL], c)
		}
	}
	n := 0
	var failed []error
	for mintURL, list := range byMint {
		swept, err := w.sweepCoins(ctx, mintURL, list)
		n += swept
		failed = append(failed, err)
	}
	return n, errors.Join(append(failed, w.sweepQuotes(ctx, there))...)
}

// operations are the ids of all operations that are not over: what is given up keeps
// what it holds.
func operations(ctx context.Context, reads SagaReads) (map[uuid.UUID]bool, error) {
	there := map[uuid.UUID]bool{}
	for _, list := range []func(context.Context) ([]Saga, error){reads.Sagas, reads.Abandoned} {
		sagas, err := list(ctx)
		if err != nil {
			return nil, err
		}
		for _, s := range sagas {
			there[s.ID] = true
		}
	}
	return there, nil
}

// isThere looks inside the transaction: an operation may have begun, been given up or
// been taken up since it was looked for.
func isThere(ctx context.Context, tx Tx, id uuid.UUID) (bool, error) {
	_, err := tx.Saga(ctx, id)
	if !errors.Is(err, ErrNotFound) {
		return true, err
	}
	abandoned, err := tx.Abandoned(ctx)
	if err != nil {
		return true, err
	}
	for _, s := range abandoned {
		if s.ID == id {
			return true, nil
		}
	}
	return false, nil
}

// sweepCoins moves orphans of one mint to where the mint says that they are. What is
// pending there waits.
func (w *Wallet) sweepCoins(ctx context.Context, mintURL string, list []StoredCoin) (n int, err error) {
	c, err := w.client(mintURL)
	if err != nil {
		return 0, err
	}
	entries, err := c.CheckState(ctx, ysOf(list))
	if err != nil {
		return 0, err
	}
	for i, e := range entries {
		to := CoinUnspent
		switch e.State {
		case cashu.ProofSpent:
			to = CoinSpent
		case cashu.ProofPending:
			continue
		}
		coin, moved := list[i], false
		err := w.store.Update(ctx, func(tx Tx) error {
			moved = false
			if is, err := isThere(ctx, tx, coin.UsedBy); err != nil || is {
				return err
			}
			moved = true
			return tx.MoveCoins(ctx, []bdhke.Point{coin.Y}, coin.UsedBy, []CoinState{coin.State}, to)
		})
		switch {
		case errors.Is(err, ErrCoinsTaken): // its operation has come to its end meanwhile
		case err != nil:
			return n, err
		case moved:
			n++
		}
	}
	return n, nil
}

func (w *Wallet) sweepQuotes(ctx context.Context, there map[uuid.UUID]bool) error {
	quotes, err := w.store.Quotes(ctx)
	if err != nil {
		return err
	}
	for _, q := range quotes {
		if q.UsedBy == uuid.Nil || there[q.UsedBy] {
			continue
		}
		err := w.store.Update(ctx, func(tx Tx) error {
			if is, err := isThere(ctx, tx, q.UsedBy); err != nil || is {
				return err
			}
			_, err := tx.ReleaseQuotes(ctx, q.UsedBy)
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}
