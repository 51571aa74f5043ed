package processor

import (
	"context"
	"fmt"

	"mintmark/mint/lightning"
	pb "mintmark/proto/cdk_payment_processor"
)

var _ lightning.Witness = (*Backend)(nil)

// Evidence implements lightning.Witness: the journal, and the processor's word now.
func (b *Backend) Evidence(ctx context.Context, method, id string) ([]string, error) {
	const doing = "look at a payment"
	_, leave, err := b.life.Enter(ctx)
	if err != nil {
		return nil, wrap(doing, err)
	}
	defer leave()
	lines, a, err := b.journal.Evidence(ctx, method, id)
	if err != nil || a == nil {
		return lines, wrap(doing, err)
	}
	text := a.Identifier
	if text == "" {
		text = quoteIdentifier(a.Quote)
	}
	identifier, err := readIdentifier(text)
	if err != nil {
		return lines, wrap(doing, err)
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	answer, err := b.rpc.CheckOutgoingPayment(ctx, &pb.CheckOutgoingPaymentRequest{RequestIdentifier: identifier})
	if err != nil {
		return append(lines, fmt.Sprintf("the processor cannot be asked: %v", failed(err))), nil
	}
	spent := "does not say what it cost"
	if s := answer.GetTotalSpent(); s != nil {
		spent = fmt.Sprintf("says that it cost %d %s", s.GetValue(), clean(s.GetUnit()))
	}
	return append(lines, fmt.Sprintf("the processor says %s, and %s", clean(answer.GetStatus().String()), spent)), nil
}
