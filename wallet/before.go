package wallet

import (
	"context"
	"errors"
	"fmt"

	"mintmark/wallet/mintclient"
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
		err := w.notAQuote(ctx, key, kind)
		return t, err != nil, err
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

// notAQuote refuses a name under which a quote was asked for, for anything but its
// issue.
func (w *Wallet) notAQuote(ctx context.Context, key string, kind Kind) error {
	if kind == KindMint {
		return nil
	}
	q, err := w.store.QuoteByKey(ctx, key)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	}
	return fmt.Errorf("an operation of this name is a mint, of the quote %s", q.ID)
}

// quotedBefore finds the quote that an earlier call of this name has asked for. One
// over something else is not what is asked for now.
func (w *Wallet) quotedBefore(ctx context.Context, mintURL string, o MintQuoteOptions) (q Quote, found bool, err error) {
	if o.Key == "" {
		return q, false, nil
	}
	q, err = w.store.QuoteByKey(ctx, o.Key)
	if errors.Is(err, ErrNotFound) {
		id, err := w.store.SagaByKey(ctx, o.Key)
		if errors.Is(err, ErrNotFound) {
			return Quote{}, false, nil
		}
		if err == nil {
			err = &OperationError{ID: id, Err: errors.New("this name has another operation")}
		}
		return Quote{}, false, err
	}
	if err != nil {
		return q, false, err
	}
	base, err := mintclient.NormalURL(mintURL)
	if err != nil {
		return q, false, err
	}
	if o.Method == "" {
		o.Method = methodBolt11
	}
	if q.MintURL != base || q.Unit != o.Unit || o.Amount != 0 && q.Amount != o.Amount || q.Method != o.Method {
		return Quote{}, false, fmt.Errorf("an operation of this name is a mint of %d %s at %s", q.Amount, q.Unit, q.MintURL)
	}
	return q, true, nil
}
