package keystore

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"mintmark/bdhke"
	"mintmark/bdhke/mintkey"
	"mintmark/cashu"
)

// Sign signs all messages or none, in their order, each with its DLEQ proof
// (NUT-12). The same message gives the same bytes every time, so an answer that
// was lost can be asked for again. Only active keysets that have not expired
// sign (NUT-02).
//
// Errors of messages are *cashu.Error: 12001 for a keyset or an amount without a
// key, 12002 inactive, 12003 expired, 11008 for the same B_ twice. ErrStale: see
// there. When ctx ends, Sign stops early with its error.
func (ks *Keystore) Sign(ctx context.Context, messages []cashu.BlindedMessage) ([]cashu.BlindSignature, error) {
	return ks.SignRetired(ctx, messages, nil)
}

// SignRetired is Sign that makes exceptions: a keyset in grace signs although it
// was retired, if that is no longer ago than its grace, and if it has not expired.
// It is for the change of a payment that was under way when the keyset was retired
// (NUT-08). A keyset that has never been active makes no exception.
func (ks *Keystore) SignRetired(ctx context.Context, messages []cashu.BlindedMessage, grace map[cashu.KeysetID]time.Duration) ([]cashu.BlindSignature, error) {
	if err := ks.others.stale(); err != nil {
		return nil, err
	}
	s, now := ks.current.Load(), ks.clock()
	keys := make([]mintkey.Key, len(messages))
	seen := make(map[[bdhke.PointSize]byte]struct{}, len(messages))
	for i, m := range messages {
		k, key, err := s.find(m.ID, m.Amount)
		switch {
		case err != nil:
			return nil, err
		case !k.public.Active && !s.inGrace(m.ID, grace[m.ID], now):
			return nil, cashu.Errorf(cashu.CodeKeysetInactive, "keyset %s is inactive", m.ID)
		case k.public.ExpiredForOutputs(now):
			return nil, cashu.Errorf(cashu.CodeKeysetExpired, "keyset %s has expired", m.ID)
		case m.B.IsZero():
			return nil, cashu.Errorf(cashu.CodeMalformed, "a blinded message has no B_")
		}
		if _, twice := seen[m.B.Key()]; twice {
			return nil, cashu.ErrDuplicateOutputs
		}
		seen[m.B.Key()] = struct{}{}
		keys[i] = key
	}
	signatures := make([]cashu.BlindSignature, len(messages))
	err := ks.spread(ctx, len(messages), func(i int) error {
		c, dleq, err := keys[i].SignWithDLEQ(messages[i].B)
		if err != nil {
			return fmt.Errorf("signing message %d: %w", i, err)
		}
		signatures[i] = cashu.BlindSignature{Amount: messages[i].Amount, ID: messages[i].ID, C: c, DLEQ: &dleq}
		return nil
	})
	if err != nil {
		return nil, err
	}
	return signatures, nil
}

// inGrace tells whether a keyset was retired, and no longer ago than grace. Without
// a grace it is not asked.
func (s *state) inGrace(id cashu.KeysetID, grace time.Duration, now time.Time) bool {
	if grace <= 0 {
		return false
	}
	for _, l := range s.lives {
		if l.ID == id {
			return l.Stage == StageRetired && !l.Activated.IsZero() && now.Sub(l.Retired) <= grace
		}
	}
	return false
}

func (s *state) find(id cashu.KeysetID, amount cashu.Amount) (*keyset, mintkey.Key, error) {
	k, ok := s.byID[id]
	if !ok {
		return nil, mintkey.Key{}, cashu.Errorf(cashu.CodeKeysetUnknown, "keyset %s is not known", id)
	}
	key, ok := k.keys[amount]
	if !ok {
		return nil, mintkey.Key{}, cashu.Errorf(cashu.CodeKeysetUnknown, "keyset %s has no key for the amount %d", id, amount)
	}
	return k, key, nil
}

// spread calls do for 0..n-1 from several goroutines. It returns when all have
// ended: with the first error, after which no new item is begun.
func (ks *Keystore) spread(ctx context.Context, n int, do func(int) error) error {
	var (
		next  atomic.Int64
		once  sync.Once
		first error
		stop  atomic.Bool
		wg    sync.WaitGroup
	)
	work := func() {
		for !stop.Load() {
			i := int(next.Add(1)) - 1
			if i >= n {
				return
			}
			err := ctx.Err()
			if err == nil {
				err = do(i)
			}
			if err != nil {
				once.Do(func() { first = err })
				stop.Store(true)
			}
		}
	}
	for range min(ks.parallel, n) - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return first
}
