package wallet

import (
	"context"
	"fmt"
	"time"

	"mintmark/cashu"
)

// Transfer moves ecash from one mint to another over Lightning: the second mint's
// invoice is paid by the first. Each half is an operation of its own, so an
// interruption leaves either ecash at the first mint or a paid quote at the
// second, which Claim issues.
func (w *Wallet) Transfer(ctx context.Context, from, to string, unit cashu.Unit, amount cashu.Amount, o MeltOptions) (MeltResult, error) {
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
	paid, err := w.Melt(ctx, from, out.ID, o)
	if err != nil {
		return MeltResult{}, err
	}
	wait, cancel := context.WithTimeout(ctx, transferWait)
	defer cancel()
	if _, err := w.AwaitMintQuote(wait, to, in.ID, AwaitOptions{Poll: o.Poll}); err != nil && ctx.Err() == nil && wait.Err() == nil {
		return paid, fmt.Errorf("it is paid, and the second mint has not issued it yet: %w", err)
	}
	if _, err := w.Issue(ctx, to, in.ID, MintOptions{}); err != nil {
		return paid, fmt.Errorf("it is paid, and the second mint has not issued it yet: %w", err)
	}
	return paid, nil
}

// transferWait is how long after a payment the second mint may take to see it.
const transferWait = 30 * time.Second
