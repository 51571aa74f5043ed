package wallet

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"sync"
	"time"

	"mintmark/bdhke"
	"mintmark/cashu"
	"mintmark/cashu/paymentrequest"
)

// maxPayment is the most bytes of a posted payment that are read: more coins than
// anybody pays with.
const maxPayment = 4 << 20

// Collector takes the payments that are posted for one request (NUT-18). It is an
// http.Handler: what it answers with success has been received, or is written down
// and is gone on with. It trusts nobody who posts: a payment that is not what the
// request asks for is refused, and stays the payer's.
type Collector struct {
	wallet  *Wallet
	request paymentrequest.Request
	options ReceiveOptions
	paid    func(Received, error)

	one   sync.Mutex // payments are taken one after the other
	taken map[bdhke.Point]bool
}

// mismatch is how a payment differs from what was asked for.
type mismatch string

func (m mismatch) Error() string { return string(m) }

// Collect makes one. paid is called for each payment before it is answered, with
// what it brought; ErrPending: it is written down, and its mint has not said yet.
func (w *Wallet) Collect(r paymentrequest.Request, o ReceiveOptions, paid func(Received, error)) *Collector {
	return &Collector{wallet: w, request: r, options: o, paid: paid, taken: map[bdhke.Point]bool{}}
}

// ServeHTTP takes one payment. Wallets in browsers may post as well.
func (c *Collector) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	header := rw.Header()
	header.Set("Access-Control-Allow-Origin", "*")
	switch r.Method {
	case http.MethodOptions:
		header.Set("Access-Control-Allow-Methods", "POST")
		header.Set("Access-Control-Allow-Headers", "Content-Type")
		rw.WriteHeader(http.StatusNoContent)
		return
	case http.MethodPost:
	default:
		header.Set("Allow", "POST, OPTIONS")
		answer(rw, http.StatusMethodNotAllowed, "payments are posted")
		return
	}
	body, err := io.ReadAll(http.MaxBytesReader(rw, r.Body, maxPayment))
	if err != nil {
		answer(rw, http.StatusRequestEntityTooLarge, "the payment is too long, or was cut off")
		return
	}
	var p paymentrequest.Payload
	if err := cashu.Decode(body, &p); err != nil || len(p.Coins) == 0 {
		answer(rw, http.StatusBadRequest, "this is no payment")
		return
	}
	c.one.Lock()
	defer c.one.Unlock()
	// Whoever hangs up has paid all the same.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(r.Context()), collectTime)
	defer cancel()
	status, detail := c.take(ctx, p)
	answer(rw, status, detail)
}

// collectTime bounds one payment. Recovery goes on with what takes longer.
const collectTime = 2 * time.Minute

// take receives a payment. One that is posted twice is the same payment; coins that
// this wallet had from somewhere else already are none.
func (c *Collector) take(ctx context.Context, p paymentrequest.Payload) (status int, detail string) {
	y, err := p.Coins[0].Y()
	if err != nil {
		return http.StatusBadRequest, "this is no payment"
	}
	if c.taken[y] {
		return http.StatusOK, ""
	}
	got, err := c.wallet.ReceivePayload(ctx, c.request, p, c.options)
	switch {
	case got.Before, errors.Is(err, errReceiving):
		return http.StatusBadRequest, refusalFor(ErrTaken)
	case err == nil:
		status = http.StatusOK
	case c.wallet.mayGoOn(ctx, err):
		if status = http.StatusAccepted; !errors.Is(err, ErrPending) {
			err = fmt.Errorf("%w: %w", ErrPending, err)
		}
	case passing(err), errors.Is(err, ErrPending): // nothing is written down
		return http.StatusServiceUnavailable, "the mint of the coins cannot be asked just now"
	default:
		return http.StatusBadRequest, refusalFor(err)
	}
	c.taken[y] = true
	c.paid(got, err)
	return status, ""
}

// mayGoOn tells that the operation that an error is about is there still, or may be, or
// was ended by another process: what it has is not refused.
func (w *Wallet) mayGoOn(ctx context.Context, err error) bool {
	e, ok := errors.AsType[*OperationError](err)
	if !ok {
		return false
	}
	if errors.Is(err, ErrPending) || errors.Is(err, ErrTakenOver) {
		return true
	}
	_, err = w.store.Saga(ctx, e.ID)
	return !errors.Is(err, ErrNotFound)
}

// refusalFor is what a payer is told: which of the request's conditions is not met, and
// nothing about the wallet.
func refusalFor(err error) string {
	switch {
	case errors.Is(err, ErrUntrusted):
		return "ecash of this mint is not taken"
	case errors.Is(err, ErrTaken):
		return "the coins were spent before"
	}
	if m, ok := errors.AsType[mismatch](err); ok {
		return m.Error()
	}
	return "the payment cannot be taken"
}

func answer(rw http.ResponseWriter, status int, detail string) {
	body, err := cashu.Encode(struct {
		Detail string `json:"detail,omitzero"`
	}{detail})
	if err != nil {
		status = http.StatusInternalServerError
	}
	rw.Header().Set("Content-Type", "application/json")
	rw.WriteHeader(status)
	_, _ = rw.Write(body)
}
