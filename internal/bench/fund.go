package bench

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"mintmark/cashu"
)

// Before the clock starts: so many coins per quote when a mint does not say how
// many outputs it takes, and so many connections at once.
const (
	usualBatch   = 100
	largestBatch = 500
	setupConns   = 16
)

// bank gets coins and paid quotes before the clock starts.
type bank struct {
	mint     *mintClient
	blind    bool // use true blinding factors
	progress *Progress
}

// batch is how many outputs go into one request.
func (b *bank) batch() int {
	if limit := int(min(b.mint.info.MaxArray, largestBatch)); limit > 0 {
		return min(limit, usualBatch)
	}
	return usualBatch
}

// coins mints one coin for each amount, in that order.
func (b *bank) coins(ctx context.Context, amounts []cashu.Amount) ([]coin, error) {
	size := b.batch()
	batches := (len(amounts) + size - 1) / size
	part := func(i int) (from, to int) { return i * size, min((i+1)*size, len(amounts)) }

	sums := make([]cashu.Amount, batches)
	for i := range sums {
		from, to := part(i)
		sum, err := cashu.Sum(amounts[from:to]...)
		if err != nil {
			return nil, fmt.Errorf("adding up the coins of a quote: %w", err)
		}
		sums[i] = sum
	}
	quotes, err := b.quotes(ctx, sums)
	if err != nil {
		return nil, err
	}
	coins := make([]coin, len(amounts))
	b.progress.Phase("minting coins", len(coins))
	err = b.parallel(ctx, batches, func(i int) error {
		from, to := part(i)
		return b.issue(ctx, quotes[i], amounts[from:to], coins[from:to])
	})
	return coins, err
}

// issue mints the coins of one quote.
func (b *bank) issue(ctx context.Context, quote string, amounts []cashu.Amount, into []coin) error {
	blanks, signatures, err := b.sign(ctx, quote, amounts)
	if err != nil {
		return err
	}
	for i, s := range signatures {
		if into[i], err = blanks[i].open(s.C.String(), b.mint.key(amounts[i])); err != nil {
			return fmt.Errorf("minting: %w", err)
		}
	}
	b.progress.Add(len(blanks))
	return nil
}

// sign has the mint sign new outputs for one quote.
func (b *bank) sign(ctx context.Context, quote string, amounts []cashu.Amount) ([]blank, []cashu.BlindSignature, error) {
	blanks, outputs, err := b.outputs(amounts)
	if err != nil {
		return nil, nil, err
	}
	signatures, err := b.mint.setup.Mint(ctx, "bolt11", cashu.MintRequest{Quote: quote, Outputs: outputs})
	if err == nil {
		err = fits(signatures, outputs)
	}
	if err != nil {
		return nil, nil, fmt.Errorf("minting: %w", err)
	}
	return blanks, signatures, nil
}

// outputs makes blanks and what the mint sees of them.
func (b *bank) outputs(amounts []cashu.Amount) ([]blank, []cashu.BlindedMessage, error) {
	blanks, outputs := make([]blank, len(amounts)), make([]cashu.BlindedMessage, len(amounts))
	for i, amount := range amounts {
		var err error
		if blanks[i], err = newBlank(b.blind); err != nil {
			return nil, nil, err
		}
		outputs[i] = cashu.BlindedMessage{Amount: amount, ID: b.mint.keys.ID, B: blanks[i].b}
	}
	return blanks, outputs, nil
}

// fits tells whether there is one signature for each output, in order.
func fits(signatures []cashu.BlindSignature, outputs []cashu.BlindedMessage) error {
	if len(signatures) != len(outputs) {
		return wrong(kindCount, "%d for %d outputs", len(signatures), len(outputs))
	}
	for i, s := range signatures {
		if s.Amount != outputs[i].Amount || s.ID != outputs[i].ID {
			return wrong(kindSignature, "signature %d is over %d of %v, asked for %d", i, s.Amount, s.ID, outputs[i].Amount)
		}
	}
	return nil
}

// quotes asks for a quote over each amount, then waits until all are paid: the
// waiting times overlap.
func (b *bank) quotes(ctx context.Context, amounts []cashu.Amount) ([]string, error) {
	ids := make([]string, len(amounts))
	b.progress.Phase("asking for quotes", len(ids))
	err := b.parallel(ctx, len(ids), func(i int) (err error) {
		ids[i], err = b.mint.quote(ctx, amounts[i])
		b.progress.Add(1)
		return err
	})
	if err != nil {
		return nil, err
	}
	b.progress.Phase("waiting for payment", len(ids))
	err = b.parallel(ctx, len(ids), func(i int) error {
		defer b.progress.Add(1)
		return b.mint.awaitPaid(ctx, ids[i], amounts[i])
	})
	return ids, err
}

// parallel does n things over a few connections, which it does not leave open, and
// returns the first error.
func (b *bank) parallel(ctx context.Context, n int, do func(i int) error) error {
	defer b.mint.setup.Close()
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	var next atomic.Int64
	var group sync.WaitGroup
	for range min(n, setupConns) {
		group.Go(func() {
			for ctx.Err() == nil {
				i := int(next.Add(1) - 1)
				if i >= n {
					return
				}
				if err := do(i); err != nil {
					stop(err)
				}
			}
		})
	}
	group.Wait()
	return context.Cause(ctx)
}
