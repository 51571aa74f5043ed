package wallet

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"mintmark/cashu"
	"mintmark/cashu/paymentrequest"
	"mintmark/cashu/token"
)

// PayRequestOptions is how a payment request is met.
type PayRequestOptions struct {
	// MintURL to pay from; empty = of those accepted that can afford it, the one
	// with the smallest balance.
	MintURL string
	// Amount where the request leaves it open.
	Amount cashu.Amount
	Memo   string
	MaxFee *cashu.Amount // see SendOptions
	// Key and Args are as in SendOptions; Args is at least the request itself.
	Key, Args string
}

// ErrNotDelivered: the token was made and did not reach the payee. It can be handed
// over in another way, or taken back.
var ErrNotDelivered = errors.New("the payment was not delivered")

// PayRequest makes a token as a payment request asks for it (NUT-18), and delivers
// it by HTTP if the request has such a way. Else delivered is false, and the token
// is the caller's to hand over.
func (w *Wallet) PayRequest(ctx context.Context, r paymentrequest.Request, o PayRequestOptions) (sent Sent, delivered bool, err error) {
	amount := r.Amount
	switch {
	case amount == 0:
		amount = o.Amount
	case o.Amount != 0 && o.Amount != amount:
		return Sent{}, false, fmt.Errorf("the request is over %d, not %d", amount, o.Amount)
	}
	if amount == 0 {
		return Sent{}, false, errors.New("the request leaves the amount open: say how much")
	}
	unit := r.Unit
	if unit == "" {
		unit = cashu.UnitSat
	}
	args := o.Args
	if args == "" {
		if args, err = r.Encode(); err != nil {
			return Sent{}, false, err
		}
	}
	_, repeated, err := w.Repeated(ctx, o.Key, args, KindSend)
	if err != nil {
		return Sent{}, false, err
	}
	lock, err := requestedLock(r.Lock)
	if err != nil {
		return Sent{}, false, err
	}
	making := SendOptions{Amount: amount, Memo: o.Memo, Lock: lock, MaxFee: o.MaxFee, Key: o.Key, Args: args}
	mintURL := ""
	if !repeated { // the token is there, whatever is left
		if mintURL, err = w.payingMint(ctx, r, unit, making, o.MintURL); err != nil {
			return Sent{}, false, err
		}
	}
	sent, err = w.Send(ctx, mintURL, unit, making)
	if err != nil {
		return Sent{}, false, err
	}
	for _, way := range r.Transports {
		if way.Kind != paymentrequest.TransportPost {
			continue
		}
		if err := w.deliver(ctx, way.Target, r.ID, o.Memo, sent); err != nil {
			return sent, false, &OperationError{ID: sent.ID, Err: fmt.Errorf("%w: %w", ErrNotDelivered, err)}
		}
		return sent, true, nil
	}
	return sent, false, nil
}

// payingMint finds a mint that the payee accepts and that has enough.
func (w *Wallet) payingMint(ctx context.Context, r paymentrequest.Request, unit cashu.Unit, o SendOptions, wish string) (string, error) {
	if wish != "" {
		if !r.Accepts(wish) {
			return "", fmt.Errorf("the payee does not take coins of %s", wish)
		}
		return wish, nil
	}
	return w.SendingMint(ctx, unit, o, r.Accepts)
}

// deliver posts the coins of a token to the payee.
func (w *Wallet) deliver(ctx context.Context, target, id, memo string, sent Sent) error {
	s, err := w.store.Saga(ctx, sent.ID)
	if errors.Is(err, ErrNotFound) {
		_, err := w.sendEnded(ctx, sent.ID)
		return err // nil: an earlier call of this name has, and the payee has claimed it
	}
	if err != nil {
		return err
	}
	if s.State != SendTokenCreated {
		return errors.New("the token is being taken back")
	}
	d, ok := s.Data.(*SendData)
	if !ok {
		return errors.New("a send has other data")
	}
	body, err := cashu.Encode(paymentrequest.Payload{ID: id, Memo: memo, Mint: s.MintURL, Unit: s.Unit, Coins: d.Proofs})
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, target, bytes.NewReader(body))
	if err != nil {
		return errors.New("the payee's address makes no sense")
	}
	req.Header.Set("Content-Type", "application/json")
	client := http.Client{Transport: w.cfg.Transport, Timeout: time.Minute, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	resp, err := client.Do(req)
	if err != nil {
		return errors.New("the payee cannot be reached, or has not answered")
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16))
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("the payee answers with HTTP %d", resp.StatusCode)
	}
	return nil
}

// ReceivePayload takes a payment that came for a request, after checking it
// against the request: mint, unit, amount, lock (NUT-18). One that is refused stays the
// payer's, who will pay with it in another way: nothing of it is kept. One that is
// ErrPending, or whose operation is there still, is this wallet's.
func (w *Wallet) ReceivePayload(ctx context.Context, r paymentrequest.Request, p paymentrequest.Payload, o ReceiveOptions) (Received, error) {
	switch {
	case p.ID != r.ID:
		return Received{}, mismatch("the payment is for another request")
	case !r.Accepts(p.Mint):
		return Received{}, fmt.Errorf("%w: the request does not name %s", ErrUntrusted, p.Mint)
	case r.Unit != "" && p.Unit != r.Unit:
		return Received{}, mismatch(fmt.Sprintf("the payment is in %s, not in %s", p.Unit, r.Unit))
	}
	var sum cashu.Amount
	for _, c := range p.Coins {
		var err error
		if sum, err = sum.Add(c.Amount); err != nil {
			return Received{}, err
		}
		if err := checkRequestedLock(r.Lock, c); err != nil {
			return Received{}, mismatch(err.Error())
		}
	}
	if sum < r.Amount {
		return Received{}, mismatch(fmt.Sprintf("the payment is %d, and %d was asked for", sum, r.Amount))
	}
	o.theirs = true
	t, err := token.New(p.Mint, p.Unit, p.Memo, p.Coins)
	if err != nil {
		return Received{}, err
	}
	text, err := t.Encode()
	if err != nil {
		return Received{}, err
	}
	if len(r.Mints) > 0 {
		o.AnyMint = true // the request names it
	}
	return w.Receive(ctx, text, o)
}
