package wallet

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

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

// RestoreOptions is how a restore goes, and how it reports.
type RestoreOptions struct {
	// Anew begins at the first counter, also if an earlier restore has stopped on its
	// way, which else goes on where that did.
	Anew bool
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
	// Complete: everything was looked at. Else the restore has stopped, and there may
	// be more.
	Complete bool
}

func newRestored() Restored {
	return Restored{Unspent: map[cashu.Unit]cashu.Amount{}, Pending: map[cashu.Unit]cashu.Amount{}}
}

// ErrIncomplete: a restore has stopped on its way. What it has found is kept, and
// repeated it goes on from there.
var ErrIncomplete = errors.New("the restore is not complete")

// keysetRestored marks a keyset that a restore has done, until it has done all.
const keysetRestored = secrets.MaxCounter

// Restore finds the coins that this wallet's seed ever got from a mint, in all of
// its keysets, and takes those that are not spent. It can be repeated: coins that
// are known stay as they are, and counters only go up.
func (w *Wallet) Restore(ctx context.Context, mintURL string, o RestoreOptions) (Restored, error) {
	total := newRestored()
	m, err := w.RefreshMint(ctx, mintURL)
	if err != nil {
		return total, err
	}
	c, err := w.client(mintURL)
	if err != nil {
		return total, err
	}
	for i, k := range m.Keysets {
		from, err := w.store.Restored(ctx, k.ID)
		if err != nil {
			return total, err
		}
		if from == keysetRestored && !o.Anew {
			continue
		}
		if o.Anew {
			from = 0
		}
		report := func(counter uint32, found int) {
			if o.Progress != nil {
				o.Progress(RestoreProgress{Keyset: k.ID, Index: i, Keysets: len(m.Keysets), Counter: counter, Found: found})
			}
		}
		if err := w.restoreKeyset(ctx, m, c, k, from, &total, report); err != nil {
			return total, fmt.Errorf("%w: keyset %v: %w", ErrIncomplete, k.ID, err)
		}
	}
	err = w.store.Update(ctx, func(tx Tx) error {
		for _, k := range m.Keysets { // the next one begins anew
			if err := tx.SetRestored(ctx, k.ID, 0); err != nil {
				return err
			}
		}
		return nil
	})
	total.Complete = err == nil
	return total, err
}

// batch is what the mint knows of one range of counters.
type batch struct {
	start uint32
	found int          // coins that were signed once
	coins []StoredCoin // those that are not spent
	last  uint32       // highest counter that was found
	err   error

	pending map[bdhke.Point]bool // coins that are in a request which has not ended
}

func (w *Wallet) restoreKeyset(ctx context.Context, m Mint, c *mintclient.Client, k cashu.Keyset, from uint32, total *Restored, report func(uint32, int)) error {
	var asking sync.WaitGroup // nothing goes on after the end
	defer asking.Wait()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	size := m.batchSize()
	op, err := newID()
	if err != nil {
		return err
	}
	// Batches are asked for ahead of time and handled in order.
	ahead := make([]chan batch, 0, restoreAhead)
	next := from
	ask := func() {
		ch, start := make(chan batch, 1), next
		next += size
		ahead = append(ahead, ch)
		asking.Go(func() {
			ch <- patiently(ctx, w, c, func() batch { return w.restoreBatch(ctx, m, c, k, start, size, op) })
		})
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
		if b.found == 0 {
			empty += size
		} else {
			empty = 0
			found += b.found
			err := w.adoptBatch(ctx, k, b, total, func(tx Tx) error { return tx.SetRestored(ctx, k.ID, b.start+size) })
			if err != nil {
				return err
			}
		}
		report(b.start+size, found)
	}
	return w.store.Update(ctx, func(tx Tx) error { return tx.SetRestored(ctx, k.ID, keysetRestored) })
}

// restorePatience is how long a batch is asked for again at a mint that is asked too
// often, as a multiple of Config.Retry: ten minutes if nothing else is said.
const restorePatience = 600

// patiently asks for a batch until the mint takes the question: after the time that
// it says, or after pauses that grow.
func patiently(ctx context.Context, w *Wallet, c *mintclient.Client, ask func() batch) batch {
	pause := w.cfg.Retry
	for waited := time.Duration(0); ; {
		b := ask()
		after, busy := mintclient.Busy(b.err)
		if after == 0 {
			after, pause = pause, pause*2
		}
		if waited += after; !busy || waited > restorePatience*w.cfg.Retry || !c.Wait(ctx, after) {
			return b
		}
	}
}

