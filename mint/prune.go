package mint

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"mintmark/mint/lightning"
)

// Anybody may ask for a quote and not pay it, so quotes that nobody paid have to
// go some day, or the database grows for ever. A quote that was paid stays: it can
// be minted, and its answer repeated, for ever.

const (
	// pruneInterval is how often one of the mints on a database looks.
	pruneInterval = time.Hour
	// pruneBatch is how many quotes go in one transaction: few enough that no
	// other waits for it.
	pruneBatch = 100
	// prunePause is between two batches, so that a long list costs the mint's
	// wallets and its payment backend little.
	prunePause = 100 * time.Millisecond
)

func (m *Mint) pruneOnTimer(ctx context.Context) {
	for {
		mine, err := m.claimPruning(ctx)
		if mine {
			var n int
			if n, err = m.Prune(ctx); n > 0 {
				m.log.Info("forgot quotes that nobody paid", "quotes", n)
			}
			if n, e := m.retryAside(ctx); e != nil {
				err = errors.Join(err, e)
			} else if n > 0 {
				m.log.Info("took in payments that had been set aside", "payments", n)
			}
			if n, e := m.ForgetAuthTokens(ctx); e != nil {
				err = errors.Join(err, e)
			} else if n > 0 {
				m.log.Info("forgot used authentication tokens of expired keysets", "tokens", n)
			}
		}
		if err != nil && ctx.Err() == nil {
			m.log.Warn("looking for what can be forgotten", "error", err)
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pruneInterval):
		}
	}
}

// claimPruning lets one mint per interval look, of all that share the database.
func (m *Mint) claimPruning(ctx context.Context) (mine bool, err error) {
	now := m.now()
	err = m.store.Update(ctx, Deferred, func(tx Tx) error {
		mine = false
		value, err := tx.Config(ctx, ConfigPruned)
		if err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		seconds, _ := strconv.ParseInt(value, 10, 64) // nonsense is long ago
		// A claim in the future is of a clock that has been set back since.
		if since := now.Sub(time.Unix(seconds, 0)); since >= 0 && since < pruneInterval*9/10 {
			return nil
		}
		mine = true
		return tx.SetConfig(ctx, ConfigPruned, strconv.FormatInt(now.Unix(), 10))
	})
	return mine && err == nil, err
}

// Prune forgets the quotes that ended longer than QuoteKeep ago and that nobody
// paid, and returns how many. Before it forgets one it asks the backend once more,
// and takes in what that has got. A quote whose backend does not answer, or is no
// longer there, stays. So does one whose payment could not be recorded, and keeps no
// other from being forgotten.
func (m *Mint) Prune(ctx context.Context) (int, error) {
	before := m.now().Add(-m.cfg.QuoteKeep)
	unrecorded := map[string]error{} // the last of each backend: every one is in the log
	total, err := m.pruneMints(ctx, before, unrecorded)
	if err == nil {
		var n int
		n, err = m.pruneMelts(ctx, before)
		total += n
	}
	return total, errors.Join(append(slices.Collect(maps.Values(unrecorded)), err)...)
}

// pruneMints is Prune for quotes to mint.
func (m *Mint) pruneMints(ctx context.Context, before time.Time, unrecorded map[string]error) (int, error) {
	var from time.Time
	for total := 0; ; {
		quotes, err := m.store.UnpaidMintQuotes(ctx, from, before, pruneBatch)
		if err != nil {
			return total, fmt.Errorf("finding quotes that nobody paid: %w", err)
		}
		ids, err := m.forgettable(ctx, quotes, unrecorded)
		if err != nil {
			return total, err
		}
		n := 0
		if len(ids) > 0 {
			err = m.store.Update(ctx, Deferred, func(tx Tx) (err error) {
				n, err = tx.RemoveUnpaid(ctx, ids, before)
				return err
			})
		}
		if total += n; err != nil {
			return total, err
		}
		if len(quotes) < pruneBatch {
			return total, nil
		}
		if from = quotes[len(quotes)-1].Expiry; n == 0 {
			from = from.Add(time.Millisecond) // whatever ends at this moment stays
		}
		if err := pauseBetweenBatches(ctx); err != nil {
			return total, err
		}
	}
}

func pauseBetweenBatches(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(prunePause):
		return nil
	}
}

// pruneMelts is Prune for melt quotes. What their backend knows does not matter: no
// payment is under way for a quote that is unpaid.
func (m *Mint) pruneMelts(ctx context.Context, before time.Time) (total int, err error) {
	for {
		n := 0
		err := m.store.Update(ctx, Deferred, func(tx Tx) (err error) {
			n, err = tx.RemoveUnpaidMelts(ctx, before, pruneBatch)
			return err
		})
		if total += n; err != nil || n < pruneBatch {
			return total, err
		}
		if err := pauseBetweenBatches(ctx); err != nil {
			return total, err
		}
	}
}

// forgettable asks the backends which of the quotes were not paid after all. A node that
// has taken over another's name cannot tell. In unrecorded it notes, for each backend, a
// payment that could not be taken in.
func (m *Mint) forgettable(ctx context.Context, quotes []MintQuote, unrecorded map[string]error) ([]string, error) {
	var ids []string
	same := map[string]error{}
	for _, q := range quotes {
		b, err := m.receiverOf(q)
		if err != nil {
			continue
		}
		askCtx, cancel := context.WithTimeout(ctx, backendTimeout)
		if _, asked := same[b.Name]; !asked {
			same[b.Name] = m.sameBackend(askCtx, b)
		}
		if err := same[b.Name]; err != nil {
			cancel()
			if isStranger(err) {
				continue
			}
			return nil, err
		}
		payments, err := b.Receiver.CheckIncoming(askCtx, q.Method, q.LookupID)
		cancel()
		if err != nil && !errors.Is(err, lightning.ErrUnknownRequest) {
			return nil, fmt.Errorf("asking the backend about a quote that nobody paid: %w", err)
		}
		if err := m.takePayments(ctx, b, q, payments); err != nil {
			if ctx.Err() != nil {
				return nil, err
			}
			unrecorded[b.Name] = err
			continue
		}
		if len(payments) == 0 {
			ids = append(ids, q.ID)
		}
	}
	return ids, nil
}
