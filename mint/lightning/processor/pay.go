package processor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"google.golang.org/protobuf/encoding/protojson"

	"mintmark/mint/lightning"
	"mintmark/mint/lightning/journal"
	pb "mintmark/proto/cdk_payment_processor"
)

// maxProof is the most bytes of a proof.
const maxProof = 512

// SendPayment implements lightning.Payer. The attempt is in the journal before the
// processor hears of it.
func (b *Backend) SendPayment(ctx context.Context, p lightning.Payment) (lightning.Outgoing, error) {
	const doing = "pay"
	_, leave, err := b.life.Enter(ctx)
	if err != nil {
		return lightning.Outgoing{}, wrap(doing, err)
	}
	defer leave()
	out, err := b.send(ctx, p)
	return out, wrap(doing, err)
}

func (b *Backend) send(ctx context.Context, p lightning.Payment) (lightning.Outgoing, error) {
	a, err := b.journal.Attempt(ctx, p.ID)
	switch {
	case err == nil:
		return b.orders.Await(ctx, a)
	case !errors.Is(err, journal.ErrNotFound):
		return lightning.Outgoing{}, err
	}
	fresh, err := b.order(p)
	again := p.Recovered && p.Method == lightning.MethodBolt11 && !b.cfg.AtMostOnce
	if errors.Is(err, lightning.ErrRequestExpired) || err == nil && again {
		if doubt := b.idle(ctx, p); doubt != nil {
			return lightning.Outgoing{}, doubt
		}
	}
	if err != nil {
		return lightning.Outgoing{}, err
	}
	if err := b.there(ctx); err != nil {
		return lightning.Outgoing{}, err // not begun, and may be later
	}
	if a, err = b.orders.Begin(ctx, fresh); err != nil {
		return lightning.Outgoing{}, err
	}
	return b.orders.Await(ctx, a)
}

// idle fails unless the processor says that it neither pays nor has paid an invoice. An
// order that comes again, or when it is too late for one, may have been given before, and
// the journal lost since, or replaced by an older copy.
func (b *Backend) idle(ctx context.Context, p lightning.Payment) error {
	t, err := readTerms(p.Terms)
	if err != nil {
		return err
	}
	identifier, err := readIdentifier(t.Identifier)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	answer, err := b.rpc.CheckOutgoingPayment(ctx, &pb.CheckOutgoingPaymentRequest{RequestIdentifier: identifier})
	if err != nil {
		return failed(err)
	}
	switch answer.GetStatus() {
	case pb.QuoteState_QUOTE_STATE_UNKNOWN, pb.QuoteState_QUOTE_STATE_UNPAID, pb.QuoteState_QUOTE_STATE_FAILED:
		return nil
	}
	return errors.New("the payment processor pays, or has paid, what the journal does not know: it is for the operator to decide")
}

// Order implements journal.Node.
func (b *Backend) Order(ctx context.Context, a journal.Attempt) {
	var order pb.MakePaymentRequest
	if err := protojson.Unmarshal([]byte(a.Said), &order); err != nil {
		b.log.Error("an order to pay cannot be read from the journal", "attempt", a.ID, "error", err)
		return
	}
	answer, err := b.rpc.MakePayment(ctx, &order)
	if err != nil {
		b.log.Warn("an order to pay was not answered, it may have been carried out", "attempt", a.ID, "error", failed(err))
		return
	}
	noteCtx, stop := context.WithTimeout(context.WithoutCancel(ctx), b.cfg.Deadline)
	defer stop()
	if err := b.heard(noteCtx, a, answer); err != nil {
		b.log.Error("the answer to an order to pay is lost", "attempt", a.ID, "error", err)
	}
}

// heard writes down the answer to an order.
func (b *Backend) heard(ctx context.Context, a journal.Attempt, answer *pb.MakePaymentResponse) error {
	if p := answer.GetPaymentIdentifier(); p != nil {
		switch identifier, err := writeIdentifier(p); {
		case err != nil:
			b.log.Error("the payment processor names a payment that it has no name for", "attempt", a.ID, "error", err)
		case isHash(a.Debt) && isHash(identifier) && identifier != a.Debt:
			b.log.Error("the payment processor answers for another payment hash, which is not believed", "attempt", a.ID)
			return b.journal.Answer(ctx, a.ID, journal.Silent, a.Identifier)
		default:
			a.Identifier = identifier
		}
	}
	if err := b.journal.Answer(ctx, a.ID, answered(answer.GetStatus()), a.Identifier); err != nil {
		return err
	}
	if answer.GetStatus() != pb.QuoteState_QUOTE_STATE_PAID {
		return nil
	}
	_, err := b.endPaid(ctx, a, answer)
	return err
}

