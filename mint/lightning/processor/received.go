package processor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
	pb "mintmark/proto/cdk_payment_processor"
)

// CheckIncoming implements lightning.Receiver.
func (b *Backend) CheckIncoming(ctx context.Context, method, lookupID string) ([]lightning.Incoming, error) {
	list, err := b.check(ctx, method, lookupID)
	return list, wrap("check a request", b.ended(err))
}

func (b *Backend) check(ctx context.Context, method, lookupID string) ([]lightning.Incoming, error) {
	row, err := b.journal.Request(ctx, method, lookupID)
	if errors.Is(err, journal.ErrNotFound) {
		row, err = b.adopt(ctx, method, lookupID)
	}
	if err != nil {
		return nil, err
	}
	if _, err := b.askFor(ctx, row); err != nil {
		return nil, err
	}
	return b.journal.Received(ctx, row)
}

// adopt takes a request into the journal that is not there, because the journal was
// lost or the program died just after the request was made. The mint knows its name,
// and the processor must know it too.
func (b *Backend) adopt(ctx context.Context, method, lookupID string) (row journal.Request, err error) {
	identifier, err := readIdentifier(lookupID)
	if err != nil {
		return row, lightning.ErrUnknownRequest
	}
	unit := b.known().unit
	if _, err := b.receivable(method, unit); err != nil {
		return row, lightning.ErrUnknownRequest
	}
	callCtx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	answer, err := b.rpc.CheckIncomingPayment(callCtx, &pb.CheckIncomingPaymentRequest{RequestIdentifier: identifier})
	if err != nil && gone(err) {
		return row, failed(err)
	}
	if err != nil || len(answer.GetPayments()) == 0 {
		return row, lightning.ErrUnknownRequest
	}
	now := b.journal.Now()
	row = journal.Request{
		Method: method, LookupID: lookupID, Identifier: lookupID, Unit: unit, Once: method == lightning.MethodBolt11, Created: now,
	}
	b.log.Warn("the journal has lost a request that was paid", "method", method)
	err = b.journal.AddRequest(ctx, row, now.Add(b.cfg.Ask))
	if errors.Is(err, journal.ErrDuplicate) {
		return row, lightning.ErrUnknownRequest // it is one of another method
	}
	return row, err
}

// askFor asks the processor for the payments of a request and writes down what is new.
// It tells whether the request is paid.
func (b *Backend) askFor(ctx context.Context, row journal.Request) (paid bool, err error) {
	identifier, err := readIdentifier(row.Identifier)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	answer, err := b.rpc.CheckIncomingPayment(ctx, &pb.CheckIncomingPaymentRequest{RequestIdentifier: identifier})
	if err != nil {
		return false, callError{err}
	}
	var list []lightning.Incoming
	for _, p := range answer.GetPayments() {
		in, err := b.received(row, p)
		if err != nil {
			b.sayUnbelieved(row, p, err)
			continue
		}
		list = append(list, in)
	}
	return len(list) > 0, b.take(ctx, list)
}

// take writes payments down and wakes the watcher.
func (b *Backend) take(ctx context.Context, list []lightning.Incoming) error {
	if len(list) == 0 {
		return nil
	}
	fresh, err := b.journal.Receive(ctx, list)
	if fresh > 0 {
		ring(b.wake)
	}
	if err != nil {
		for _, in := range list { // every time: nobody else may know of it
			b.log.Error("a payment that the payment processor reports could not be recorded; it has to be reported again",
				"method", in.Method, "request", in.LookupID, "payment", in.PaymentID, "unit", string(in.Unit), "amount", uint64(in.Amount), "error", err)
		}
	}
	return err
}

// sayUnbelieved tells of a payment of a request of ours that is not taken, every time: it
// may be somebody's money.
func (b *Backend) sayUnbelieved(row journal.Request, p *pb.WaitIncomingPaymentResponse, err error) {
	b.log.Error("the payment processor reports a payment that cannot be believed",
		"method", row.Method, "request", row.LookupID, "payment", clean(p.GetPaymentId()),
		"amount", p.GetPaymentAmount().GetValue(), "unit", clean(p.GetPaymentAmount().GetUnit()), "error", err)
}

// received reads one payment of a request of ours.
func (b *Backend) received(row journal.Request, p *pb.WaitIncomingPaymentResponse) (in lightning.Incoming, err error) {
	in = lightning.Incoming{Method: row.Method, LookupID: row.LookupID, Unit: row.Unit, At: b.journal.Now()}
	identifier, err := writeIdentifier(p.GetPaymentIdentifier())
	switch {
	case err != nil:
		return in, err
	case identifier != row.Identifier:
		return in, fmt.Errorf("%w: the payment is one of another request", errAnswer)
	}
	if in.Amount, err = readAmount(p.GetPaymentAmount(), row.Unit, false); err != nil {
		return in, err
	}
	if in.Amount == 0 {
		return in, fmt.Errorf("%w: a payment of nothing", errAnswer)
	}
	in.PaymentID, err = paymentID(row, p.GetPaymentId())
	return in, err
}

// paymentID names a payment for ever. What can be paid once has one payment, whatever
// the processor calls it; others are named by the request as well, so that two requests
// never share a payment.
func paymentID(row journal.Request, id string) (string, error) {
	if row.Once {
		return row.LookupID, nil
	}
	if id == "" {
		return "", fmt.Errorf("%w: a payment without a name", errAnswer)
	}
	if name := row.LookupID + "/" + id; len(name) <= maxID && printable(name) {
		return name, nil
	}
	sum := sha256.Sum256(fmt.Appendf(nil, "%d:%s/%s", len(row.LookupID), row.LookupID, id))
	return "sha256/" + hex.EncodeToString(sum[:]), nil
}

func printable(s string) bool {
	for _, c := range []byte(s) {
		if c < ' ' || c > '~' {
			return false
		}
	}
	return true
}

// callError is an error of the processor itself, still with its code.
type callError struct{ cause error }

func (e callError) Error() string { return failed(e.cause).Error() }
func (e callError) Unwrap() error { return e.cause }
