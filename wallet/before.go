package wallet

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"

	"mintmark/wallet/mintclient"
)

// A call can have a name: repeated under it, the call finds what it has started
// before, in place of doing it twice. What it asks for goes along, so that another
// call which is given the same name by mistake is not taken for a repetition.

// ErrOtherCall: a name was given to a call before that has asked for something else.
var ErrOtherCall = errors.New("this name was given to something else before")

// Repeated finds the operation that an earlier call of this name has started.
// ErrOtherCall: that call was another one. Args is what is asked for, in any words of
// the caller's that are the same each time; empty is not compared.
func (w *Wallet) Repeated(ctx context.Context, key, args string, kind Kind) (id uuid.UUID, found bool, err error) {
	if key == "" {
		return id, false, nil
	}
	id, err = w.store.SagaByKey(ctx, key)
	if errors.Is(err, ErrNotFound) {
		return uuid.Nil, false, w.notAQuote(ctx, key, kind)
	}
	if err != nil {
		return id, false, err
	}
	known, err := w.store.KeyArgs(ctx, key)
	if err != nil {
		return id, false, err
	}
	if known != "" && args != "" && known != args {
		return id, true, &OperationError{ID: id, Err: ErrOtherCall}
	}
	was, err := w.kindOf(ctx, id)
	if err == nil && was != "" && was != kind {
		err = &OperationError{ID: id, Err: fmt.Errorf("%w: to a %s", ErrOtherCall, was)}
	}
	return id, true, err
}

// kindOf is the kind of an operation, finished or not; empty when nothing is left of
// it.
func (w *Wallet) kindOf(ctx context.Context, id uuid.UUID) (Kind, error) {
	s, err := w.store.Saga(ctx, id)
	if err == nil || !errors.Is(err, ErrNotFound) {
		return s.Kind, err
	}
	t, err := w.store.Transaction(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return "", nil
	}
	return t.Kind, err
}

var errFailedBefore = errors.New("an operation of this name has failed")

// before finds what a call with this name came to that was made earlier. found:
// there was one, and its end, or the error, is the answer to the new call. An
// operation that is still unfinished is ErrPending, with its id.
func (w *Wallet) before(ctx context.Context, key, args string, kind Kind) (t Transaction, found bool, err error) {
	id, found, err := w.Repeated(ctx, key, args, kind)
	if err != nil || !found {
		return t, found || err != nil, err
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
	case t.Status == StatusAbandoned:
		return Transaction{}, true, &OperationError{ID: id, Err: ErrAbandoned}
	case t.Status == StatusTakenBack: // the token is worth nothing
		return Transaction{}, true, &OperationError{ID: id, Err: ErrTakenBack}
	case t.Status == StatusFailed:
		return Transaction{}, true, &OperationError{ID: id, Err: errFailedBefore}
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
	return fmt.Errorf("%w: to a mint, of the quote %s", ErrOtherCall, q.ID)
}

// quotedBefore finds the quote that an earlier call of this name has asked for.
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
			err = &OperationError{ID: id, Err: ErrOtherCall}
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
		return Quote{}, false, fmt.Errorf("%w: to a mint of %d %s at %s", ErrOtherCall, q.Amount, q.Unit, q.MintURL)
	}
	return q, true, nil
}
