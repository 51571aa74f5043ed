package operator

import (
	"context"
	"errors"
	"fmt"

	"github.com/go-json-experiment/json"

	"mintmark/mint"
)

// errNoReason: what an operator decides by hand is kept for ever, with why.
var errNoReason = errors.New("say why: it is kept with the decision")

// maxReason is the longest reason.
const maxReason = 4096

func checkReason(why string) error {
	switch {
	case why == "":
		return errNoReason
	case len(why) > maxReason:
		return fmt.Errorf("the reason is longer than %d bytes", maxReason)
	}
	return nil
}

// Aside lists payments that a backend reported and that could not be taken in.
func (l *Local) Aside(ctx context.Context) ([]mint.SetAside, error) {
	return l.Store.PaymentsAside(ctx, mint.MaxAside)
}

// SettleAside forgets one that somebody has dealt with.
func (l *Local) SettleAside(ctx context.Context, p mint.SetAside, why string) error {
	if err := checkReason(why); err != nil {
		return err
	}
	evidence, err := json.Marshal(p)
	if err != nil {
		return fmt.Errorf("writing down a payment: %w", err)
	}
	return l.Store.Update(ctx, mint.Durable, func(tx mint.Tx) error {
		switch was, err := tx.TakePaymentBack(ctx, p); {
		case err != nil:
			return err
		case !was:
			return fmt.Errorf("a payment that was set aside: %w", mint.ErrNotFound)
		}
		return tx.AddDecision(ctx, mint.OperatorDecision{
			At: l.now(), About: "payment " + p.PaymentID, Decision: "settle", Why: why, Evidence: string(evidence),
		})
	})
}
