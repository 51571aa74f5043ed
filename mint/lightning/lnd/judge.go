package lnd

import (
	"context"
	"fmt"
	"regexp"

	"mintmark/internal/crashpoint"
	"mintmark/mint/lightning"
)

// standing is what an answer of the node says about an attempt.
type standing uint8

const (
	// standsOpen: the node is at it, or has ended it; the row says how.
	standsOpen standing = iota
	// standsFree: the node was not told yet, and nothing stands in the way.
	standsFree
	// standsForeign: the node was not told yet, and pays, or has paid, this hash.
	standsForeign
	// standsMissing: the node was told, and does not know of it.
	standsMissing
	// standsLost: the node knew of it, and does not any more.
	standsLost
)

// judge decides what the node's payment of the hash is to the attempt. It is ours when
// the node was told to pay and the payment is another one than it had before that. A
// hash whose payment has failed can be paid again, and then the node puts a new payment
// in its place; so an older failure never speaks for a new attempt.
func judge(a attempt, p payment, found bool) standing {
	ours := found && a.orders > 0 && p.mark() != a.before
	over := !found || p.Status == statusFailed
	switch {
	case ours:
		return standsOpen
	case a.orders == 0 && over:
		return standsFree
	case a.orders == 0:
		return standsForeign
	case a.answered:
		return standsLost
	}
	return standsMissing
}

// take writes down what the node says of its payment, which is this attempt.
func (b *Backend) take(ctx context.Context, a *attempt, p payment) error {
	switch p.Status {
	case statusSucceeded:
		return b.paid(ctx, a, p)
	case statusFailed:
		return b.failed(ctx, a, p.Failure)
	}
	if a.answered {
		return nil
	}
	_, err := b.change(ctx, a, &stmtAnswered)
	return err
}

var isPreimage = regexp.MustCompile(`^[0-9a-f]{64}$`).MatchString

func (b *Backend) paid(ctx context.Context, a *attempt, p payment) error {
	if !isPreimage(p.Preimage) || p.Value > maxMsat || p.Fee > maxMsat {
		return fmt.Errorf("the node says that a payment was made, and nothing that proves it")
	}
	spent := b.spent(p, a.part)
	if spent == 0 {
		return fmt.Errorf("the node says that a payment was made, and not what it did cost")
	}
	_, err := b.change(ctx, a, &stmtEnd, int64(lightning.PaymentPaid), uint64(spent), p.Preimage)
	crashpoint.Here(crashEnded)
	return err
}

func (b *Backend) failed(ctx context.Context, a *attempt, reason string) error {
	changed, err := b.change(ctx, a, &stmtEnd, int64(lightning.PaymentFailed), uint64(0), "")
	if err == nil && changed {
		b.log.Info("a payment failed", "attempt", a.id, "reason", reason)
	}
	return err
}

// mayOrderAgain tells whether an order of which the node knows nothing can no longer
// arrive: the node has been answering for so long that it does not know.
func (b *Backend) mayOrderAgain(ctx context.Context, a *attempt) (bool, error) {
	now := b.cfg.Clock()
	if a.missing.IsZero() {
		b.log.Warn("an order to pay did not arrive at the node, or not yet", "attempt", a.id)
		_, err := b.change(ctx, a, &stmtMissing, milli(now))
		return false, err
	}
	return now.Sub(a.missing) >= b.cfg.Doubt, nil
}
