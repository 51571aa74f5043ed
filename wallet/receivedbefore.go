package wallet

import (
	"context"
	"errors"
	"fmt"
)

// A token that is given to the wallet a second time was not taken by somebody else.

// againError ends a receive of a token that this wallet has received, or is receiving.
type againError struct{ before Transaction }

func (e *againError) Error() string {
	return fmt.Sprintf("this wallet has the token already (operation %s)", e.before.Operation)
}

// errReceiving: another operation of this wallet is receiving the token.
var errReceiving = errors.New("this wallet is receiving the token")

// notAgain refuses a token that another operation of this wallet has.
func notAgain(ctx context.Context, reads HistoryReads, token Secret) error {
	t, err := reads.TokenReceived(ctx, token)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return &againError{t}
}

// again is the answer to a receive that ended with err: that of the earlier one, if
// there was one.
func (w *Wallet) again(ctx context.Context, token Secret, err error) (Received, error) {
	e, ok := errors.AsType[*againError](err)
	if !ok && errors.Is(err, ErrTaken) { // perhaps by a process that was as quick
		e, ok = errors.AsType[*againError](notAgain(ctx, w.store, token))
	}
	if !ok {
		return Received{}, err
	}
	t := e.before
	if t.Status != StatusCompleted {
		return Received{}, &OperationError{ID: t.Operation, Err: fmt.Errorf("%w: %w", ErrPending, errReceiving)}
	}
	return Received{Amount: t.Amount, Fee: t.Fee, Unit: t.Unit, MintURL: t.MintURL, Memo: t.Memo, Before: true}, nil
}

// outOfInbox removes a token from the inbox, since it is received.
func outOfInbox(ctx context.Context, tx Tx, token Secret) error {
	items, err := tx.Inbox(ctx)
	if err != nil {
		return err
	}
	for _, i := range items {
		if i.Token == token {
			if err := tx.RemoveInbox(ctx, i.ID); err != nil {
				return err
			}
		}
	}
	return nil
}