// restoreBatch asks which coins of a range are spent, and for the signatures of the
// others: the mint calls those unspent that it has never signed.
func (w *Wallet) restoreBatch(ctx context.Context, m Mint, c *mintclient.Client, k cashu.Keyset, start, size uint32, op uuid.UUID) batch {
	b := batch{start: start, pending: map[bdhke.Point]bool{}}
	texts, factors, ys := make([]string, size), make([]bdhke.Scalar, size), make([]bdhke.Point, size)
	for i := range ys {
		if texts[i], factors[i], b.err = w.secrets.Secret(k.ID, start+uint32(i)); b.err != nil {
			return b
		}
		if ys[i], b.err = bdhke.HashToCurve([]byte(texts[i])); b.err != nil {
			return b
		}
	}
	states, err := c.CheckState(ctx, ys)
	if err != nil {
		b.err = err
		return b
	}
	var free, spent []int
	for i, s := range states {
		switch s.State {
		case cashu.ProofSpent:
			spent = append(spent, i)
			continue
		case cashu.ProofPending:
			b.pending[ys[i]] = true
		}
		free = append(free, i)
	}
	// What is spent was signed, and is not asked for again, except for one: a mint
	// that calls everything spent would have the wallet search for ever.
	asked := free
	if len(spent) > 0 {
		asked = append(slices.Clone(free), spent[len(spent)-1])
	}
	sigs, planned, err := w.restoreSome(ctx, c, k, start, texts, factors, asked)
	if err != nil {
		b.err = err
		return b
	}
	switch n := len(asked) - 1; {
	case len(spent) > 0 && !sigs[n].C.IsZero():
		if _, b.err = w.coin(m, planned[n], sigs[n]); b.err != nil {
			return b
		}
		b.found, b.last = len(spent), start+uint32(spent[len(spent)-1])
		sigs = sigs[:n]
	case len(spent) > 0:
		sigs = sigs[:n]
		shown, planned, err := w.restoreSome(ctx, c, k, start, texts, factors, spent)
		if err != nil {
			b.err = err
			return b
		}
		for i, s := range shown {
			if !s.C.IsZero() {
				if _, b.err = w.coin(m, planned[i], s); b.err != nil {
					return b
				}
				b.found, b.last = b.found+1, start+uint32(spent[i])
			}
		}
	}
	var outputs []Planned
	var signed []cashu.BlindSignature
	for i, s := range sigs {
		if !s.C.IsZero() {
			outputs, signed = append(outputs, planned[i]), append(signed, s)
			b.found, b.last = b.found+1, max(b.last, *planned[i].Counter)
		}
	}
	b.coins, b.err = w.coins(m, k.Unit, outputs, signed, op, w.now())
	return b
}

// restoreSome asks for the signatures of some outputs of a batch, in their order.
func (w *Wallet) restoreSome(ctx context.Context, c *mintclient.Client, k cashu.Keyset, start uint32, texts []string, factors []bdhke.Scalar, which []int) ([]cashu.BlindSignature, []Planned, error) {
	if len(which) == 0 {
		return nil, nil, nil
	}
	planned := make([]Planned, len(which))
	for n, i := range which {
		counter := start + uint32(i)
		planned[n] = Planned{KeysetID: k.ID, Counter: &counter}
		var err error
		if planned[n].B, err = bdhke.Blind([]byte(texts[i]), factors[i]); err != nil {
			return nil, nil, err
		}
	}
	sigs, err := w.restored(ctx, c, planned)
	return sigs, planned, err
}

// adoptBatch keeps the coins of a batch, and its counters, in one commit with what
// also does: coins of a batch are never there without their counters.
func (w *Wallet) adoptBatch(ctx context.Context, k cashu.Keyset, b batch, total *Restored, also func(tx Tx) error) error {
	var free, pending []StoredCoin
	for _, coin := range b.coins {
		if b.pending[coin.Y] {
			pending = append(pending, coin)
		} else {
			free = append(free, coin)
		}
	}
	unspent, err := sumOf(free)
	if err != nil {
		return err
	}
	if unspent, err = unspent.Add(total.Unspent[k.Unit]); err != nil {
		return err
	}
	underWay, err := sumOf(pending)
	if err != nil {
		return err
	}
	if underWay, err = underWay.Add(total.Pending[k.Unit]); err != nil {
		return err
	}
	err = w.store.Update(ctx, func(tx Tx) error {
		if err := tx.AdvanceCounter(ctx, k.ID, b.last+1); err != nil {
			return err
		}
		if err := tx.AddCoins(ctx, free); err != nil {
			return err
		}
		if err := w.keepPending(ctx, tx, pending); err != nil {
			return err
		}
		return also(tx)
	})
	if err != nil {
		return err
	}
	total.Unspent[k.Unit] = unspent
	total.Pending[k.Unit] = underWay
	total.Coins += len(b.coins)
	return nil
}

// nothingElse is for adoptBatch.
func nothingElse(Tx) error { return nil }
