package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/wallet/mintclient"
)

// Waiting for what others do. A mint that has WebSockets (NUT-17) says when it is
// worth asking; one that has none, or is silent, is asked again and again. What
// counts is always the answer to a question.

// AwaitOptions is how something is waited for.
type AwaitOptions struct {
	// Poll is the first pause between two questions where the mint does not
	// report by itself, and grows to ten times as much; 0 = 500 ms.
	Poll time.Duration
	// Asked is called before each further question. nil = nobody.
	Asked func()
}

// pauses calls ask until it is done or has failed.
func (o AwaitOptions) pauses(ctx context.Context, news *mintclient.Watch, ask func() (done bool, err error)) error {
	if o.Poll == 0 {
		o.Poll = 500 * time.Millisecond
	}
	again := false
	return news.Until(ctx, o.Poll, func() (bool, error) {
		if again && o.Asked != nil {
			o.Asked()
		}
		again = true
		return ask()
	})
}

// watch listens for changes that the mint reports, if it says that it does.
func (w *Wallet) watch(m Mint, unit cashu.Unit, t mintclient.Topic) (*mintclient.Watch, error) {
	c, err := w.client(m.URL)
	if err != nil {
		return nil, err
	}
	if !m.Info.Subscribes(unit, t.Kind) {
		t.Filters = nil
	}
	return c.Watch(t), nil
}

// meltNews listens for the end of a payment.
func (r *run) meltNews(m Mint) (*mintclient.Watch, error) {
	d, _, err := r.meltData()
	if err != nil {
		return nil, err
	}
	return r.w.watch(m, r.s.Unit, mintclient.Topic{Kind: d.Method + "_melt_quote", Filters: []string{d.Quote}, Ignore: []string{"PENDING"}})
}

// AwaitMintQuote waits until there is something to issue on a quote, or it is
// issued. cashu.ErrQuoteExpired: nobody has paid it in time. While the mint cannot
// be asked it waits as well, until ctx ends.
func (w *Wallet) AwaitMintQuote(ctx context.Context, mintURL, id string, o AwaitOptions) (Quote, error) {
	m, err := w.Mint(ctx, mintURL)
	if err != nil {
		return Quote{}, err
	}
	q, err := w.store.Quote(ctx, QuoteMint, m.URL, id)
	if err != nil {
		return Quote{}, err
	}
	news, err := w.watch(m, q.Unit, mintclient.Topic{Kind: q.Method + "_mint_quote", Filters: []string{id}, Ignore: []string{"UNPAID"}})
	if err != nil {
		return Quote{}, err
	}
	defer news.Close()
	err = o.pauses(ctx, news, func() (bool, error) {
		asked, err := w.CheckMintQuote(ctx, m.URL, id)
		if err == nil {
			q = asked
		}
		switch {
		case err != nil && !passing(err):
			return false, err
		case q.Open() > 0 || q.State == "ISSUED":
			return true, nil
		case q.Expiry != 0 && w.now().Unix() > q.Expiry:
			return false, cashu.ErrQuoteExpired
		}
		return false, nil
	})
	return q, err
}

// passing tells that the answer may be another one soon, without our doing.
func passing(err error) bool {
	for _, e := range []error{mintclient.ErrNotSent, mintclient.ErrNoAnswer, cashu.ErrUnavailable, cashu.ErrRateLimited, ErrTakenOver} {
		if errors.Is(err, e) {
			return true
		}
	}
	return false
}

// AwaitSend waits until all coins of a token are claimed, and while the mint cannot
// be asked. The status is the last one known. ErrTakenBack: nobody can claim it any
// more.
func (w *Wallet) AwaitSend(ctx context.Context, id uuid.UUID, o AwaitOptions) (SendStatus, error) {
	s, err := w.store.Saga(ctx, id)
	if errors.Is(err, ErrNotFound) {
		return w.sendEnded(ctx, id)
	}
	if err != nil {
		return SendStatus{}, err
	}
	d, ok := s.Data.(*SendData)
	if !ok {
		return SendStatus{}, &OperationError{ID: id, Err: fmt.Errorf("the operation is a %s", s.Kind)}
	}
	m, err := w.Mint(ctx, s.MintURL)
	if err != nil {
		return SendStatus{}, err
	}
	t := mintclient.Topic{Kind: mintclient.ProofState, Ignore: []string{string(cashu.ProofUnspent), string(cashu.ProofPending)}}
	for _, p := range d.Proofs {
		y, err := p.Y()
		if err != nil {
			return SendStatus{}, err
		}
		t.Filters = append(t.Filters, y.String())
	}
	news, err := w.watch(m, s.Unit, t)
	if err != nil {
		return SendStatus{}, err
	}
	defer news.Close()
	var status SendStatus
	err = o.pauses(ctx, news, func() (bool, error) {
		now, err := w.CheckSend(ctx, id)
		back := err != nil && w.rollingBack(ctx, id)
		for n := 0; back && n < rollbackLooks; n++ { // it may come out again
			select {
			case <-ctx.Done():
				return false, ctx.Err()
			case <-time.After(rollbackPause):
			}
			now, err = w.CheckSend(ctx, id)
			back = err != nil && w.rollingBack(ctx, id)
		}
		switch {
		case back: // that was interrupted, or its mint is slow
			return false, nil
		case errors.Is(err, ErrNotFound): // another process has seen the end
			status, err = w.sendEnded(ctx, id)
			return err == nil, err
		case passing(err):
			return false, nil
		case err != nil:
			return false, err
		}
		status = now
		return status.Unclaimed == 0, nil
	})
	return status, err
}

// rollbackPause is between two looks at a token that is being taken back, and
// rollbackLooks is how many there are before it is waited for like all else: nobody may
// be at work on it.
const (
	rollbackPause = 200 * time.Millisecond
	rollbackLooks = 10
)

// rollingBack tells that a token is being taken back.
func (w *Wallet) rollingBack(ctx context.Context, id uuid.UUID) bool {
	s, err := w.store.Saga(ctx, id)
	return err == nil && s.State == SendRollingBack
}

// ErrTakenBack: a token was taken back by its sender.
var ErrTakenBack = errors.New("the token was taken back")

// sendEnded is what became of a token whose operation is over.
func (w *Wallet) sendEnded(ctx context.Context, id uuid.UUID) (SendStatus, error) {
	t, err := w.store.Transaction(ctx, id)
	switch {
	case err != nil:
		return SendStatus{}, err
	case t.Kind != KindSend:
		return SendStatus{}, &OperationError{ID: id, Err: fmt.Errorf("the operation is a %s", t.Kind)}
	case t.Status == StatusTakenBack:
		return SendStatus{}, &OperationError{ID: id, Err: ErrTakenBack}
	case t.Status == StatusAbandoned:
		return SendStatus{}, &OperationError{ID: id, Err: ErrAbandoned}
	}
	return SendStatus{Claimed: t.Amount}, nil
}
