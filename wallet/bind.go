package wallet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
)

// ErrOtherSeed: the database holds the coins of another seed. Counters and keys of
// one would be taken for those of the other.
var ErrOtherSeed = errors.New("the database belongs to a wallet of another seed")

// Bind makes a new database this seed's, and fails with ErrOtherSeed if it is
// another's.
func (w *Wallet) Bind(ctx context.Context) error {
	mark := w.secrets.Mark()
	stored, err := w.store.SeedMark(ctx)
	if errors.Is(err, ErrNotFound) {
		err = w.store.Update(ctx, func(tx Tx) error {
			if _, err := tx.AddSeedMark(ctx, mark); err != nil {
				return err
			}
			var err error
			stored, err = tx.SeedMark(ctx) // another process may have been quicker
			return err
		})
	}
	if err != nil {
		return fmt.Errorf("looking whose database it is: %w", err)
	}
	if !bytes.Equal(stored, mark) {
		return ErrOtherSeed
	}
	return nil
}
