package cln

import (
	"context"
	"errors"
	"strconv"
	"time"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
)

// WatchIncoming implements lightning.Receiver. The node numbers invoices in the order in
// which they are paid, and the journal holds the number up to which they are delivered.
func (b *Backend) WatchIncoming(ctx context.Context, deliver func(lightning.Incoming) error) error {
	const doing = "watch payments"
	outer := ctx
	ctx, leave, err := b.life.Watch(ctx)
	if err != nil {
		return b.wrap(doing, err)
	}
	defer leave()
	for err == nil {
		err = b.watch(ctx, deliver)
	}
	if outer.Err() != nil {
		err = outer.Err()
	}
	return b.wrap(doing, err)
}

// watch delivers until something fails, or nothing has come for a while: then it is time
// to look whether it is still the same node.
func (b *Backend) watch(ctx context.Context, deliver func(lightning.Incoming) error) error {
	node, err := b.Identity(ctx)
	if err != nil {
		return err
	}
	cursor, err := b.cursor(ctx, node)
	for quiet := false; err == nil && !quiet; {
		before := cursor
		cursor, err = b.next(ctx, node, cursor, deliver)
		quiet = cursor == before
	}
	return err
}

func (b *Backend) cursor(ctx context.Context, node string) (uint64, error) {
	text, err := b.journal.Note(ctx, cursorNote+node)
	if errors.Is(err, journal.ErrNotFound) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	return strconv.ParseUint(text, 10, 64)
}

// next waits for the next invoice that is paid, delivers it, and then moves the cursor.
func (b *Backend) next(ctx context.Context, node string, cursor uint64, deliver func(lightning.Incoming) error) (uint64, error) {
	var v invoice
	waitCtx, cancel := context.WithTimeout(ctx, longPoll+b.cfg.Deadline)
	defer cancel()
	err := b.call(waitCtx, "waitanyinvoice", map[string]any{"lastpay_index": cursor, "timeout": int(longPoll / time.Second)}, &v)
	switch {
	case codeOf(err) == codeWaitTimeout:
		return cursor, ctx.Err()
	case err != nil:
		return cursor, err
	case v.PayIndex <= cursor:
		return cursor, errors.New("the node counts backwards")
	}
	if v, err = b.complete(ctx, v); err != nil {
		return cursor, err
	}
	if p, ok := b.received(v); ok {
		if err := deliver(p); err != nil {
			return cursor, err
		}
	}
	noteCtx, stop := context.WithTimeout(context.WithoutCancel(ctx), b.cfg.Deadline)
	defer stop()
	return v.PayIndex, b.journal.SetNote(noteCtx, cursorNote+node, strconv.FormatUint(v.PayIndex, 10))
}

// complete asks for the offer of an invoice that is not one of the mint's own: only the
// list of invoices is sure to tell it.
func (b *Backend) complete(ctx context.Context, v invoice) (invoice, error) {
	if v.OfferID != "" || !b.cfg.Offers || len(v.Label) > len(labelPrefix) && v.Label[:len(labelPrefix)] == labelPrefix || !isHash(v.Hash) {
		return v, nil
	}
	var found invoices
	if err := b.quick(ctx, "listinvoices", map[string]any{"payment_hash": v.Hash}, &found); err != nil {
		return v, err
	}
	for _, other := range found.Invoices {
		if other.Hash == v.Hash {
			v.OfferID = other.OfferID
		}
	}
	return v, nil
}
