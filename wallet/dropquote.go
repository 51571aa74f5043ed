package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mintmark/wallet/mintclient"
)

// ErrQuoteGone: the mint says that it does not know a quote that it has made.
var ErrQuoteGone = errors.New("the mint does not know the quote any more")

// QuoteDropped is the state of a quote that its owner has given up. Asking the mint
// about it takes it up again, if the mint knows it.
const QuoteDropped = "DROPPED"

// unknownQuote marks the failure of a question about a quote that the mint does not know.
func unknownQuote(id string, err error) error {
	if !mintclient.UnknownQuote(err) {
		return err
	}
	return fmt.Errorf("%w: %s: %w", ErrQuoteGone, id, err)
}

// DropQuote gives a quote up: nothing asks about it any more. It stays where it is,
// with the key that it is locked to, and CheckMintQuote brings it back. agree is
// asked first where money may be lost, with the quote and why the mint could not be
// asked about it, if it could not; its error ends the call.
func (w *Wallet) DropQuote(ctx context.Context, d QuoteDirection, mintURL, id string, agree func(q Quote, asking error) error) error {
	q, err := w.store.Quote(ctx, d, mintURL, id)
	if err != nil {
		return err
	}
	if q.UsedBy != uuid.Nil {
		return &OperationError{ID: q.UsedBy, Err: errors.New("an operation uses the quote")}
	}
	if d == QuoteMint {
		asked, err := w.CheckMintQuote(ctx, mintURL, id)
		if err == nil {
			q = asked
		}
		// A mint that never saw a payment, and does not know what for, owes nothing.
		harmless := q.Open() == 0 && (err == nil || errors.Is(err, ErrQuoteGone))
		if !harmless && agree != nil {
			if err := agree(q, err); err != nil {
				return err
			}
		}
	}
	return w.store.Update(ctx, func(tx Tx) error {
		now, err := tx.Quote(ctx, d, mintURL, id)
		switch {
		case err != nil:
			return err
		case now.UsedBy != uuid.Nil || now.Version != q.Version:
			return ErrTakenOver
		}
		now.State = QuoteDropped
		return tx.UpdateQuote(ctx, now)
	})
}
