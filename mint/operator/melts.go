package operator

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/mint"
)

// An operator may know what the backend does not say any more: from the node's
// own records, or from the payee. So a melt whose payment stays open can be
// decided, but not before the payment has had its time.

// meltPatience is for how long a melt is left to the backend.
const meltPatience = 10 * time.Minute

func (l *Local) now() time.Time {
	if l.Clock == nil {
		return time.Now()
	}
	return l.Clock()
}

// resolveMelt ends a melt that is impossible or open. Kept, an open one counts as
// paid with all of its fee reserve, and recovery signs the change that is left.
func (l *Local) resolveMelt(ctx context.Context, tx mint.Tx, s *mint.Saga, verdict string, d Decision) error {
	q, err := tx.MeltQuote(ctx, s.QuoteID)
	if err != nil && !errors.Is(err, mint.ErrNotFound) {
		return fmt.Errorf("looking at a melt: %w", err)
	}
	if verdict == mint.VerdictImpossible {
		return endMelt(ctx, tx, s, q, d)
	}
	if open := l.now().Sub(s.Created); open < meltPatience {
		return fmt.Errorf("%w: its payment has been open for %v only, and may end by itself", ErrNotStuck, open.Round(time.Second))
	}
	if d == Keep {
		return tx.SettleMelt(ctx, q.ID, s.Ref, mint.Settlement{Spent: q.Amount + q.FeeReserve})
	}
	return endMelt(ctx, tx, s, q, d)
}

// endMelt makes final, or gives back, whatever is still reserved.
func endMelt(ctx context.Context, tx mint.Tx, s *mint.Saga, q mint.MeltQuote, d Decision) error {
	if err := endSaga(ctx, tx, s, d); err != nil || q.Operation != s.Ref || q.State != mint.MeltPending {
		return err
	}
	if d == Release {
		return tx.ReleaseMelt(ctx, q.ID, s.Ref, q.Updated)
	}
	if err := tx.SettleMelt(ctx, q.ID, s.Ref, mint.Settlement{Spent: q.Amount + q.FeeReserve}); err != nil {
		return err
	}
	return tx.FinishMelt(ctx, q.ID, s.Ref, nil, q.Updated)
}
