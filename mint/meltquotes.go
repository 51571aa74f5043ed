package mint

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"

	"mintmark/cashu"
	"mintmark/internal/crashpoint"
	"mintmark/mint/lightning"
)

// maxPaymentRequest is the most bytes of what is to be paid.
const maxPaymentRequest = 8192

// Melted is a melt quote and the change that was signed for it.
type Melted struct {
	MeltQuote
	Signatures []cashu.BlindSignature
}

// CreateMeltQuote asks the method's backend what it costs to pay a request and
// offers to pay it (NUT-05, NUT-15, NUT-23). While an offer is valid no second one
// is made for the same request, so that it cannot be paid twice.
func (m *Mint) CreateMeltQuote(ctx context.Context, method string, req cashu.MeltQuoteRequest) (MeltQuote, error) {
	unit, err := cashu.ParseUnit(string(req.Unit))
	if err != nil {
		return MeltQuote{}, cashu.Errorf(cashu.CodeUnitUnsupported, "unit is not supported")
	}
	p, err := m.payerFor(method, unit)
	if err != nil {
		return MeltQuote{}, err
	}
	if !on(p.terms.Melt) {
		return MeltQuote{}, cashu.ErrMeltingDisabled
	}
	if err := p.checkRequest(req); err != nil {
		return MeltQuote{}, err
	}
	opCtx, done, err := m.begin(ctx)
	if err != nil {
		return MeltQuote{}, err
	}
	defer done()
	askCtx, cancel := context.WithTimeout(opCtx, backendTimeout)
	defer cancel()
	offer, err := p.QuotePayment(askCtx, lightning.PaymentRequest{
		Method: method, Request: req.Request, Unit: unit,
		AmountMsat: req.Options.AmountlessMsat, PartMsat: req.Options.PartMsat, Amount: req.Amount,
	})
	m.answered(p.name, err)
	if err != nil {
		return MeltQuote{}, fmt.Errorf("%w: %w", quoteError(err), err)
	}
	id, err := uuid.NewV7()
	if err != nil {
		return MeltQuote{}, fmt.Errorf("making a quote id: %w", err)
	}
	now := m.now()
	q := MeltQuote{
		ID: id.String(), Method: method, Unit: unit, Request: req.Request, LookupID: offer.LookupID, Terms: offer.Terms, Backend: p.name,
		Amount: offer.Amount, FeeReserve: p.terms.reserve(offer.Amount, offer.FeeReserve), Expiry: now.Add(m.cfg.MeltQuoteTTL).Truncate(time.Second), Options: offer.Options,
		Created: now, Updated: now,
	}
	if !offer.Expiry.IsZero() && offer.Expiry.Before(q.Expiry) {
		q.Expiry = offer.Expiry
	}
	if err := m.quoteWithin(opCtx, &q); err != nil {
		return MeltQuote{}, err
	}
	if err := p.checkAmount(q.Amount); err != nil {
		return MeltQuote{}, err
	}
	if err := q.checkFees(); err != nil {
		return MeltQuote{}, err
	}
	err = m.store.Update(opCtx, Durable, func(tx Tx) error { return tx.AddMeltQuote(opCtx, q) })
	switch {
	case errors.Is(err, ErrRequestPaid):
		return MeltQuote{}, cashu.ErrInvoicePaid
	case errors.Is(err, ErrRequestPending):
		return MeltQuote{}, cashu.Errorf(cashu.CodeQuotePending, "this request is being paid")
	case errors.Is(err, ErrRequestQuoted):
		return MeltQuote{}, quotedError(err)
	case err != nil:
		return MeltQuote{}, fmt.Errorf("storing a melt quote: %w", err)
	}
	crashpoint.Here(crashMeltQuoted)
	return q, nil
}

// quotedError tells until when another quote stands in the way. Whoever lost the
// answer to his own request can do nothing but wait: the quote is worth something to
// him alone, but nobody can tell that he is the one who made it.
func quotedError(err error) error {
	var other RequestQuoted
	if !errors.As(err, &other) {
		return cashu.Errorf(cashu.CodeQuotePending, "another quote for this request is still valid")
	}
	return cashu.Errorf(cashu.CodeQuotePending, "another quote for this request is valid until %s", other.Until.UTC().Format(time.RFC3339))
}

// checkFees refuses an offer that nobody could pay, or choose.
func (q MeltQuote) checkFees() error {
	reserves := []cashu.Amount{q.FeeReserve}
	seen := map[uint32]bool{}
	for _, o := range q.Options {
		if seen[o.Index] || len(q.Options) > maxFeeOptions {
			return errors.New("the payment backend offers fees that cannot be told apart")
		}
		seen[o.Index] = true
		reserves = append(reserves, o.Reserve)
	}
	for _, reserve := range reserves {
		if _, err := q.Amount.Add(reserve); err != nil {
			return cashu.ErrAmountOutOfRange
		}
	}
	return nil
}

