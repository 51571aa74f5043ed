package main

import (
	"context"
	"fmt"

	"mintmark/wallet"
)

// agreeAgain asks before something is paid again that can be, and refuses what cannot.
// --yes does not answer: a script that tries again would pay twice.
func (s *session) agreeAgain(ctx context.Context, invoice string, f *payFlags) error {
	before, err := s.wallet.Payments(ctx, f.method, invoice)
	if err != nil || len(before) == 0 || f.again && wallet.PayableAgain(f.method) {
		return err
	}
	last := before[len(before)-1]
	if !wallet.PayableAgain(f.method) {
		err := wallet.ErrBeingPaid
		if last.Status == wallet.StatusCompleted {
			err = wallet.ErrPaidAlready
		}
		return hint(&wallet.OperationError{ID: last.Operation, Err: err}, "\"wallet ops show %s\" tells what happened", last.Operation)
	}
	asking := *s.globals
	asking.yes = false
	question := fmt.Sprintf("This wallet has paid that before: %s on %s (%s). Pay it again?",
		formatAmount(last.Amount, last.Unit), moment(last.At), last.Status)
	if err := s.agree(ctx, &asking, "%s", question); err != nil {
		return hint(err, "--again pays it again without a question")
	}
	f.again = true
	return nil
}
