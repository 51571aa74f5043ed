package mint

import (
	"context"
	"fmt"
	"time"
)

// Used authentication tokens have to be remembered for as long as one could come
// again: until their keyset expires, which for ever is if it never does. So a
// keyset for authentication should have an end.

const (
	// forgetAfter is how long after the end of a keyset its used tokens are
	// kept, for the case that a clock is wrong and put right.
	forgetAfter = 24 * time.Hour
	forgetBatch = 1000
)

// ForgetAuthTokens forgets the used tokens of keysets that have expired, and
// returns how many. No such token is taken any more, used or not.
func (m *Mint) ForgetAuthTokens(ctx context.Context) (int, error) {
	total, then := 0, m.now().Add(-forgetAfter)
	for _, ks := range m.Keysets().All() {
		if ks.Unit != unitAuth || !ks.ExpiredForInputs(then) {
			continue
		}
		for {
			n := 0
			err := m.store.Update(ctx, Deferred, func(tx Tx) (err error) {
				n, err = tx.ForgetAuthTokens(ctx, ks.ID, forgetBatch)
				return err
			})
			if total += n; err != nil {
				return total, fmt.Errorf("forgetting used authentication tokens: %w", err)
			}
			if n < forgetBatch {
				break
			}
			select {
			case <-ctx.Done():
				return total, ctx.Err()
			case <-time.After(prunePause):
			}
		}
	}
	return total, nil
}