// maxFeeOptions is the most that a wallet can choose from.
const maxFeeOptions = 16

// checkRequest refuses what this backend would refuse, before it is asked.
func (p payer) checkRequest(req cashu.MeltQuoteRequest) error {
	switch o := req.Options; {
	case len(req.Request) > maxPaymentRequest:
		return cashu.Errorf(cashu.CodeTooLarge, "request is longer than %d bytes", maxPaymentRequest)
	case rulesOf(p.settings.Method).noAmount && req.Amount == 0:
		return cashu.Errorf(cashu.CodeAmountOutOfRange, "amount must not be zero")
	case o.PartMsat != 0 && o.AmountlessMsat != 0:
		return cashu.Errorf(cashu.CodeMalformed, "mpp and amountless exclude each other")
	case o.PartMsat != 0 && !p.settings.MultiPath:
		return cashu.Errorf(cashu.CodeMalformed, "paying a part of a request is not supported")
	case o.AmountlessMsat != 0 && !p.settings.Amountless:
		return cashu.ErrAmountlessInvoice
	}
	return nil
}

// quoteWithin looks whether a mint quote of this mint asks for the payment. Then
// nothing leaves the mint, so nothing is reserved for fees, and the amount is what
// that quote says, whatever rounding made of it.
func (m *Mint) quoteWithin(ctx context.Context, q *MeltQuote) error {
	if q.LookupID == "" {
		return nil
	}
	payee, err := m.store.MintQuoteByLookup(ctx, q.Method, q.LookupID)
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return fmt.Errorf("looking for the payee: %w", err)
	case payee.Unit != q.Unit:
		return cashu.Errorf(cashu.CodeUnitMismatch, "the request is one of this mint, in another unit")
	case payee.AmountPaid > 0:
		return cashu.ErrInvoicePaid
	}
	q.FeeReserve = 0
	if payee.Amount != 0 {
		q.Amount = payee.Amount
	}
	return nil
}

// MeltQuote reads a quote, with its change once it is paid (NUT-05, NUT-08). It
// never waits for a payment: while one is under way and nobody here waits for it,
// somebody is sent to look, at most once per PollInterval on all replicas together.
func (m *Mint) MeltQuote(ctx context.Context, method, id string) (Melted, error) {
	q, err := m.findMelt(ctx, method, id)
	if err != nil {
		return Melted{}, err
	}
	if q.State == MeltPending || q.State == MeltSettled {
		m.lookAfter(ctx, q)
	}
	return m.withChange(ctx, q)
}

func (m *Mint) findMelt(ctx context.Context, method, id string) (MeltQuote, error) {
	q, err := m.store.MeltQuote(ctx, id) // of a method that was taken away, too
	none := errors.Is(err, ErrNotFound) || err == nil && q.Method != method
	switch {
	case none && !m.canPay(method):
		return q, cashu.ErrUnknownMethod
	case none:
		return q, cashu.Errorf(cashu.CodeUnknownQuote, "quote is unknown")
	case err != nil:
		return q, fmt.Errorf("reading a melt quote: %w", err)
	}
	return q, nil
}

// withChange reads the signatures of the change, which are the same for ever.
func (m *Mint) withChange(ctx context.Context, q MeltQuote) (Melted, error) {
	melted := Melted{MeltQuote: q}
	if len(q.Change) == 0 {
		return melted, nil
	}
	records, err := m.store.Signatures(ctx, q.Change)
	if err != nil {
		return Melted{}, fmt.Errorf("reading change: %w", err)
	}
	for _, r := range records {
		if !r.Signed || r.Operation != q.Operation {
			return Melted{}, errors.New("reading change: a signature of a paid quote is missing")
		}
		melted.Signatures = append(melted.Signatures, r.Signature)
	}
	return melted, nil
}

// lookAfter recovers the saga of a quote that nobody works on. The caller does
// not wait for it.
func (m *Mint) lookAfter(ctx context.Context, q MeltQuote) {
	if m.holds(q.Operation) {
		return
	}
	var claimed bool
	err := m.store.Update(ctx, Deferred, func(tx Tx) (err error) {
		claimed, err = tx.ClaimMeltPoll(ctx, q.ID, m.now(), m.cfg.PollInterval)
		return err
	})
	if err != nil || !claimed {
		return
	}
	opCtx, done, err := m.beginFor(context.WithoutCancel(ctx), m.meltTimeout())
	if err != nil {
		return
	}
	go func() {
		defer done()
		saga, err := m.store.Saga(opCtx, q.Operation)
		if err == nil {
			_, err = m.recoverSaga(opCtx, &saga)
		}
		if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrSagaTaken) {
			m.log.Warn("could not look after a payment", "operation", saga.ID.String(), "error", err)
		}
	}()
}
