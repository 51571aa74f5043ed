package processor

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"time"

	"google.golang.org/protobuf/encoding/protojson"

	"mintmark/cashu"
	"mintmark/mint/lightning"
	"mintmark/mint/lightning/bolt11"
	"mintmark/mint/lightning/journal"
	pb "mintmark/proto/cdk_payment_processor"
)

const (
	// lookSoon and lookSeldom bound the pauses between two questions about a payment
	// that somebody waits for.
	lookSoon   = 100 * time.Millisecond
	lookSeldom = 5 * time.Second
	// maxProof is the most bytes of a proof.
	maxProof = 512
)

// SendPayment implements lightning.Payer. The attempt is in the journal before the
// processor hears of it.
func (b *Backend) SendPayment(ctx context.Context, p lightning.Payment) (lightning.Outgoing, error) {
	const doing = "pay"
	if err := b.enter(&b.working); err != nil {
		return lightning.Outgoing{}, wrap(doing, err)
	}
	defer b.working.Done()
	out, err := b.send(ctx, p)
	return out, wrap(doing, err)
}

func (b *Backend) send(ctx context.Context, p lightning.Payment) (lightning.Outgoing, error) {
	a, err := b.journal.Attempt(ctx, p.ID)
	known := err == nil
	switch {
	case known && a.State != lightning.PaymentPending:
		return a.Outgoing(), nil
	case !known && !errors.Is(err, journal.ErrNotFound):
		return lightning.Outgoing{}, err
	}
	if known {
		return b.await(ctx, a)
	}
	fresh, err := b.order(p)
	if err != nil {
		return lightning.Outgoing{}, err
	}
	if err := b.there(ctx); err != nil {
		return lightning.Outgoing{}, err // not begun, and may be later
	}
	a, isNew, err := b.journal.Begin(ctx, fresh)
	switch {
	case errors.Is(err, journal.ErrDuplicate):
		return lightning.Outgoing{}, fmt.Errorf("%w: another attempt pays this, or has paid it", lightning.ErrRefused)
	case err != nil:
		return lightning.Outgoing{}, err
	}
	if isNew {
		b.give(a)
	}
	return b.await(ctx, a)
}

// order is what the processor is told, as it is written down before. Its errors are
// lightning.ErrRefused, for nothing was begun, but when nobody knows the processor.
func (b *Backend) order(p lightning.Payment) (journal.Attempt, error) {
	t, err := readTerms(p.Terms)
	if err == nil && (p.ID == "" || len(p.ID) > maxID || p.Amount == 0) {
		err = errTerms
	}
	if err == nil {
		_, err = b.payable(p.Method, p.Unit)
	}
	var total cashu.Amount
	if err == nil {
		total, err = p.Amount.Add(p.MaxFee)
	}
	if err == nil {
		_, err = readAmount(writeAmount(total, p.Unit), p.Unit, true)
	}
	debt := t.Identifier
	if err == nil && p.Method == lightning.MethodBolt11 {
		var invoice bolt11.Invoice
		p.Request, invoice, err = b.readInvoice(p.Request)
		debt = hashIdentifier(invoice.PaymentHash)
	}
	switch {
	case errors.Is(err, errNotThere):
		return journal.Attempt{}, err
	case err != nil:
		return journal.Attempt{}, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
	}
	said, err := protojson.Marshal(writeOrder(p, t))
	if err != nil {
		return journal.Attempt{}, fmt.Errorf("%w: %w", lightning.ErrRefused, err)
	}
	a := journal.Attempt{
		ID: p.ID, Method: p.Method, Unit: p.Unit, Amount: p.Amount, MaxFee: p.MaxFee,
		Debt: debt, Identifier: t.Identifier, Quote: t.Quote, Said: string(said), Part: t.PartMsat != 0,
	}
	if a.Debt == "" {
		a.Debt = quoteIdentifier(t.Quote)
	}
	return a, nil
}

func writeOrder(p lightning.Payment, t terms) *pb.MakePaymentRequest {
	fee, melt := writeAmount(p.MaxFee, p.Unit), meltOptions(t)
	variant := &pb.OutgoingPaymentVariant{}
	switch p.Method {
	case lightning.MethodBolt11:
		variant.Options = &pb.OutgoingPaymentVariant_Bolt11{Bolt11: &pb.Bolt11OutgoingPaymentOptions{
			Bolt11: p.Request, MaxFeeAmount: fee, MeltOptions: melt, QuoteId: t.Quote,
		}}
	case lightning.MethodBolt12:
		variant.Options = &pb.OutgoingPaymentVariant_Bolt12{Bolt12: &pb.Bolt12OutgoingPaymentOptions{
			Offer: p.Request, MaxFeeAmount: fee, MeltOptions: melt, QuoteId: t.Quote,
		}}
	case lightning.MethodOnchain:
		variant.Options = &pb.OutgoingPaymentVariant_Onchain{Onchain: &pb.OnchainOutgoingPaymentOptions{
			Address: p.Request, Amount: writeAmount(p.Amount, p.Unit), MaxFeeAmount: fee, QuoteId: t.Quote, FeeIndex: &p.FeeIndex,
		}}
	default:
		variant.Options = &pb.OutgoingPaymentVariant_Custom{Custom: &pb.CustomOutgoingPaymentOptions{
			Offer: p.Request, Amount: writeAmount(p.Amount, p.Unit), MaxFeeAmount: fee, MeltOptions: melt, QuoteId: t.Quote,
		}}
	}
	return &pb.MakePaymentRequest{PaymentOptions: variant, Unit: string(p.Unit)}
}

