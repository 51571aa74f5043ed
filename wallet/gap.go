package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
)

// A restore gives up after some empty batches of counters (NUT-13). So no counter is
// used that lies behind so many which no mint ever signed with: it would not be
// found again.

// ErrGap: so many coins were asked for and not signed that a restore would not find
// those that come after.
var ErrGap = errors.New("too many coins in a row were asked for and never signed")

// gapError names the keyset.
type gapError struct{ keyset cashu.KeysetID }

func (e *gapError) Error() string { return fmt.Sprintf("%v, of keyset %v", ErrGap, e.keyset) }

func (e *gapError) Is(target error) bool { return target == ErrGap }

// guardGap refuses counters up to end if more than two whole batches before the
// last of them were never signed with.
func guardGap(ctx context.Context, tx Tx, keyset cashu.KeysetID, end uint32) error {
	signed, err := tx.SignedCounter(ctx, keyset)
	if err != nil {
		return err
	}
	begun := (signed + restoreBatch - 1) / restoreBatch // batches that are not all new
	if end > (begun+restoreEmpty)*restoreBatch {
		return &gapError{keyset}
	}
	return nil
}

// How often a gap that operations under way may still fill is looked at, and how
// long.
const (
	gapPause = 100 * time.Millisecond
	gapWait  = 30 * time.Second
)

// withoutGap calls start, and closes the gap that hinders it.
func withoutGap[T any](ctx context.Context, w *Wallet, mintURL string, start func() (T, error)) (none T, err error) {
	for began := time.Now(); ; {
		r, err := start()
		gap, ok := errors.AsType[*gapError](err)
		if !ok {
			return r, err
		}
		closed, closeErr := w.closeGap(ctx, mintURL, gap.keyset)
		switch {
		case closeErr != nil:
			return none, errors.Join(err, closeErr)
		case closed:
			continue
		case time.Since(began) > gapWait:
			return none, fmt.Errorf("%w: others hold them: %w", ErrPending, err)
		}
		select {
		case <-ctx.Done():
			return none, errors.Join(err, ctx.Err())
		case <-time.After(gapPause):
		}
	}
}

// closeGap asks the mint about the counters that were taken after the last one that
// is known to be signed with. What it has signed is adopted. If it has signed none,
// and no operation holds one, they are taken again from there: the same counter
// makes the same message, which a mint signs once. False: they are held.
func (w *Wallet) closeGap(ctx context.Context, mintURL string, id cashu.KeysetID) (bool, error) {
	m, err := w.Mint(ctx, mintURL)
	if err != nil {
		return false, err
	}
	keyset, ok := m.Keyset(id)
	if !ok {
		return false, nil
	}
	c, err := w.client(mintURL)
	if err != nil {
		return false, err
	}
	signed, err := w.store.SignedCounter(ctx, id)
	if err != nil {
		return false, err
	}
	next, err := w.store.Counter(ctx, id)
	if err != nil {
		return false, err
	}
	op, err := newID()
	if err != nil {
		return false, err
	}
	found := newRestored()
	for start, size := signed, m.batchSize(); start < next; start += size {
		b := w.restoreBatch(ctx, m, c, keyset, start, size, op)
		if b.err == nil && b.found > 0 {
			if held, err := w.holdsCounters(ctx, w.store, id, signed); err != nil || held {
				return false, err // whoever holds them adopts what is signed
			}
			return true, w.adoptBatch(ctx, keyset, b, &found, nothingElse)
		}
		if b.err != nil {
			return false, b.err
		}
	}
	closed := false
	err = w.store.Update(ctx, func(tx Tx) error {
		held, err := w.holdsCounters(ctx, tx, id, signed)
		if err != nil || held {
			return err
		}
		closed, err = tx.ReturnCounters(ctx, id, signed, next-signed)
		return err
	})
	return closed, err
}

// holdsCounters tells whether an operation that is not over has planned outputs
// with counters from start on.
func (w *Wallet) holdsCounters(ctx context.Context, reads SagaReads, id cashu.KeysetID, start uint32) (bool, error) {
	sagas, err := reads.Sagas(ctx)
	if err != nil {
		return false, err
	}
	for _, s := range sagas {
		p, ok := (&run{w: w, s: s}).request()
		if !ok {
			continue
		}
		for _, o := range *p.outputs {
			if o.Counter != nil && o.KeysetID == id && *o.Counter >= start {
				return true, nil
			}
		}
	}
	return false, nil
}
