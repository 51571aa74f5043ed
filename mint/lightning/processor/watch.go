package processor

import (
	"context"
	"errors"
	"time"

	"mintmark/mint/lightning"
)

const (
	// deliverBatch is how many payments are delivered before the journal notes it, and
	// so the most that come again after a crash.
	deliverBatch = 100
	// deliverPause is the longest time between two looks into the journal: another
	// mint on it may have written.
	deliverPause = 10 * time.Second
)

// WatchIncoming implements lightning.Receiver. It only reads the journal, into which
// follow writes: so a payment is delivered however the processor made it known.
func (b *Backend) WatchIncoming(ctx context.Context, deliver func(lightning.Incoming) error) error {
	const doing = "watch payments"
	_, leave, err := b.life.Watch(ctx)
	if err != nil {
		return wrap(doing, err)
	}
	defer leave()
	for {
		more, err := b.deliverSome(ctx, deliver)
		if err != nil {
			return wrap(doing, err)
		}
		pause := deliverPause
		if more {
			pause = 0
		}
		select {
		case <-b.wake:
		case <-time.After(pause):
		case <-ctx.Done():
			return wrap(doing, ctx.Err())
		case <-b.life.Done():
			return wrap(doing, lightning.ErrClosed)
		}
	}
}

// deliverSome delivers what is due, and tells whether there may be more.
func (b *Backend) deliverSome(ctx context.Context, deliver func(lightning.Incoming) error) (more bool, err error) {
	list, err := b.journal.Undelivered(ctx, deliverBatch)
	if err != nil {
		return false, err
	}
	done := 0
	for _, p := range list {
		if ctx.Err() != nil || b.life.Over() {
			break
		}
		if err = deliver(p); err != nil {
			break
		}
		done++
	}
	if done > 0 {
		noteCtx, cancel := context.WithTimeout(context.WithoutCancel(ctx), b.cfg.Deadline)
		defer cancel()
		err = errors.Join(err, b.journal.Delivered(noteCtx, list[:done]))
	}
	return len(list) == deliverBatch, err
}

// ring wakes whoever waits, or will.
func ring(bell chan struct{}) {
	select {
	case bell <- struct{}{}:
	default:
	}
}