// give gives the order, once, and does not wait for the answer. It goes on when the
// caller of SendPayment has left: a processor may give up a payment half way when the
// order is taken back.
func (b *Backend) give(a journal.Attempt) {
	var order pb.MakePaymentRequest
	if err := protojson.Unmarshal([]byte(a.Said), &order); err != nil {
		b.log.Error("an order to pay cannot be read from the journal", "attempt", a.ID, "error", err)
		return
	}
	b.mu.Lock()
	if _, running := b.running[a.ID]; running || b.closed {
		b.mu.Unlock()
		return
	}
	done := make(chan struct{})
	b.running[a.ID] = done
	b.paying.Add(1)
	b.mu.Unlock()
	go func() {
		defer b.paying.Done()
		defer func() {
			b.mu.Lock()
			delete(b.running, a.ID)
			b.mu.Unlock()
			close(done)
		}()
		ctx, cancel := context.WithTimeout(b.orders, b.cfg.PayDeadline)
		defer cancel()
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
	}()
}

// giveAgain gives an order again of which the processor knows nothing. It has promised
// to pay at most once.
func (b *Backend) giveAgain(a journal.Attempt) {
	b.log.Info("the payment processor does not know of a payment, ordering it again", "attempt", a.ID)
	b.give(a)
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
	defer b.tellNews()
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
		b.log.Error("the payment processor made a payment and does not say what it cost", "attempt", a.ID, "error", err)
		return a, nil
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
	if err := b.enter(&b.working); err != nil {
		return lightning.Outgoing{}, wrap(doing, err)
	}
	defer b.working.Done()
	a, err := b.journal.Attempt(ctx, id)
	switch {
	case errors.Is(err, journal.ErrNotFound) || err == nil && a.Method != method:
		return lightning.Outgoing{}, nil // what is not in the journal was never begun
	case err != nil:
		return lightning.Outgoing{}, wrap(doing, err)
	case a.State != lightning.PaymentPending:
		return a.Outgoing(), nil
	}
	a, v, err := b.look(ctx, a)
	switch {
	case err != nil:
		return lightning.Outgoing{}, wrap(doing, err)
	case v == notOrdered:
		b.giveAgain(a)
	}
	return a.Outgoing(), nil
}

// look asks the processor what became of an attempt that is open, and writes down what
// is sure.
func (b *Backend) look(ctx context.Context, a journal.Attempt) (journal.Attempt, verdict, error) {
	text := a.Identifier
	if text == "" {
		text = quoteIdentifier(a.Quote)
	}
	identifier, err := readIdentifier(text)
	if err != nil {
		return a, undecided, err
	}
	callCtx, cancel := context.WithTimeout(ctx, b.cfg.Deadline)
	defer cancel()
	running := b.orderOf(a.ID) != nil
	answer, err := b.rpc.CheckOutgoingPayment(callCtx, &pb.CheckOutgoingPaymentRequest{RequestIdentifier: identifier})
	if err != nil {
		return a, undecided, failed(err)
	}
	said := answer.GetStatus()
	if p := answer.GetPaymentIdentifier(); p != nil {
		if other, err := writeIdentifier(p); err == nil && isHash(text) && isHash(other) && other != text {
			return a, undecided, fmt.Errorf("%w: it was asked for one payment and tells of another", errAnswer)
		}
	}
	// The order may have been answered while the question was under way.
	fresh, err := b.journal.Attempt(ctx, a.ID)
	if err != nil || fresh.State != lightning.PaymentPending {
		return fresh, undecided, err
	}
	v := judge(evidence{
		attempt: fresh, part: fresh.Part, running: running || b.orderOf(a.ID) != nil, said: said, atMostOnce: b.cfg.AtMostOnce,
		now: b.journal.Now(), soon: b.cfg.Doubt, long: 20 * b.cfg.Doubt,
	})
	switch v {
	case isPaid:
		fresh, err = b.endPaid(ctx, fresh, answer)
	case isFailed:
		fresh, err = b.journal.End(ctx, a.ID, lightning.Outgoing{State: lightning.PaymentFailed})
	}
	return fresh, v, err
}

// await waits for the end of an attempt. Where the processor knows nothing of it and
// promises to pay at most once, it is ordered again.
func (b *Backend) await(ctx context.Context, a journal.Attempt) (lightning.Outgoing, error) {
	pause := lookSoon
	for {
		news, answer, again := b.nextNews(), b.orderOf(a.ID), false
		if answer == nil {
			next, v, err := b.look(ctx, a)
			switch {
			case err != nil && ctx.Err() == nil:
				b.log.Warn("could not ask what became of a payment", "attempt", a.ID, "error", err)
			case err == nil && next.State != lightning.PaymentPending:
				return next.Outgoing(), nil
			}
			again = err == nil && v == notOrdered
		}
		timer := time.NewTimer(pause)
		select {
		case <-timer.C:
			pause = min(2*pause, lookSeldom)
			if again {
				b.giveAgain(a)
			}
		case <-answer: // nil blocks
		case <-news:
		case <-ctx.Done():
			timer.Stop()
			return pending(), nil
		case <-b.life.Done():
			timer.Stop()
			return lightning.Outgoing{}, lightning.ErrClosed
		}
		timer.Stop()
		if stored, err := b.journal.Attempt(ctx, a.ID); err == nil {
			if a = stored; a.State != lightning.PaymentPending {
				return a.Outgoing(), nil
			}
		}
	}
}

// orderOf is closed when the order of the attempt is answered; nil if none is open.
func (b *Backend) orderOf(id string) <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	if done, ok := b.running[id]; ok {
		return done
	}
	return nil
}

// nextNews is closed when a payment may have ended.
func (b *Backend) nextNews() <-chan struct{} {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.news
}

func (b *Backend) tellNews() {
	b.mu.Lock()
	defer b.mu.Unlock()
	close(b.news)
	b.news = make(chan struct{})
}
