package wallet

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/cashu"
)

// Transfer moves ecash from one mint to another over Lightning: the second mint's
// invoice is paid by the first. Each half is an operation of its own, so an
// interruption leaves either ecash at the first mint or a paid quote at the
// second, which Claim issues.
//
// Repeated under its name it goes on with what is left of it: from is not used then.
func (w *Wallet) Transfer(ctx context.Context, from, to string, unit cashu.Unit, amount cashu.Amount, o MeltOptions) (MeltResult, error) {
	if t, found, err := w.before(ctx, o.Key, o.Args, KindMelt); found {
		paid := MeltResult{Amount: t.Amount, Fee: t.Fee, Proof: string(t.Proof)}
		if err != nil {
			return paid, err
		}
		return w.secondHalf(ctx, to, t, paid, o)
	}
	in, err := w.CreateMintQuote(ctx, to, MintQuoteOptions{Unit: unit, Amount: amount})
	if err != nil {
		return MeltResult{}, err
	}
	out, err := w.CreateMeltQuote(ctx, from, MeltQuoteOptions{Unit: unit, Request: in.Request})
	if err != nil {
		return MeltResult{}, err
	}
	if out.Amount != amount {
		return MeltResult{}, fmt.Errorf("the first mint wants %d for an invoice over %d", out.Amount, amount)
	}
	if o.Agree != nil {
		if o.MaxFee, err = o.Agree(out); err != nil {
			return MeltResult{}, err
		}
	}
	paid, err := w.Melt(ctx, from, out.ID, o)
	if err != nil {
		return MeltResult{}, err
	}
	return paid, w.issueHalf(ctx, to, in.ID, o)
}

// ErrHalfway: a transfer has left the first mint, and the second has not issued it
// yet. Claim, or the same call under the same name, goes on with it.
var ErrHalfway = errors.New("it is paid, and the second mint has not issued it yet")

// secondHalf finds the quote that a payment has paid, and issues it.
func (w *Wallet) secondHalf(ctx context.Context, to string, t Transaction, paid MeltResult, o MeltOptions) (MeltResult, error) {
	c, err := w.client(to)
	if err != nil {
		return paid, err
	}
	quotes, err := w.store.Quotes(ctx)
	if err != nil {
		return paid, err
	}
	for _, q := range quotes {
		if q.Direction == QuoteMint && q.MintURL == c.URL() && q.Request == t.Request {
			return paid, w.issueHalf(ctx, to, q.ID, o)
		}
	}
	return paid, fmt.Errorf("%w: to a payment", ErrOtherCall)
}

// issueHalf waits until the second mint has seen the payment, and issues it.
func (w *Wallet) issueHalf(ctx context.Context, to, quote string, o MeltOptions) error {
	wait, cancel := context.WithTimeout(ctx, transferWait)
	defer cancel()
	if _, err := w.AwaitMintQuote(wait, to, quote, AwaitOptions{Poll: o.Poll}); err != nil && ctx.Err() == nil && wait.Err() == nil {
		return fmt.Errorf("%w: %w", ErrHalfway, err)
	}
	if _, err := w.Issue(ctx, to, quote, MintOptions{}); err != nil && !errors.Is(err, cashu.ErrQuoteIssued) {
		return fmt.Errorf("%w: %w", ErrHalfway, err)
	}
	return nil
}

// transferWait is how long after a payment the second mint may take to see it.
const transferWait = 30 * time.Second
