package wallet

import (
	"context"
	"errors"
	"fmt"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
)

// A token in parts may have been received in part before. It can be given again: then
// the rest is tried, and all of it is told.

// partsRounds is how often the parts that are left are looked for: once is enough if
// no other process receives them too.
const partsRounds = 5

// receiveInParts receives those parts that this wallet has not received before, and
// tells what all of them have brought. What was refused before is tried again.
func (w *Wallet) receiveInParts(ctx context.Context, m Mint, whole Secret, parts []receivePart, key string) (got Received, err error) {
	for range partsRounds {
		var left []receivePart
		var failed []error
		if got, left, failed, err = w.partsLeft(ctx, parts); err != nil {
			return got, err
		}
		if len(left) > 0 {
			runs, err := w.startParts(ctx, m, left, key)
			if _, again := errors.AsType[*againError](err); again {
				continue
			}
			if err != nil {
				return got, errors.Join(append(failed, err)...)
			}
			crashpoint.Here(crashPoint(KindReceive, "reserved"))
			now, err := performParts(ctx, runs, left)
			if err != nil {
				failed = append(failed, err)
			}
			if got, err = got.and(now.Amount, now.Fee); err != nil {
				failed = append(failed, err)
			}
		}
		got.Before = len(left) == 0 && len(failed) == 0
		return got, errors.Join(append(failed, w.dividedInInbox(ctx, whole, parts))...)
	}
	return got, fmt.Errorf("%w: %w", ErrPending, errReceiving)
}

// partsLeft are the parts that this wallet does not have; got is what the others have
// brought, and failed tells of those that another operation is receiving.
func (w *Wallet) partsLeft(ctx context.Context, parts []receivePart) (got Received, left []receivePart, failed []error, err error) {
	got = parts[0].got
	got.Amount, got.Fee = 0, 0
	for _, p := range parts {
		t, err := w.store.TokenReceived(ctx, p.token)
		switch {
		case errors.Is(err, ErrNotFound):
			left = append(left, p)
		case err != nil:
			return got, nil, nil, err
		case t.Status != StatusCompleted:
			failed = append(failed, &OperationError{ID: t.Operation, Err: fmt.Errorf("%w: %w", ErrPending, errReceiving)})
		default:
			if got, err = got.and(t.Amount, t.Fee); err != nil {
				return got, nil, nil, err
			}
		}
	}
	return got, left, failed, nil
}

// and adds what another part has brought.
func (g Received) and(amount, fee cashu.Amount) (Received, error) {
	sum, err := g.Amount.Add(amount)
	if err != nil {
		return g, err
	}
	fees, err := g.Fee.Add(fee)
	if err != nil {
		return g, err
	}
	g.Amount, g.Fee = sum, fees
	return g, nil
}

// dividedInInbox removes a token from the inbox of which each part is received, or on
// its way, or in the inbox by itself.
func (w *Wallet) dividedInInbox(ctx context.Context, whole Secret, parts []receivePart) error {
	return w.store.Update(ctx, func(tx Tx) error {
		items, err := tx.Inbox(ctx)
		if err != nil {
			return err
		}
		there := map[Secret]bool{}
		for _, i := range items {
			there[i.Token] = true
		}
		if !there[whole] {
			return nil
		}
		for _, p := range parts {
			if there[p.token] {
				continue
			}
			if _, err := tx.TokenReceived(ctx, p.token); errors.Is(err, ErrNotFound) {
				return nil // it was taken by somebody else: the whole token tells of it
			} else if err != nil {
				return err
			}
		}
		return outOfInbox(ctx, tx, whole)
	})
}