// heardPaid takes an event about a payment that was made. Only one that an open attempt
// waits for is believed.
func (b *Backend) heardPaid(ctx context.Context, e *pb.PaymentSuccessfulResponse) error {
	defer b.orders.TellNews()
	if len(e.GetQuoteId()) > maxID || e.GetDetails().GetStatus() != pb.QuoteState_QUOTE_STATE_PAID {
		return nil
	}
	open, err := b.journal.OpenAttempts(ctx, e.GetQuoteId())
	if err != nil || len(open) == 0 {
		return err
	}
	return b.heard(ctx, open[0], e.GetDetails())
}

// endPaid writes down that a payment was made. If the processor does not say what it
// cost, nothing is written, and somebody has to look.
func (b *Backend) endPaid(ctx context.Context, a journal.Attempt, answer *pb.MakePaymentResponse) (journal.Attempt, error) {
	spent, err := readAmount(answer.GetTotalSpent(), a.Unit, true)
	if err != nil {
		b.log.Error("the payment processor says that it made a payment and does not say what it cost; it stays pending until it does, or the operator decides",
			"attempt", a.ID, "error", err)
		return a, b.journal.Answer(ctx, a.ID, journal.Claimed, a.Identifier)
	}
	if most := a.Amount + a.MaxFee; spent > most {
		b.log.Error("a payment cost more than it was allowed to", "attempt", a.ID, "spent", uint64(spent), "allowed", uint64(most))
		spent = most
	}
	return b.journal.End(ctx, a.ID, lightning.Outgoing{
		State: lightning.PaymentPaid, Spent: max(spent, a.Amount), Proof: b.proof(a, answer.GetPaymentProof()),
	})
}

// proof is what proves a payment. A preimage that is none proves nothing and is left
// out.
func (b *Backend) proof(a journal.Attempt, text string) string {
	if text == "" {
		return ""
	}
	good := len(text) <= maxProof && printable(text)
	if a.Method == lightning.MethodBolt11 {
		raw, err := hex.DecodeString(text)
		sum := sha256.Sum256(raw)
		good = err == nil && len(raw) == len(sum) && hex.EncodeToString(sum[:]) == a.Debt
	}
	if !good {
		b.log.Warn("the payment processor proves a payment with what proves nothing", "attempt", a.ID)
		return ""
	}
	return text
}

// CheckPayment implements lightning.Payer.
func (b *Backend) CheckPayment(ctx context.Context, method, id string) (lightning.Outgoing, error) {
	const doing = "check a payment"
	_, leave, err := b.life.Enter(ctx)
	if err != nil {
		return lightning.Outgoing{}, wrap(doing, err)
	}
	defer leave()
	out, err := b.orders.Check(ctx, method, id)
	return out, wrap(doing, err)
}

// Look implements journal.Node.
func (b *Backend) Look(ctx context.Context, a journal.Attempt, running func() bool) (journal.Attempt, bool, error) {
	text := a.Identifier
	if text == "" {
		text = quoteIdentifier(a.Quote)
	}
	identifier, err := readIdentifier(text)
	if err != nil {
		return a, false, err
	}
	callCtx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	before := running()
	answer, err := b.rpc.CheckOutgoingPayment(callCtx, &pb.CheckOutgoingPaymentRequest{RequestIdentifier: identifier})
	if err != nil {
		return a, false, failed(err)
	}
	said := answer.GetStatus()
	if p := answer.GetPaymentIdentifier(); p != nil {
		if other, err := writeIdentifier(p); err == nil && isHash(text) && isHash(other) && other != text {
			return a, false, fmt.Errorf("%w: it was asked for one payment and tells of another", errAnswer)
		}
	}
	// The order may have been answered while the question was under way.
	fresh, err := b.journal.Attempt(ctx, a.ID)
	if err != nil || fresh.State != lightning.PaymentPending {
		return fresh, false, err
	}
	v := judge(evidence{
		attempt: fresh, part: fresh.Part, running: before || running(), said: said, atMostOnce: b.cfg.AtMostOnce,
		now: b.journal.Now(), soon: b.cfg.Doubt, long: 20 * b.cfg.Doubt,
	})
	if said == pb.QuoteState_QUOTE_STATE_FAILED && fresh.Answer == journal.Claimed {
		b.log.Error("the payment processor says that a payment failed of which it has said that it was made; it stays pending until the operator decides", "attempt", a.ID)
	}
	switch v {
	case isPaid:
		fresh, err = b.endPaid(ctx, fresh, answer)
	case isFailed:
		fresh, err = b.journal.End(ctx, a.ID, lightning.Outgoing{State: lightning.PaymentFailed})
	}
	return fresh, v == notOrdered, err
}
