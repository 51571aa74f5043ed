package operator

import (
	"cmp"
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

// SettleAside notes that somebody deals with one. It looks at the quote first, like whoever
// takes a payment in, so that neither waits for the other.
func (l *Local) SettleAside(ctx context.Context, p mint.SetAside, why string) error {
	if err := checkReason(why); err != nil {
		return err
	}
	return l.Store.Update(ctx, mint.Durable, func(tx mint.Tx) error {
		if _, err := tx.MintQuoteByLookup(ctx, p.Method, p.LookupID); err != nil && !errors.Is(err, mint.ErrNotFound) {
			return err
		}
		row, err := tx.PaymentAside(ctx, p)
		if err != nil {
			return err
		}
		if in, err := mint.InQuote(ctx, tx, row); err != nil || in {
			return cmp.Or(err, mint.ErrInQuote)
		}
		evidence, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("writing down a payment: %w", err)
		}
		row.Settled = l.now()
		switch was, err := tx.MarkAside(ctx, row); {
		case err != nil:
			return err
		case !was:
			return fmt.Errorf("a payment that is set aside and open: %w", mint.ErrNotFound)
		}
		return tx.AddDecision(ctx, mint.OperatorDecision{
			At: row.Settled, About: "payment " + row.PaymentID, Decision: "settle", Why: why, Evidence: string(evidence),
		})
	})
}
