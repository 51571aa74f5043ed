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

// countedMost is how many counters are taken at once: more can never be taken within
// what a restore looks through, whatever was signed before.
const countedMost = restoreEmpty * restoreBatch

// counted is how many outputs take a counter.
func counted(wants []want) (n int) {
	for _, o := range wants {
		if o.lock == nil {
			n++
		}
	}
	return n
}

func tooManyCounted(n int) error {
	return fmt.Errorf("%w: it would have to make %d, and a restore finds %d", ErrTooMany, n, countedMost)
}

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
		if time.Since(began) > gapWait {
			return none, fmt.Errorf("%w: others hold them: %w", ErrPending, err)
		}
		closed, closeErr := w.closeGap(ctx, mintURL, gap.keyset)
		switch {
		case closeErr != nil:
			return none, errors.Join(err, closeErr)
		case closed:
			continue
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
// they are taken again from there, or from after the last one that an operation
// holds: the same counter makes the same message, which a mint signs once. False:
// they are held, or there are none.
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
			if from, err := w.heldUpTo(ctx, w.store, id, signed); err != nil || from > signed {
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
		closed = false
		from, err := w.heldUpTo(ctx, tx, id, signed)
		if err != nil || from >= next {
			return err
		}
		closed, err = tx.ReturnCounters(ctx, id, from, next-from)
		return err
	})
	return closed, err
}

// heldUpTo is the counter after the last one that an operation has planned an output
// with, which may still come to be signed: one that is not over, or that was given up
// and can be taken up again. At least start.
func (w *Wallet) heldUpTo(ctx context.Context, reads SagaReads, id cashu.KeysetID, start uint32) (uint32, error) {
	for _, list := range []func(context.Context) ([]Saga, error){reads.Sagas, reads.Abandoned} {
		sagas, err := list(ctx)
		if err != nil {
			return start, err
		}
		for _, s := range sagas {
			p, ok := (&run{w: w, s: s}).request()
			if !ok {
				continue
			}
			for _, o := range *p.outputs {
				if o.Counter != nil && o.KeysetID == id {
					start = max(start, *o.Counter+1)
				}
			}
		}
	}
	return start, nil
}
