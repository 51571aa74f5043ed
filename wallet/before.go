package wallet

import (
	"context"
	"errors"
	"fmt"
)

// before finds what a call with this name came to that was made earlier. found:
// there was one, and its end, or the error, is the answer to the new call. An
// operation that is still unfinished is ErrPending, with its id.
func (w *Wallet) before(ctx context.Context, key string, kind Kind) (t Transaction, found bool, err error) {
	if key == "" {
		return t, false, nil
	}
	id, err := w.store.SagaByKey(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return t, false, nil
	}
	if err != nil {
		return t, true, err
	}
	s, err := w.store.Saga(ctx, id)
	if err == nil {
		return t, true, &OperationError{ID: id, Err: fmt.Errorf("%w: an operation of this name is %s, %v", ErrPending, s.Kind, s.State)}
	}
	if !errors.Is(err, ErrNotFound) {
		return t, true, err
	}
	t, err = w.store.Transaction(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound):
		return t, true, &OperationError{ID: id, Err: errors.New("an operation of this name was given up")}
	case err != nil:
		return t, true, err
	case t.Kind != kind:
		return Transaction{}, true, &OperationError{ID: id, Err: fmt.Errorf("an operation of this name is a %s", t.Kind)}
	case t.Status == StatusAbandoned:
		return Transaction{}, true, &OperationError{ID: id, Err: ErrAbandoned}
	case t.Status == "failed" && kind != KindSend: // a token that was taken back is still that token
		return Transaction{}, true, &OperationError{ID: id, Err: errors.New("an operation of this name has failed")}
	}
	return t, true, nil
}
