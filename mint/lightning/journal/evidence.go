package journal

import (
	"context"
	"errors"
	"fmt"
	"time"

	"mintmark/mint/lightning"
)

func (a Answer) String() string {
	switch a {
	case Silent:
		return "nothing that proves anything"
	case Begun:
		return "that it has begun"
	case Refused:
		return "that it has not paid"
	case Claimed:
		return "that it has paid, and not so that it could be believed"
	}
	return "unknown"
}

// Evidence is what the journal holds of an attempt, for human eyes, and the attempt, if
// it has not ended and the node should be asked.
func (j *Journal) Evidence(ctx context.Context, method, id string) (lines []string, open *Attempt, err error) {
	a, err := j.Attempt(ctx, id)
	switch {
	case errors.Is(err, ErrNotFound) || err == nil && a.Method != method:
		return []string{"the journal knows of no such attempt: the node was never told to pay, or the journal was lost"}, nil, nil
	case err != nil:
		return nil, nil, err
	}
	lines = append(lines, fmt.Sprintf("%s, asked for by %q; begun %s; the order was answered: %s",
		a.Debt, a.Identifier, a.Begun.UTC().Format(time.RFC3339), a.Answer))
	if a.Rival {
		lines = append(lines, "an earlier attempt at the same has failed")
	}
	if a.State != lightning.PaymentPending {
		return append(lines, fmt.Sprintf("it has ended: %s", a.State)), nil, nil
	}
	return lines, &a, nil
}
