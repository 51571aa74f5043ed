package wallet

import (
	"context"
	"fmt"
	"sync"

	"github.com/google/uuid"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/wallet/mintclient"
	"mintmark/wallet/secrets"
)

// How a restore looks for coins (NUT-13): in batches, until several in a row are
// empty, with a few requests under way.
const (
	restoreBatch = 100
	restoreEmpty = 3
	restoreAhead = 3
	maxRestore   = secrets.MaxCounter - restoreBatch
)

// batchSize is how many outputs the mint is asked about at a time.
func (m Mint) batchSize() uint32 {
	if limit := m.Info.MaxArray; limit > 0 && limit < restoreBatch {
		return uint32(limit)
	}
	return restoreBatch
}

// RestoreOptions is how a restore reports.
type RestoreOptions struct {
	// Progress is called after each batch, one call at a time. nil = nobody.
	Progress func(RestoreProgress)
}

// RestoreProgress is how far a restore has come.
type RestoreProgress struct {
	Keyset  cashu.KeysetID
	Index   int // of the keyset, from 0
	Keysets int // how many there are
	Counter uint32
	Found   int // coins that were signed once, spent ones included
}

// Restored is what a restore has found at one mint, by unit.
type Restored struct {
	Unspent map[cashu.Unit]cashu.Amount
	Pending map[cashu.Unit]cashu.Amount
	Coins   int // that came back
}

// Restore finds the coins that this wallet's seed ever got from a mint, in all of
// its keysets, and takes those that are not spent. It can be repeated: coins that
// are known stay as they are, and counters only go up.
func (w *Wallet) Restore(ctx context.Context, mintURL string, o RestoreOptions) (Restored, error) {
	m, err := w.RefreshMint(ctx, mintURL)
	if err != nil {
		return Restored{}, err
	}
	c, err := w.client(mintURL)
	if err != nil {
		return Restored{}, err
	}
	id, err := newID()
	if err != nil {
		return Restored{}, err
	}
	total := Restored{Unspent: map[cashu.Unit]cashu.Amount{}, Pending: map[cashu.Unit]cashu.Amount{}}
	for i, k := range m.Keysets {
		report := func(counter uint32, found int) {
			if o.Progress != nil {
				o.Progress(RestoreProgress{Keyset: k.ID, Index: i, Keysets: len(m.Keysets), Counter: counter, Found: found})
			}
		}
		if err := w.restoreKeyset(ctx, m, c, k, id, &total, report); err != nil {
			return total, fmt.Errorf("keyset %v: %w", k.ID, err)
		}
	}
	return total, nil
}

// batch is what the mint knows of one range of counters.
type batch struct {
	start uint32
	coins []StoredCoin
	last  uint32 // highest counter that was found
	err   error
}

func (w *Wallet) restoreKeyset(ctx context.Context, m Mint, c *mintclient.Client, k cashu.Keyset, op uuid.UUID, total *Restored, report func(uint32, int)) error {
	var asking sync.WaitGroup // nothing goes on after the end
	defer asking.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	size := m.batchSize()
	// Batches are asked for ahead of time and handled in order.
	ahead := make([]chan batch, 0, restoreAhead)
	next := uint32(0)
	ask := func() {
		ch, start := make(chan batch, 1), next
		next += size
		ahead = append(ahead, ch)
		asking.Go(func() { ch <- w.restoreBatch(ctx, m, c, k, start, size, op) })
	}
	for range restoreAhead {
		ask()
	}
	empty, found := uint32(0), 0
	for empty < restoreEmpty*restoreBatch && next <= maxRestore {
		var b batch
		select {
		case b = <-ahead[0]:
		case <-ctx.Done():
			return ctx.Err()
		}
		ahead = ahead[1:]
		if b.err != nil {
			return b.err
		}
		ask()
		if len(b.coins) == 0 {
			empty += size
		} else {
			empty = 0
			found += len(b.coins)
			if err := w.adoptBatch(ctx, c, k, b, total); err != nil {
				return err
			}
		}
		report(b.start+size, found)
	}
	return nil
}

// restoreBatch asks for the signatures of a range.
func (w *Wallet) restoreBatch(ctx context.Context, m Mint, c *mintclient.Client, k cashu.Keyset, start, size uint32, op uuid.UUID) batch {
	b := batch{start: start}
	planned := make([]Planned, size)
	for i := range planned {
		counter := start + uint32(i)
		secret, r, err := w.secrets.Secret(k.ID, counter)
		if err == nil {
			planned[i] = Planned{KeysetID: k.ID, Counter: &counter}
			planned[i].B, err = bdhke.Blind([]byte(secret), r)
		}
		if err != nil {
			b.err = err
			return b
		}
	}
	sigs, err := w.restored(ctx, c, planned)
	if err != nil {
		b.err = err
		return b
	}
	var outputs []Planned
	var signed []cashu.BlindSignature
	for i, s := range sigs {
		if !s.C.IsZero() {
			outputs, signed = append(outputs, planned[i]), append(signed, s)
			b.last = *planned[i].Counter
		}
	}
	b.coins, b.err = w.coins(m, k.Unit, outputs, signed, op, w.now())
	return b
}

// adoptBatch keeps the coins of a batch that are not spent, and its counters, in
// one commit: coins of a batch are never there without their counters.
func (w *Wallet) adoptBatch(ctx context.Context, c *mintclient.Client, k cashu.Keyset, b batch, total *Restored) error {
	entries, err := c.CheckState(ctx, ysOf(b.coins))
	if err != nil {
		return err
	}
	var keep []StoredCoin
	var unspent, pending cashu.Amount
	for i, e := range entries {
		coin := b.coins[i]
		switch e.State {
		case cashu.ProofUnspent:
			if unspent, err = unspent.Add(coin.Amount); err != nil {
				return err
			}
		case cashu.ProofPending:
			// Some request is under way with it. It comes back with the next
			// restore, or the request's own end.
			if pending, err = pending.Add(coin.Amount); err != nil {
				return err
			}
			continue
		case cashu.ProofSpent:
			continue
		}
		keep = append(keep, coin)
	}
	err = w.store.Update(ctx, func(tx Tx) error {
		if err := tx.AdvanceCounter(ctx, k.ID, b.last+1); err != nil {
			return err
		}
		return tx.AddCoins(ctx, keep)
	})
	if err != nil {
		return err
	}
	total.Unspent[k.Unit] += unspent
	total.Pending[k.Unit] += pending
	total.Coins += len(keep)
	return nil
}
